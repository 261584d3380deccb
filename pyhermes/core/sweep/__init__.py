"""Read execution files, and expand each into the jobs of its sweep."""
