"""The demo: the whole way through the house on one machine, from the day's papers to three emails.

Nothing is special about it. The same web server, worker, beat, ledger and mailbox run as anywhere
else; the demo only starts them, makes three readers due, and shows what they got. Everything it
keeps is below VAR_DIR, so that a later run goes on where the last one ended, however it ended.
"""
