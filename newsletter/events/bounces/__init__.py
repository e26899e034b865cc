"""Emails that came back: where they are fetched from, and what they say."""
