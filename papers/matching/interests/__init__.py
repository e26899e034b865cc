"""What single readers want to hear of: specs of interests, and the day's papers matched with them
the other way round. Knows no readers.
"""
