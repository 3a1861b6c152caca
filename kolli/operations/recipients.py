"""Makes a recipient fit what a carrier has room for, in the open: every change is a step of the decision."""

from kolli.addresses.shortening import shortened, too_long
from kolli.carriers.base import Carrier, LimitsAddresses
from kolli.errors import Impossible
from kolli.shipments.model import Step
from kolli.values import Address

SHOWN = 60
"""Characters of a value that an error repeats."""


def fitted(recipient: Address, carrier: Carrier) -> tuple[Address, tuple[Step, ...]]:
    """The recipient as the carrier takes it, and what was shortened, by which rule.

    Only a carrier that says how much room it has is asked; for the others the label decides. Impossible, naming the
    part, when it is too long whatever the rules do: nothing is ever cut off.
    """
    if not isinstance(carrier, LimitsAddresses):
        return recipient, ()
    limits = carrier.address_limits
    address, changes = shortened(recipient, limits)
    for part in too_long(address, limits):
        raise Impossible(
            f"{carrier.name} has room for {part.limit} characters here, and {part.value[:SHOWN]!r} has"
            f" {len(part.value)}, with everything shortened that can be. Shorten it.",
            field=f"recipient.{part.field}",
            details={"value": part.value, "limit": part.limit},
        )
    steps = (
        Step(
            f"recipient.{change.field}",
            change.before,
            change.after,
            "carrier",
            note=f"Shortened by the rule {change.rule!r}, as {carrier.name} has not room for more.",
        )
        for change in changes
    )
    return address, tuple(steps)
