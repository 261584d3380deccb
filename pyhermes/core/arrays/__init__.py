"""Plain values and arrays: frozen, compared and stacked into series."""
