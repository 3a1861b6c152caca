"""Version 3 of the API: one module per section of its description, with the same name."""

from kolli.api.v3 import orders, parcel_documents, ship_an_order, shipments

SECTIONS = (orders, parcel_documents, ship_an_order, shipments)
"""Every section that is served."""
