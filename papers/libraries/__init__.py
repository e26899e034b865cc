"""Libraries that readers keep elsewhere: read, recognized, and what they suggest to follow."""
