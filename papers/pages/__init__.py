"""The pages of papers, topics and search, and the feeds."""
