"""Where a digest goes: one folder a channel, and the registry that names them all.

A channel is decided when a digest is made, from what its reader wishes at that moment, and is
written with the outcome. Nothing outside this room asks which channel a digest takes: `delivery`
asks the channel what to do, the preferences offer what the registry holds.
"""
