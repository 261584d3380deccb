"""Runs and their scalars as tables, and tables as text."""
