"""Libraries that readers keep elsewhere."""
