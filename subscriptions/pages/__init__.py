"""Readers' pages: forms, views, addresses."""
