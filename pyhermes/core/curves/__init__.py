"""Series to the numbers behind a picture."""
