"""What mail providers report, turned into the ledger's truth."""
