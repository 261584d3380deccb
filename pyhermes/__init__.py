"""pyhermes stores and retrieves the runs of experiments: a readable directory is the store.

An experiment here is ONE run: what was executed, when, with which arguments, from which commit, its
logs, scores, checkpoints and results. `Experiment.load_all` loads a folder of them.
"""

from __future__ import annotations

import lazy_loader

__version__ = "0.1.0"

# the names in the stub beside this file, each imported when it is first used
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
