import numpy as np
from numpy.typing import NDArray

def smoothen(
    arr: NDArray[np.float64], window_size: int = 100
) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
def plot_training_progress_from_file(file: str, *, path: str | None = None) -> None: ...
