"""One day, chosen and frozen."""
