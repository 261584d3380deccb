"""One module a kind of file in a run's directory: bytes or text to a frozen record, and back."""
