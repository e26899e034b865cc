"""Readers to take along: streamed as CSV that imports again with nothing lost."""
