"""Readers: their addresses, consent, topics and rhythm, and the signed links they act with.

This app knows of papers only through `Topic` and `Paper`, and nothing of digests.
"""
