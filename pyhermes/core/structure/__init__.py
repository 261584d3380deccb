"""Arguments and results in classes of the user's own."""
