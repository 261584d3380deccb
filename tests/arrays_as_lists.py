"""Arrays as what can be compared at once."""

from __future__ import annotations

import numpy as np


def listed(value: object) -> object:
    """Arrays as what they hold and their dtypes, so that everything can be compared."""
    if isinstance(value, np.ndarray):
        return value.dtype.name, value.tolist()
    return [listed(item) for item in value] if isinstance(value, list) else value
