"""Plan, claim, send, settle: the ledger's rows are the queue."""
