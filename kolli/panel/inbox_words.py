"""What the inbox calls the places where an order can stand."""

from collections.abc import Mapping

from kolli.panel.marking import _
from kolli.standing import Standing

STANDINGS: Mapping[Standing, tuple[str, str]] = {
    Standing.OPEN: ("quiet", _("Open")),
    Standing.SHIPPING: ("wait", _("Shipping")),
    Standing.SHIPPED: ("good", _("Shipped")),
    Standing.FAILED: ("bad", _("Failed")),
    Standing.UNKNOWN: ("warn", _("Unknown")),
}
"""Where an order stands → the kind of its badge, and the word on it."""

ALL_LABEL = _("All")
