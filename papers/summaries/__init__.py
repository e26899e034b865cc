"""Summaries of one or two sentences by a language model, where the operator wants them.

Made once for each paper in a worker, and never in a request: `making` says which papers are due
and keeps to the day's budget, `asking` puts the question, `answers` checks what came back. Nothing
waits for one: a page or an issue shows what is there, else the excerpt of the abstract.
"""
