"""What the Contracts section answers: contracts, their number ranges, and what carriers ask for."""

from typing import NotRequired

from typing_extensions import TypedDict

from kolli.account.contracts import Contract, ContractState, ContractType
from kolli.account.number_ranges import NumberRange
from kolli.carriers.base import Carrier, ContractField, FieldType
from kolli.operations.context import Context
from kolli.operations.contract_forms import form_of


class CarrierAnswer(TypedDict):
    """A carrier, by its code and its name."""

    code: str
    name: str


class ContractAnswer(TypedDict):
    """A contract, without its data. What the API has two names for stands there under both."""

    id: int
    client_id: str | None
    carrier: CarrierAnswer
    name: str
    country_code: str
    country: str
    is_default_per_carrier: bool
    is_default: bool
    is_active: bool
    is_live: bool
    state: ContractState
    type: ContractType
    error: str | None


class OneContract(TypedDict):
    """One contract."""

    data: ContractAnswer


class Contracts(TypedDict):
    """One page of contracts."""

    data: list[ContractAnswer]


class RangeAnswer(TypedDict):
    """Numbers of a contract, and how many of them other parcels cannot get any more."""

    first: int
    last: int
    is_live: bool
    used: int
    left: int


class OneRange(TypedDict):
    """One range of numbers."""

    data: RangeAnswer


class Ranges(TypedDict):
    """The ranges of a contract, in the order in which they are used up."""

    data: list[RangeAnswer]


class FieldChoice(TypedDict):
    """A value that a field of a contract can have."""

    code: str
    description: str


class FieldAnswer(TypedDict):
    """What a carrier asks for in a contract."""

    name: str
    description: str
    required: bool
    type: FieldType
    choices: NotRequired[list[FieldChoice]]


class ContractSchema(TypedDict):
    """Everything that one carrier asks for in a contract."""

    carrier_code: str
    fields: list[FieldAnswer]


class ContractSchemas(TypedDict):
    """What carriers ask for."""

    data: list[ContractSchema]


def contract_answer(contract: Contract, context: Context) -> ContractAnswer:
    """A contract as it is answered."""
    # A carrier whose package is not installed any more is named by its code.
    carrier = context.installation.carriers.find(contract.carrier_code)
    return {
        "id": contract.id,
        "client_id": contract.client_id,
        "carrier": {"code": contract.carrier_code, "name": carrier.name if carrier else contract.carrier_code},
        "name": contract.name,
        "country_code": contract.country_code,
        "country": contract.country_code,
        "is_default_per_carrier": contract.is_default,
        "is_default": contract.is_default,
        "is_active": contract.is_active,
        "is_live": contract.is_live,
        "state": contract.state,
        "type": contract.type,
        "error": contract.error,
    }


def range_answer(numbers: NumberRange) -> RangeAnswer:
    """A range of numbers as it is answered."""
    return {
        "first": numbers.first,
        "last": numbers.last,
        "is_live": numbers.is_live,
        "used": numbers.used,
        "left": numbers.left,
    }


def schema_answer(carrier: Carrier) -> ContractSchema:
    """What a carrier asks for, as it is answered."""
    return {"carrier_code": carrier.code, "fields": [_field(field) for field in form_of(carrier)]}


def _field(field: ContractField) -> FieldAnswer:
    answered: FieldAnswer = {
        "name": field.name,
        "description": field.description,
        "required": field.is_required,
        "type": field.type,
    }
    if field.choices:
        answered["choices"] = [{"code": code, "description": text} for code, text in field.choices.items()]
    return answered
