"""What the tracking page says about each status, in the words that the catalogue translates."""

from collections.abc import Mapping
from typing import Literal

from kolli.panel.marking import _
from kolli.shipments.model import LABEL_IS_VOID, ParcelStatus

Mood = Literal["good", "waiting", "trouble", "void"]

SYMBOLS: Mapping[Mood, str] = {"good": "✓", "waiting": "→", "trouble": "!", "void": "✕"}

STATUSES: tuple[str, ...] = (
    _("Ready to send"),
    _("Being announced"),
    _("Announced"),
    _("Announcement failed"),
    _("No label"),
    _("Announced: not collected"),
    _("Error collecting"),
    _("Shipment picked up by driver"),
    _("En route to sorting center"),
    _("At sorting centre"),
    _("Being sorted"),
    _("Sorted"),
    _("Not sorted"),
    _("At Customs"),
    _("Parcel en route"),
    _("Driver en route"),
    _("Delivery delayed"),
    _("Delivery date changed"),
    _("Delivery address changed"),
    _("Delivery method changed"),
    _("Awaiting customer pickup"),
    _("Shipment collected by customer"),
    _("Delivered"),
    _("Delivery attempt failed"),
    _("Unable to deliver"),
    _("Refused by recipient"),
    _("Returned to sender"),
    _("Address invalid"),
    _("Exception"),
    _("Submitting cancellation request"),
    _("Cancellation requested"),
    _("Cancelled upstream"),
    _("Cancelled"),
    _("Parcel cancellation failed."),
    _("Unknown status - check carrier track & trace page for more insights"),
)
"""The sentences of `ParcelStatus`, so that the catalogue has them."""

_NOT_SCANNED = _("The sender has told {carrier} about this parcel. It has not been scanned yet.")
_TAKEN_BACK = _("The sender is taking this label back.")

NOTES: Mapping[ParcelStatus, str] = {
    ParcelStatus.READY_TO_SEND: _NOT_SCANNED,
    ParcelStatus.ANNOUNCED: _NOT_SCANNED,
    ParcelStatus.CANCELLING: _TAKEN_BACK,
    ParcelStatus.CANCELLING_UPSTREAM: _TAKEN_BACK,
    ParcelStatus.CANCELLED: _("The sender has cancelled this label. No parcel travels under this number."),
    ParcelStatus.CANCELLED_UPSTREAM: _("{carrier} has cancelled this label."),
    ParcelStatus.UNKNOWN: _("{carrier} may say more about this parcel."),
}
"""What a status means, where its own words do not say so."""

TEST_NOTE = _("This is a test label. No parcel travels under this number.")

STEPS = (_("Announced"), _("On its way"), _("Out for delivery"), _("Delivered"))
"""The stations of a parcel's way that everybody understands."""

COLLECT = _("Ready to be collected")
"""The third of them for a parcel that waits at a service point."""

LOCAL_TIME = _("local time of the destination")

_STEP_OF_PHASE: Mapping[str, int] = {
    **dict.fromkeys(("announcing", "announced", "ready_to_send", "no_label", "labelled"), 0),
    **dict.fromkeys(("dropped", "accepted", "sorted", "in_transit", "customs"), 1),
    **dict.fromkeys(("in_delivery", "attempted", "pup"), 2),
    "delivered": 3,
}


def step_of(status: ParcelStatus) -> int | None:
    """At which of the steps a parcel is; None when it is not on that way: cancelled, lost sight of, or sent back."""
    if status in LABEL_IS_VOID or status is ParcelStatus.RETURNED_TO_SENDER:
        return None
    return _STEP_OF_PHASE.get(status.phase)
