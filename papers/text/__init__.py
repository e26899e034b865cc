"""A paper's words: cleaned, cut, compared, cited."""
