"""What is printed, on which printer, which way, and what has come of it."""
