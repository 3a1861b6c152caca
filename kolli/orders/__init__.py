"""Orders: what a customer bought in a shop."""
