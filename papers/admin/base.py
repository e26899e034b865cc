"""What the lists have in common."""

TITLE_SHOWN = 100
"""Characters of a title in lists."""
