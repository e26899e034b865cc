"""May we send, what do we keep, and how does it look from outside?"""
