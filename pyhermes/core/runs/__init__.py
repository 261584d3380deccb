"""Records of runs, what became of them, and choosing among them."""
