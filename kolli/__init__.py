"""Kolli turns an order into a label, once."""

__version__ = "0.1.0"
