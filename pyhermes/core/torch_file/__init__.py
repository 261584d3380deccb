"""Bytes of `torch.save` to plain values, without running anything that a file names.

Read the modules in this order: `reader` (what happens to a file), `archive` (the zip archive),
`opcodes` and `check` (what a pickle may say), `allowed` (what it may name), `objects`, `numpy_values`
and `tensors` (what it gets for a name), `budget` (how much memory that may take).

Every attack, what stops it, and the test that fails without it (in `tests/core/torch_file`):

| attack | stopped by | test |
| --- | --- | --- |
| a name that runs code, such as `os.system` | `check._check_name` | `test_reader::test_code_in_a_file_is_never_run` |
| the same, had the check let it pass | `allowed.find_allowed` | `test_allowed::test_the_machine_does_not_find_other_names_either` |
| opcodes that reach names in other ways | `check._refuse` | `test_check::test_why_a_program_is_refused` |
| names that the process has registered (`copyreg`) | `check._refuse` | `test_opcodes::test_an_extension_code_that_the_process_has_used` |
| changing or calling an object of ours | `objects.Sealed`, `objects.Inert` | `test_objects::test_what_is_sealed_is_changed_by_no_pickle` |
| changing an array after its check | `numpy_values.NumpyArray` | `test_numpy_values::test_an_array_is_not_changed_once_it_has_its_elements` |
| a second pickle that only torch sees | `archive.open_archive` | `test_archive::test_what_is_refused` |
| flipped bits, which torch does not notice | `archive.read_entry` | `test_archive::test_an_entry_is_read_if_its_checksum_fits` |
| compressed or oversized entries | `archive.open_archive` | `test_archive::test_entries_that_are_compressed_doubled_or_oversized` |
| a memo number for which memory is reserved | `opcodes.compile_plain` | `test_opcodes::test_numbers_of_the_memo_up_to_what_the_file_can_fill` |
| objects of one byte each, by the million | `check.check_program` | `test_check::test_objects_are_counted_with_the_dicts_among_them` |
| memory from a number: `bytes(10**10)` | `allowed._make_empty_bytes` | `test_allowed::test_dicts_and_bytes_are_made_without_arguments` |
| a tensor larger than its storage, strides of 0 | `tensors.Tensor` | `test_tensors::test_checkpoints_that_make_memory_from_a_number` |
| one storage in thousands of tensors | `budget.MemoryBudget` | `test_budget::test_references_to_one_storage_do_not_multiply_it` |
| one text in thousands of arrays | `budget.MemoryBudget` | `test_budget::test_arrays_of_the_same_bytes_do_not_multiply_them` |
| a forged dtype, which crashes numpy | `numpy_values.NumpyDtype` | `test_reader::test_what_is_refused_is_told` |
| text beyond Unicode in an array | `numpy_values._check_text` | `test_numpy_values::test_an_array_of_text_beyond_unicode_is_a_damaged_file` |
| a dict key that takes hours to hash | `objects.SafeDict` | `test_objects::test_a_key_of_as_many_parts_as_it_may_have` |
| the same, given to `OrderedDict` or as a storage's key | `allowed._make_dict`, `reader._require_keys` | `test_reader::test_what_would_take_hours_is_refused_at_once` |
| a shape whose product takes hours | `objects.require_sizes` | `test_objects::test_what_are_no_sizes` |
| damage that ends in any exception | `reader._one_error` | `test_reader::test_changed_pickles_end_in_an_error_of_ours_or_in_values` |

That rewriting a pickle changes no value is a law in `tests/property/test_torch_file_laws.py`.
Very deep or cyclic values are refused by `pyhermes.core.arrays.freeze`.
"""  # noqa: E501 - a row of the table is one line
