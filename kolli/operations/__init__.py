"""What Kolli does: every operation changes several parts together."""
