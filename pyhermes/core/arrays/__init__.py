"""Plain values and arrays: stacked into series, frozen for records, thawed for people, compared as wholes."""
