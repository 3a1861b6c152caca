"""Shipping rules: what a merchant has configured about how orders are shipped."""
