"""How well matching, trending and search do, measured on labelled data."""
