"""Shipments: goods going from one address to another, their parcels, and the attempts to announce them."""
