"""Readers from files: read, plan each line, store set-wise, and go on after any interruption."""
