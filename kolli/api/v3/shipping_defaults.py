"""Shipping defaults: how the account ships when neither a rule nor the request nor the order says.

The published pages name the five members and say what changes and what is refused; what stands inside four of them
they leave open. Source: the Shipping Defaults section (beta, 2026-07).
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection
from typing_extensions import TypedDict

from kolli.account.accounts import Account, get_account, update_account
from kolli.account.contracts import find_contract
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import Pointers
from kolli.api.v3.common import Id, Schema
from kolli.api.v3.customs import ExportReason
from kolli.api.v3.order_document import LONGEST_TEXT, Number, SomePrintable
from kolli.errors import Impossible, Invalid
from kolli.operations.catalogue import Catalogue
from kolli.operations.context import Context
from kolli.rules.values import MOST_INSURED_PERCENT
from kolli.values import Weight as Mass
from kolli.values import plain

POINTERS = Pointers(root="", says_required=True)

OPTION = "ship_with.properties.shipping_option_code"
CONTRACT = "ship_with.properties.contract_id"

HEAVIEST_KG = 100_000
MOST_NOTES = 255
LONGEST_NOTE = 255
"""Source: Shipments, `parcels[].label_notes`."""


def _three_decimals(value: Decimal) -> Decimal:
    if int(value.normalize().as_tuple().exponent) < -3:
        message = "A weight has at most three decimals, which are grams; {value} has more"
        raise PydanticCustomError("decimal_max_places", message, {"value": plain(value)})
    return value


def _two_decimals(value: Decimal) -> Decimal:
    if int(value.normalize().as_tuple().exponent) < -2:
        message = "A percentage has at most two decimals; {value} has more"
        raise PydanticCustomError("decimal_max_places", message, {"value": plain(value)})
    return value


class DefaultWeight(Schema):
    """What a parcel weighs of which nobody knows what it weighs."""

    value: Annotated[Number, Field(gt=0, le=HEAVIEST_KG), AfterValidator(_three_decimals)]
    unit: Literal["kg"]


class DefaultProperties(Schema):
    """Which shipping option, under which contract; without one, the carrier's default contract."""

    shipping_option_code: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    contract_id: Id | None = None


class DefaultShipWith(Schema):
    """How something is sent for which nobody has chosen."""

    type: Literal["shipping_option_code"]
    properties: DefaultProperties


class DefaultInsurance(Schema):
    """For how much of an order's value it is insured, in per cent."""

    percentage: Annotated[Number, Field(gt=0, le=MOST_INSURED_PERCENT), AfterValidator(_two_decimals)]


class DefaultCustoms(Schema):
    """What customs are told where nobody says. What is absent stays as it is, null removes."""

    shipment_type: ExportReason | None = None


class DefaultLabel(Schema):
    """What labels say where nobody says. What is absent stays as it is; an empty list and null print nothing extra."""

    label_notes: (
        Annotated[list[Annotated[SomePrintable, Field(max_length=LONGEST_NOTE)]], Field(max_length=MOST_NOTES)] | None
    ) = None


class DefaultsChange(Schema):
    """What is to be different. What is absent stays as it is, null removes."""

    weight: DefaultWeight | None = None
    ship_with: DefaultShipWith | None = None
    insurance: DefaultInsurance | None = None
    customs_options: DefaultCustoms | None = None
    label_options: DefaultLabel | None = None


class WeightAnswer(TypedDict):
    """A mass in kilograms, its value written as text."""

    value: str
    unit: Literal["kg"]


class PropertiesAnswer(TypedDict):
    """Which shipping option, under which contract; null: the carrier's default contract."""

    shipping_option_code: str
    contract_id: int | None


class ShipWithAnswer(TypedDict):
    """How something is sent for which nobody has chosen."""

    type: Literal["shipping_option_code"]
    properties: PropertiesAnswer


class InsuranceAnswer(TypedDict):
    """For how much of an order's value it is insured, in per cent."""

    percentage: Decimal


class CustomsAnswer(TypedDict):
    """What customs are told where nobody says."""

    shipment_type: ExportReason | None


class LabelAnswer(TypedDict):
    """What labels say where nobody says."""

    label_notes: list[str]


class DefaultsAnswer(TypedDict):
    """The defaults of the account. What there is no default for is null."""

    weight: WeightAnswer | None
    ship_with: ShipWithAnswer | None
    insurance: InsuranceAnswer | None
    customs_options: CustomsAnswer
    label_options: LabelAnswer


class OneDefaults(TypedDict):
    """The account's defaults."""

    data: DefaultsAnswer


def retrieve_shipping_defaults(_: Request, context: Context) -> Answer:
    """The account's defaults. They count where neither a shipping rule nor the request nor the order says."""
    data: OneDefaults = {"data": _answered(context.account)}
    return Answer(200, data)


_CHANGE = TypeAdapter(DefaultsChange)


def change_shipping_defaults(request: Request, context: Context) -> Answer:
    """Changes what the body names, in one step, and answers with all of the defaults.

    What is absent stays as it is, also inside `customs_options` and `label_options`; null removes. The shipping option
    has to take the weight: both are looked at whenever one of them changes.
    """
    change = request.read(_CHANGE, POINTERS)
    with context.database.read() as transaction:  # worked out before anybody has to wait for us
        catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    with context.write() as transaction:
        before = get_account(transaction, context.account_id)
        account = changed_defaults(before, change)
        if change.model_fields_set & {"weight", "ship_with"}:
            check_way(transaction, account, change, catalogue)
        if account != before:
            update_account(transaction, account)
    data: OneDefaults = {"data": _answered(account)}
    return Answer(200, data)


def changed_defaults(account: Account, change: DefaultsChange) -> Account:
    """The account with the defaults that the change names."""
    defaults, named = account.defaults, change.model_fields_set
    if "weight" in named:
        account = replace(account, default_weight=Mass(change.weight.value, "kg") if change.weight else None)
    if "ship_with" in named:
        properties = change.ship_with.properties if change.ship_with else None
        account = replace(account, default_shipping_option_code=properties.shipping_option_code if properties else None)
        defaults = replace(defaults, contract_id=properties.contract_id if properties else None)
    if "insurance" in named:
        defaults = replace(defaults, insured_percentage=change.insurance.percentage if change.insurance else None)
    if "customs_options" in named:
        defaults = replace(defaults, customs_options=_merged(defaults.customs_options, change.customs_options))
    if "label_options" in named:
        defaults = replace(defaults, label_options=_merged(defaults.label_options, change.label_options))
    return replace(account, defaults=defaults)


def _merged(options: Mapping[str, object], change: Schema | None) -> dict[str, object]:
    """The options with the members that the change names, without those it sets to null; null removes them all."""
    if change is None:
        return {}
    merged = {**options, **change.model_dump(exclude_unset=True)}
    return {name: value for name, value in merged.items() if value is not None}


def check_way(transaction: Connection, account: Account, change: DefaultsChange, catalogue: Catalogue) -> None:
    """Raises an error with a `field` when the option cannot be shipped with, or does not take the weight."""
    code, weight = account.default_shipping_option_code, account.default_weight
    found = catalogue.find_option(code) if code is not None else None
    if change.ship_with is not None:
        if found is None:
            raise Impossible(
                f"There is no shipping option {code!r}. POST /shipping-options lists those there are.", field=OPTION
            )
        _check_contract(transaction, account, found[0].code)
    # An option that is not there any more does not keep anybody from changing the weight.
    if found is not None and weight is not None and not found[1].takes(weight, None):
        option = found[1]
        raise Impossible(
            f"{option.code} takes {option.lightest} to {option.heaviest}, and the default weight is {weight}."
            " Change them together.",
            field=OPTION if change.ship_with is not None else "weight",
        )


def _check_contract(transaction: Connection, account: Account, carrier_code: str) -> None:
    contract_id = account.defaults.contract_id
    if contract_id is None:
        return
    contract = find_contract(transaction, account.id, contract_id)
    if contract is None:
        raise Invalid(
            f"Invalid contract. There is no contract {contract_id}. GET /contracts lists yours.", field=CONTRACT
        )
    if contract.carrier_code != carrier_code:
        raise Invalid(
            f"Invalid contract. Contract {contract_id} is with {contract.carrier_code}, and"
            f" {account.default_shipping_option_code} is an option of {carrier_code}.",
            field=CONTRACT,
        )
    if not contract.is_active:
        raise Invalid(
            f"Invalid contract. The state of contract {contract_id} is {contract.state!r}, not 'active'.",
            field=CONTRACT,
        )


def _answered(account: Account) -> DefaultsAnswer:
    defaults, weight, code = account.defaults, account.default_weight, account.default_shipping_option_code
    percentage = defaults.insured_percentage
    return {
        "weight": {"value": plain(weight.grams / 1000), "unit": "kg"} if weight else None,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": code, "contract_id": defaults.contract_id},
        }
        if code
        else None,
        "insurance": {"percentage": percentage} if percentage is not None else None,
        "customs_options": {"shipment_type": cast("ExportReason | None", defaults.shipment_type)},
        "label_options": {"label_notes": list(defaults.label_notes)},
    }


ROUTES = [
    Endpoint(
        "GET",
        "/shipping-defaults",
        retrieve_shipping_defaults,
        "Retrieve the shipping defaults",
        scope="read:operational-settings",
        answers={200: OneDefaults},
    ),
    Endpoint(
        "PATCH",
        "/shipping-defaults",
        change_shipping_defaults,
        "Update the shipping defaults",
        POINTERS,
        scope="write:operational-settings",
        body=_CHANGE,
        answers={200: OneDefaults},
    ),
]
