"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

RunName: TypeAlias = Annotated[
    str, Parameter(help="the path of a run, or the unique beginning of its identifier")
]
Root: TypeAlias = Annotated[Path | None, Parameter(help="the folder that holds <script>/<name>/<identifier>")]
Folder: TypeAlias = Annotated[Path | None, Parameter(help="a folder of runs (the project's by default)")]
Json: TypeAlias = Annotated[bool, Parameter(help="print JSON for scripts")]
