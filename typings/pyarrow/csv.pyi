from collections.abc import Mapping, Sequence
from typing import Literal

from pyarrow import Buffer, DataType, Table

class ReadOptions:
    def __init__(self, *, column_names: Sequence[str]) -> None: ...

class ParseOptions:
    def __init__(self, *, quote_char: Literal[False], ignore_empty_lines: bool) -> None: ...

class ConvertOptions:
    def __init__(
        self, *, column_types: Mapping[str, DataType], null_values: Sequence[str], strings_can_be_null: bool
    ) -> None: ...

def read_csv(
    input_file: Buffer,
    *,
    read_options: ReadOptions,
    parse_options: ParseOptions,
    convert_options: ConvertOptions,
) -> Table: ...
