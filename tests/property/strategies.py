"""What the laws are tried on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from pyhermes.core import ResultValue

texts = st.text(st.characters(codec="utf-8"), max_size=30)
"""Any text that UTF-8 can encode."""

keys = texts.filter(lambda key: key and not set(key) & {":", "\n"} and key[0] not in "\t\ufeff")
values = texts.filter(lambda value: not (value + "\n").count("\r\n"))
fields = st.dictionaries(keys, values, max_size=5)

info_texts = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(["a:1", "start_time:x", "\t", "\tx", "", " ", ":", "x", "a:2\r", "\ufeff", "b"]),
        max_size=12,
    ).map("\n".join),
    st.lists(
        st.one_of(
            st.sampled_from(["commit_hash:9b28e1f", "comments:a:b", "execution_time:1_0", "exit_status:-9"]),
            st.datetimes().map(lambda time: f"start_time:{time.year:04}_{time:%m_%d_%H%M%S%f}"),
            st.from_regex(
                r"end_time:2(02[0-9]_[01][0-9]_[0-3][0-9]_[0-2][0-9][0-6]0[0-9]{8})", fullmatch=True
            ),
            st.from_regex(r"execution_time:[0-9]{0,10}[.]?[0-9]{0,3}(e-?[0-9])?", fullmatch=True),
            st.from_regex(r"exit_status:-?[0-9_]{0,10}", fullmatch=True),
        ),
        max_size=5,
    ).map(lambda lines: "".join(f"{line}\n" for line in lines)),
)

words = st.one_of(texts, st.sampled_from(["--lr", "-1", "a b", "it's", '"', "", "\\", "x=1"])).filter(
    lambda word: "\n" not in word
)
argument_lines = st.lists(st.lists(words, min_size=1, max_size=4), max_size=5)

floats = st.floats(-1e150, 1e150, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-100)
series = st.lists(floats, max_size=60).map(np.array)

_scalars = st.one_of(
    st.booleans(), st.integers(-(2**70), 2**70), st.floats(), texts, st.none(), st.binary(max_size=8)
)
_numeric = st.one_of(
    arrays.boolean_dtypes(), arrays.integer_dtypes(endianness="="), arrays.floating_dtypes(endianness="=")
)


def _arrays() -> st.SearchStrategy[NDArray[np.generic]]:
    shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    return _numeric.flatmap(lambda dtype: arrays.arrays(dtype, shapes))


result_values: st.SearchStrategy[ResultValue] = st.one_of(
    st.lists(st.booleans(), max_size=5),
    st.lists(st.integers(-(2**65), 2**65), max_size=5),
    st.lists(st.floats(), max_size=5),
    st.lists(_arrays(), max_size=3),
    st.recursive(
        st.one_of(_scalars, _arrays()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.tuples(inner, inner),
            st.dictionaries(
                st.one_of(texts, st.integers(), st.tuples(st.integers(), texts)), inner, max_size=3
            ),
        ),
        max_leaves=6,
    ),
)
results = st.dictionaries(st.one_of(texts, st.just("tags")), result_values, max_size=4)

exec_args = st.frozensets(st.sampled_from(["--a", "--b", "--seed 1", "--seed 2", "x"]), max_size=4)
