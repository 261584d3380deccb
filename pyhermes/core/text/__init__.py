"""The smallest parts of text: its encoding, numbers, times and the names that files can have."""
