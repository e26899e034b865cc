"""One message to one reader: made, checked, handed over. Knows no database."""
