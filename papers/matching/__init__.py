"""Which papers belong to a topic, which may be sent for it, and in which order."""
