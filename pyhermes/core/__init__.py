"""The functional core: frozen records, and pure functions over them. Usable without the rest.

Text and bytes become records (`parse_info`, `decode_result`), functions turn records into others
(`filter_by_args`, `training_curve`), and a few functions go to the disk (`load_run`, `scan_runs`,
`load_result`, `save_result`).
"""

from __future__ import annotations

import lazy_loader

# the names in the stub beside this file, each imported when it is first used
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
