"""Whose papers, and the body that shows them."""
