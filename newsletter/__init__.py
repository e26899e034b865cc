"""Broadsheet's Django project package and its top app.

It composes the other two: it freezes each day's papers into an issue, makes every subscriber's
digest of it, delivers that digest and listens to what becomes of it.
"""

VERSION = "0.1.0"
