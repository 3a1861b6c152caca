"""Version 2 of the API, as far as integrations with version 3 still call it. It only translates.

Source: the API's v2 documentation (2026-07), and recorded answers in public clients.
"""

from kolli.api.v2 import account, labels, parcels, shipping_methods

SECTIONS = (parcels, labels, shipping_methods, account)
"""Every section that is served."""
