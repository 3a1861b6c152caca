"""Registered mail and other items of any post in the world, with the numbers that the post has assigned.

The numbers are explained in `kolli.carriers.postal_items`. What is posted with them must reach the post by another way,
as its contract says: Kolli asks nobody, and whether the post takes an item is not known here.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar, NamedTuple

from kolli.carriers import postal_items
from kolli.carriers.base import ContractField, ShippingOption
from kolli.carriers.functionalities import Functionality
from kolli.carriers.own_numbers import OwnNumberCarrier
from kolli.documents.layouts.parts import LabelParts
from kolli.errors import CarrierRejected
from kolli.shipments.model import Draft
from kolli.values import COUNTRY_CODES, Weight


class _Kind(NamedTuple):
    """A kind of item: the first letter of its numbers, and the option that it is shipped with."""

    letter: str
    option: str
    name: str
    kilograms: int
    functionalities: Mapping[str, Functionality]


_KINDS = (
    _Kind("R", "registered", "Registered", 2, {"registered_delivery": True, "signature": True, "tracked": True}),
    _Kind("C", "parcel", "Parcel", 20, {"form_factor": "parcel", "tracked": True}),
    _Kind("E", "ems", "EMS", 20, {"form_factor": "parcel", "priority": "express", "tracked": True}),
    _Kind("V", "insured", "Insured", 2, {"signature": True, "tracked": True}),
    _Kind("L", "tracked", "Tracked", 2, {"tracked": True}),
    _Kind("U", "untracked", "Untracked", 2, {}),
    _Kind("H", "e-commerce", "E-commerce parcel", 2, {"form_factor": "parcel", "tracked": True}),
)
"""First letters as of UPU S10-12. What a post takes of each it says in its own conditions; these are careful: letters
weigh 2 kg at most everywhere, and posts have to take parcels of 20 kg from each other (UPU Convention)."""

ISSUING_COUNTRY, SERVICE_LETTERS = "issuing_country", "service_letters"


class PostalItems(OwnNumberCarrier):
    """Any post, by the numbers that all posts share."""

    code = "upu_s10"
    name = "Post"
    longest_number = "RW123456785MW"
    options: tuple[ShippingOption, ...] = tuple(
        ShippingOption(
            f"upu_s10:{kind.option}",
            kind.name,
            heaviest=Weight(Decimal(kind.kilograms), "kg"),
            title=f"Post {kind.name}",
            functionalities={"form_factor": "letter", "last_mile": "home_delivery", **kind.functionalities},
        )
        for kind in _KINDS
    )

    contract_form = (
        ContractField(
            ISSUING_COUNTRY,
            "The country of the post that has assigned the numbers, the last two letters of each (ISO 3166-1 alpha-2).",
        ),
        ContractField(
            SERVICE_LETTERS,
            "The two letters that the numbers begin with, such as RA; one pair for each kind of item, with spaces"
            " between. The eight digits behind them are the numbers of the contract's range.",
        ),
    )
    contract_rules: ClassVar = {
        ISSUING_COUNTRY: ("[A-Z]{2}", "it is two capitals, such as NL."),
        SERVICE_LETTERS: (f"{postal_items.LETTERS}(?: {postal_items.LETTERS})*", postal_items.RESERVED),
    }

    def problem_with(self, contract_data: Mapping[str, str]) -> str | None:
        """What cannot be so: also a country that does not exist, and letters of no kind or of one kind twice."""
        if problem := super().problem_with(contract_data):
            return problem
        country = contract_data[ISSUING_COUNTRY]
        if country not in COUNTRY_CODES:
            return f"The contract's issuing country is {country!r}; there is no such country."
        firsts = [letters[0] for letters in contract_data[SERVICE_LETTERS].split()]
        known = [kind.letter for kind in _KINDS]
        for first in firsts:
            if first not in known or firsts.count(first) > 1:
                return (
                    f"The contract's service letters are {contract_data[SERVICE_LETTERS]!r}; have one pair at most for"
                    f" each kind of item. Pairs begin with {', '.join(known)}."
                )
        return None

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """The contract's letters for this kind of item, the serial, its check digit and the country.

        The serial takes all eight digits, whatever the kind: two items never have the same ones.
        """
        self.check_contract(contract_data)
        for kind in _KINDS:
            if option_code == f"{self.code}:{kind.option}":
                pair = re.search(rf"\b{kind.letter}[A-Z]", contract_data[SERVICE_LETTERS])
                if pair is not None:
                    return postal_items.postal_number(pair[0], serial, contract_data[ISSUING_COUNTRY])
                raise CarrierRejected(f"The contract has no service letters that begin with {kind.letter}.")
        raise CarrierRejected(f"There is no kind of postal item for {option_code!r}.")

    def printed(self, tracking_number: str) -> str:
        """`RR 473 124 829 GB`."""
        return postal_items.printed_postal_number(tracking_number)

    def label_parts(
        self,
        draft: Draft,  # noqa: ARG002 - everything is in the number
        box_number: int,  # noqa: ARG002
        tracking_number: str,
    ) -> LabelParts:
        """The barcode, and the letter of the kind of item in large type."""
        return LabelParts((postal_items.postal_barcode(tracking_number),), badge=tracking_number[0])
