"""The fitted models of meaning, and the vectors of papers and topics."""
