"""What own-number carriers have in common: they have given us their word with a range, so nobody has to be asked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from kolli.carriers.base import Announced, Booking, ContractField, Numbering
from kolli.carriers.functionalities import Functionality
from kolli.errors import CarrierRejected

HOME_PARCEL: Mapping[str, Functionality] = {
    "b2b": True,
    "b2c": True,
    "form_factor": "parcel",
    "last_mile": "home_delivery",
    "tracked": True,
}
"""What a tracked parcel to somebody's door does."""


class OwnNumberCarrier:
    """A carrier without a network: a contract is needed, every booking is a yes, and labels are not certified.

    A carrier says which form the answers to its `contract_form` have in `contract_rules`: name → the regular expression
    that matches the whole answer, and what is to be said about one that it does not match. `printed_fields` are those
    whose answers its labels need.
    """

    numbering = Numbering.OWN_NUMBER
    needs_contract = True
    label_is_certified = False
    contract_form: tuple[ContractField, ...] = ()
    contract_rules: ClassVar[Mapping[str, tuple[str, str]]] = {}
    printed_fields: tuple[str, ...] = ()

    def __init__(self, data: Path) -> None:
        """Keeps no files."""

    def announce(self, booking: Booking) -> Announced:
        """Says yes: the carrier has given its word with the range."""
        return Announced(booking.numbers)

    def cancel(self, booking: Booking) -> bool:
        """Says yes: a number that no parcel carries costs nothing, and is not used again."""
        return bool(booking.numbers)

    def printed(self, tracking_number: str) -> str:
        """The number in blocks of four."""
        return in_blocks(tracking_number)

    def printed_details(self, contract_data: Mapping[str, str]) -> dict[str, str]:
        """What its labels need of the contract beyond the number."""
        return {name: contract_data[name] for name in self.printed_fields if contract_data.get(name)}

    def problem_with(self, contract_data: Mapping[str, str]) -> str | None:
        """The first answer that has not the form that the carrier's numbers need it in."""
        for field in self.contract_form:
            answer = contract_data.get(field.name, "")
            pattern, sentence = self.contract_rules[field.name]
            if (answer or field.is_required) and not re.fullmatch(pattern, answer):
                return f"The contract says {answer!r} as its {field.name.replace('_', ' ')}; {sentence}"
        return None

    def check_contract(self, contract_data: Mapping[str, str]) -> None:
        """Raises CarrierRejected when no number can be made under such a contract."""
        if problem := self.problem_with(contract_data):
            raise CarrierRejected(problem)


def filled_up(serial: int, digits: int, kind: str) -> str:
    """A serial number with zeros in front. CarrierRejected when it is too long: it is never cut off."""
    if len(str(serial)) > digits:
        raise CarrierRejected(
            f"The number {serial} of the contract's range is too long for {kind}, which has room for {digits} digits."
        )
    return f"{serial:0{digits}d}"


def in_blocks(text: str, *sizes: int) -> str:
    """A text in blocks of these sizes, the last of which is repeated; of four if none is given.

    `in_blocks("RR473124829GB", 2, 3, 3, 3, 2)` is `RR 473 124 829 GB`.
    """
    blocks, left = [], list(sizes or (4,))
    while text:
        size = left.pop(0) if len(left) > 1 else left[0]
        blocks.append(text[:size])
        text = text[size:]
    return " ".join(blocks)
