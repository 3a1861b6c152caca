"""Contracts: the agreements under which the account ships with carriers."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter
from starlette.datastructures import QueryParams

from kolli.account.contracts import (
    LONGEST_NAME,
    ContractFilters,
    get_contract,
    list_contracts,
)
from kolli.account.number_ranges import LARGEST_NUMBER, list_number_ranges
from kolli.api.endpoint import Answer, Endpoint, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Pointers, Rejected, problem, problem_of
from kolli.api.lists import PARAMETERS, links, read_page_of_ids
from kolli.api.v3.common import Schema, Whole
from kolli.api.v3.contract_answers import (
    Contracts,
    ContractSchemas,
    OneContract,
    OneRange,
    Ranges,
    contract_answer,
    range_answer,
    schema_answer,
)
from kolli.api.v3.order_document import title
from kolli.carriers.base import AsksForContracts, Carrier
from kolli.errors import Impossible
from kolli.operations.context import Context
from kolli.operations.contract_forms import LONGEST_VALUE, mistakes_in
from kolli.operations.contracts import (
    ContractChange,
    NewContract,
    carrier_of,
    change_contract,
    create_contract,
    delete_contract,
    give_numbers,
)

SCOPE = "read:operational-settings"
CHANGES = "write:operational-settings"

POINTERS = Pointers(
    root="/data", fields={"is_default": "is_default_per_carrier", "number_range": "contract_data"}, says_required=True
)
"""What stands in `contract_data` is found at `/data/<its name>`. Source: Contracts, examples of 400 (2026-07)."""

OF_RANGE = Pointers(root="/data", fields={"number_range": "first"}, says_required=True)

TRUTHS = {"true": True, "1": True, "false": False, "0": False}


ContractData = Annotated[
    dict[str, Any], Field(json_schema_extra={"additionalProperties": {"type": "string", "maxLength": LONGEST_VALUE}})
]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(title)]


class WantedContract(Schema):
    """A new contract. What belongs into `contract_data` is told by `GET /contracts/schemas`."""

    carrier_code: str
    contract_data: ContractData
    name: Name | None = None
    is_active: bool = False
    is_default_per_carrier: bool = False


class WantedChange(Schema):
    """What is to be changed about a contract. `contract_data` replaces all that was there."""

    contract_data: ContractData | None = None
    name: Name | None = None
    is_active: bool | None = None
    is_default_per_carrier: bool | None = None
    is_live: bool | None = None


class WantedRange(Schema):
    """Numbers that the carrier has assigned to a contract, both ends included."""

    first: Annotated[Whole, Field(ge=1, le=LARGEST_NUMBER)]
    last: Annotated[Whole, Field(ge=1, le=LARGEST_NUMBER)]
    is_live: bool = False


def list_all_contracts(request: Request, context: Context) -> Answer:
    """One page of the account's contracts that pass the filters, oldest first."""
    filters = _read_filters(request.query, context)
    page = read_page_of_ids(request)
    with context.database.read() as transaction:
        listed = list_contracts(transaction, context.account_id, filters, page)
    data: Contracts = {"data": [contract_answer(contract, context) for contract in listed.records]}
    return Answer(200, data, links("/api/v3/contracts", request, context, listed))


def retrieve_contract(request: Request, context: Context) -> Answer:
    """One contract."""
    with context.database.read() as transaction:
        contract = get_contract(transaction, context.account_id, request.id)
    data: OneContract = {"data": contract_answer(contract, context)}
    return Answer(200, data)


_WANTED_CONTRACT = TypeAdapter(WantedContract)
_WANTED_CHANGE = TypeAdapter(WantedChange)
_WANTED_RANGE = TypeAdapter(WantedRange)


def make_contract(request: Request, context: Context) -> Answer:
    """Makes a contract, and says at once whether it can be shipped under."""
    body = request.read(_WANTED_CONTRACT, POINTERS)
    carrier = context.installation.carriers.find(body.carrier_code)
    if carrier is None:
        raise _unknown_carrier(body.carrier_code, pointer="/data/carrier_code")
    _check_form(carrier, body.contract_data)
    wanted = NewContract(
        carrier.code, body.contract_data, body.name, is_active=body.is_active, is_default=body.is_default_per_carrier
    )
    contract = create_contract(wanted, context.account_id, context.installation, write=context.write)
    data: OneContract = {"data": contract_answer(contract, context)}
    return Answer(201, data)


def patch_contract(request: Request, context: Context) -> Answer:
    """Changes a contract, or replaces it by one with another id."""
    body = request.read(_WANTED_CHANGE, POINTERS)
    with context.database.read() as transaction:
        known = get_contract(transaction, context.account_id, request.id)
    if body.contract_data is not None:
        _check_form(carrier_of(known, context.installation), body.contract_data)
    change = ContractChange(
        body.contract_data, body.name, body.is_active, is_default=body.is_default_per_carrier, is_live=body.is_live
    )
    contract = change_contract(request.id, change, context.account_id, context.installation, write=context.write)
    data: OneContract = {"data": contract_answer(contract, context)}
    return Answer(200, data)


def remove_contract(request: Request, context: Context) -> Answer:
    """Removes a contract. What was shipped under it stays."""
    delete_contract(request.id, context.account_id, context.installation, write=context.write)
    return Answer(204)


def list_ranges(request: Request, context: Context) -> Answer:
    """The number ranges of a contract."""
    with context.database.read() as transaction:
        contract = get_contract(transaction, context.account_id, request.id)
        ranges = list_number_ranges(transaction, context.account_id, contract.id)
    data: Ranges = {"data": [range_answer(each) for each in ranges]}
    return Answer(200, data)


def add_range(request: Request, context: Context) -> Answer:
    """Gives a contract more numbers."""
    body = request.read(_WANTED_RANGE, OF_RANGE)
    numbers = (body.first, body.last)
    installation, is_live = context.installation, body.is_live
    added = give_numbers(request.id, numbers, context.account_id, installation, is_live=is_live, write=context.write)
    data: OneRange = {"data": range_answer(added)}
    return Answer(201, data)


def list_contract_schemas(request: Request, context: Context) -> Answer:
    """What carriers ask for in a contract; only those that ask for something."""
    wanted = _read_carrier_code(request.query, context)
    schemas = [
        schema_answer(carrier)
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
        raise _unknown_carrier(code, parameter="query carrier")
    return code


def _unknown_carrier(code: str, pointer: str | None = None, *, parameter: str | None = None) -> Rejected:
    detail = f"Value error, Carrier {code[:100]} does not exist."
    return Rejected(400, [problem(WIRE[Impossible], detail, pointer, parameter=parameter)])


def _check_form(carrier: Carrier, answers: Mapping[str, object]) -> None:
    """Rejected with everything that is wrong with the data of a contract."""
    if mistakes := mistakes_in(carrier, answers):
        raise Rejected(400, [problem_of(mistake, POINTERS) for mistake in mistakes])


def _read_truth(name: str, text: str | None) -> bool | None:
    if not text:
        return None
    if text.lower() not in TRUTHS:
        detail = f"Input should be a valid boolean, true or false, not {text[:20]!r}"
        raise Rejected(400, [problem(INVALID, detail, parameter=name)])
    return TRUTHS[text.lower()]


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
        "POST",
        "/contracts",
        make_contract,
        "Create a contract for a carrier",
        POINTERS,
        scope=CHANGES,
        body=_WANTED_CONTRACT,
        answers={201: OneContract},
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
        "PATCH",
        "/contracts/{id:int}",
        patch_contract,
        "Update a contract",
        POINTERS,
        scope=CHANGES,
        body=_WANTED_CHANGE,
        answers={200: OneContract},
    ),
    Endpoint(
        "DELETE",
        "/contracts/{id:int}",
        remove_contract,
        "Delete a contract",
        scope=CHANGES,
        answers={204: None},
    ),
    Endpoint(
        "GET",
        "/contracts/{id:int}/number-ranges",
        list_ranges,
        "Retrieve the number ranges of a contract",
        scope=SCOPE,
        answers={200: Ranges},
        is_extension=True,
    ),
    Endpoint(
        "POST",
        "/contracts/{id:int}/number-ranges",
        add_range,
        "Give a contract a number range",
        OF_RANGE,
        scope=CHANGES,
        body=_WANTED_RANGE,
        answers={201: OneRange},
        is_extension=True,
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
