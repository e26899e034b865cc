"""What came back about a delivery, and what follows from it."""
