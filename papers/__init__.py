"""Papers: where they come from, what attention they get, which topics they match.

This app knows nothing of readers or mail.
"""
