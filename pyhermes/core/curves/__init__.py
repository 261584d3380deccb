"""Series as the numbers behind a picture."""
