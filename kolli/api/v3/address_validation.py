"""Addresses: whether one can be right, and how it would suit a carrier."""

from typing import Annotated, Literal, cast

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from kolli.addresses import AddressLimits, Reason, reasons_against
from kolli.addresses.shortening import tidied
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import WIRE, Pointers
from kolli.api.v3.common import PARTNER, check_partner
from kolli.api.v3.order_document import Part, Text
from kolli.carriers.base import limits_of
from kolli.errors import Impossible, NotFound
from kolli.operations.context import Context
from kolli.values import Address

POINTERS = Pointers(root="/address", says_required=True)
"""Where members stand in the request. As documented, also those beside the address are pointed to in it."""


class RawAddress(Part):
    """Where somebody is, without who that is."""

    address_line_1: Text = ""
    house_number: Text = ""
    address_line_2: Text = ""
    postal_code: Text = ""
    city: Text = ""
    po_box: Text = ""
    state_province_code: Text = ""
    country_code: Text = ""


class AddressToValidate(Part):
    """An address, and the carrier that it has to suit."""

    address: RawAddress
    carrier_code: Annotated[str, Field(min_length=1, max_length=255)]
    validation_methods: list[Literal["here"]] = Field(default=[])


class ValidatedAddress(TypedDict):
    """An address; null for what it does not have."""

    address_line_1: str | None
    house_number: str | None
    address_line_2: str | None
    postal_code: str | None
    city: str | None
    po_box: str | None
    state_province_code: str | None
    country_code: str | None


class ValidationResult(TypedDict):
    """Whether an address can be right, and if not, what is wrong with it."""

    is_valid: bool
    reasons: list[Reason]


class Analysis(TypedDict):
    """What is to be said about an address, and in what it differs from the one that was sent."""

    validation_result: ValidationResult
    changed_attributes: list[str]


class ResultOfMethod(TypedDict):
    """An address, and whether to use it. The method null is Kolli's own."""

    address: ValidatedAddress
    validation_method: None
    recommended: bool
    analysis: Analysis


class AddressValidation(TypedDict):
    """Whether the address that was sent can be right; and that address, and one that suits the carrier better."""

    input_address_is_valid: bool
    results: list[ResultOfMethod]


_BODY = TypeAdapter(AddressToValidate)
_MEMBERS = tuple(RawAddress.model_fields)


def validate_address(request: Request, context: Context) -> Answer:
    """Checks an address: required parts, postal code, state or province, and the lengths that a carrier has room for.

    The first result is the address as it was sent. A second one follows if it can be made to suit the carrier better:
    without repetitions and, where it is too long, with abbreviations. Nobody outside is asked.
    """
    check_partner(request.headers, context.installation, unknown=WIRE[NotFound])
    body = request.read(_BODY, POINTERS)
    if body.validation_methods:
        raise Impossible(
            "Addresses cannot be validated by HERE on this installation. Leave validation_methods out, or empty.",
            field="validation_methods",
        )
    limits = _limits(body.carrier_code, context)
    sent = Address.from_document({"name": "", **body.address.model_dump()})
    better = tidied(sent, limits)
    results = [_result(address, sent, limits) for address in dict.fromkeys((sent, better))]
    results[-1]["recommended"] = results[-1]["analysis"]["validation_result"]["is_valid"]
    is_valid = results[0]["analysis"]["validation_result"]["is_valid"]
    answer: AddressValidation = {"input_address_is_valid": is_valid, "results": results}
    return Answer(200, answer)


def _limits(carrier_code: str, context: Context) -> AddressLimits:
    carrier = context.installation.carriers.find(carrier_code)
    if carrier is None:
        raise Impossible(f"Carrier {carrier_code} does not exist.", field="carrier_code")
    return limits_of(carrier)


def _result(address: Address, sent: Address, limits: AddressLimits) -> ResultOfMethod:
    reasons = reasons_against(address, limits)
    members = {name: getattr(address, name) or None for name in _MEMBERS}
    return {
        "address": cast("ValidatedAddress", members),
        "validation_method": None,
        "recommended": False,
        "analysis": {
            "validation_result": {"is_valid": not reasons, "reasons": reasons},
            "changed_attributes": [name for name in _MEMBERS if getattr(address, name) != getattr(sent, name)],
        },
    }


ROUTES = [
    Endpoint(
        "POST",
        "/addresses/validate",
        validate_address,
        "Validate an address",
        POINTERS,
        parameters=(PARTNER,),
        body=_BODY,
        answers={200: AddressValidation},
        errors=(404,),
    )
]
