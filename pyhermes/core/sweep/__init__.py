"""An execution file to the jobs of a sweep."""
