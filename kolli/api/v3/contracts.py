"""Contracts: the agreements under which the account ships with carriers."""

from typing import NotRequired

from starlette.datastructures import QueryParams
from typing_extensions import TypedDict

from kolli.account.contracts import (
    Contract,
    ContractFilters,
    ContractState,
    ContractType,
    get_contract,
    list_contracts,
)
from kolli.api.endpoint import Answer, Endpoint, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Rejected, problem
from kolli.api.lists import PARAMETERS, links, read_page_of_ids
from kolli.carriers.base import AsksForContracts, Carrier, ContractField, FieldType
from kolli.errors import Impossible
from kolli.operations.context import Context

SCOPE = "read:operational-settings"

TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class CarrierAnswer(TypedDict):
    """A carrier, by its code and its name."""

    code: str
    name: str


class ContractAnswer(TypedDict):
    """A contract, without its secrets. The country stands there under both names that the API has for it."""

    id: int
    client_id: str | None
    carrier: CarrierAnswer
    name: str
    country_code: str
    country: str
    is_default_per_carrier: bool
    state: ContractState
    type: ContractType
    error: str | None


class OneContract(TypedDict):
    """One contract."""

    data: ContractAnswer


class Contracts(TypedDict):
    """One page of contracts."""

    data: list[ContractAnswer]


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


def list_all_contracts(request: Request, context: Context) -> Answer:
    """One page of the account's contracts that pass the filters, oldest first."""
    filters = _read_filters(request.query, context)
    page = read_page_of_ids(request)
    with context.database.read() as transaction:
        listed = list_contracts(transaction, context.account_id, filters, page)
    data: Contracts = {"data": [_answered(contract, context) for contract in listed.records]}
    return Answer(200, data, links("/api/v3/contracts", request, context, listed))


def retrieve_contract(request: Request, context: Context) -> Answer:
    """One contract."""
    with context.database.read() as transaction:
        contract = get_contract(transaction, context.account_id, request.id)
    data: OneContract = {"data": _answered(contract, context)}
    return Answer(200, data)


def list_contract_schemas(request: Request, context: Context) -> Answer:
    """What carriers ask for in a contract; only those that ask for something."""
    wanted = _read_carrier_code(request.query, context)
    schemas = [
        _schema(carrier, carrier.contract_form)
        for carrier in context.installation.carriers
        if isinstance(carrier, AsksForContracts) and wanted in {None, carrier.code}
    ]
    data: ContractSchemas = {"data": schemas}
    return Answer(200, data)


def _read_filters(query: QueryParams, context: Context) -> ContractFilters:
    """The filters in the query. An empty parameter filters nothing."""
    return ContractFilters(
        carrier_code=_read_carrier_code(query, context),
        is_active=_read_truth("is_active", query.get("is_active")),
        client_id=query.get("client_id") or None,
        name=query.get("name") or None,
        country_code=query.get("country_code", "").upper() or None,
    )


def _read_carrier_code(query: QueryParams, context: Context) -> str | None:
    """The carrier that is asked for. Source of the text and the place: Contracts, example of a 400 (2026-07)."""
    code = query.get("carrier_code") or None
    if code is not None and context.installation.carriers.find(code) is None:
        detail = f"Value error, Carrier {code[:100]} does not exist."
        raise Rejected(400, [problem(WIRE[Impossible], detail, parameter="query carrier")])
    return code


def _read_truth(name: str, text: str | None) -> bool | None:
    if not text:
        return None
    if text.lower() not in TRUTHS:
        detail = f"Input should be a valid boolean, true or false, not {text[:20]!r}"
        raise Rejected(400, [problem(INVALID, detail, parameter=name)])
    return TRUTHS[text.lower()]


def _answered(contract: Contract, context: Context) -> ContractAnswer:
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
        "state": contract.state,
        "type": contract.type,
        "error": contract.error,
    }


def _schema(carrier: Carrier, form: tuple[ContractField, ...]) -> ContractSchema:
    return {"carrier_code": carrier.code, "fields": [_field(field) for field in form]}


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


_CARRIER_CODE = Parameter("carrier_code", "The code of a carrier that is installed.")

_FILTERS = [
    _CARRIER_CODE,
    Parameter("is_active", "Whether it can be shipped under the contract.", {"type": "boolean"}),
    Parameter("client_id", "What the carrier knows the account by; exactly this."),
    Parameter("name", "The name of the contract; exactly this."),
    Parameter("country_code", "The country of the contract (ISO 3166-1 alpha-2)."),
]

ROUTES = [
    Endpoint(
        "GET",
        "/contracts",
        list_all_contracts,
        "Retrieve a list of contracts",
        scope=SCOPE,
        parameters=[*_FILTERS, *PARAMETERS],
        answers={200: Contracts},
        errors=[404],
    ),
    Endpoint(
        "GET",
        "/contracts/{id:int}",
        retrieve_contract,
        "Retrieve a contract",
        scope=SCOPE,
        answers={200: OneContract},
    ),
    Endpoint(
        "GET",
        "/contracts/schemas",
        list_contract_schemas,
        "Retrieve a list of contract schemas",
        scope=SCOPE,
        parameters=[_CARRIER_CODE],
        answers={200: ContractSchemas},
    ),
]
