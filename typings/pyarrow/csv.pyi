from collections.abc import Mapping, Sequence

from pyarrow import Buffer, DataType, Table

class ReadOptions:
    def __init__(self, *, column_names: Sequence[str]) -> None: ...

class ConvertOptions:
    def __init__(self, *, column_types: Mapping[str, DataType], null_values: Sequence[str]) -> None: ...

def read_csv(input_file: Buffer, *, read_options: ReadOptions, convert_options: ConvertOptions) -> Table: ...
