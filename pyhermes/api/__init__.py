"""The documented classes and plots: thin, mutable shells over `pyhermes.core`."""
