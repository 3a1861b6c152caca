"""Contracts: what each says, its numbers and how long they last, test and live, and what still uses one that goes."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.contracts import Contract, all_contracts, get_contract
from kolli.account.number_ranges import ranges_overlapping
from kolli.account.users import Right
from kolli.api.v3.contracts import WantedChange, WantedRange
from kolli.carriers.base import AsksForContracts, Numbers
from kolli.errors import KolliError
from kolli.operations.context import Write
from kolli.operations.contracts import ContractChange, change_contract, delete_contract, give_numbers
from kolli.operations.figures import NumbersLeft, numbers_left
from kolli.operations.references import uses_of_contract
from kolli.panel.forms import NO_PROBLEMS, WHOLE, Problems, checked, problems_of
from kolli.panel.settings.changes import Difference, Stale, differences, stamp_of, told, write_if_fresh
from kolli.panel.web import PanelRequest, Route

PATH = "/panel/settings/contracts/"

_CHANGE = TypeAdapter(WantedChange)
_RANGE = TypeAdapter(WantedRange)


@dataclass(frozen=True)
class Shown:
    """A contract as the pages show it."""

    contract: Contract
    carrier_name: str
    is_installed: bool
    takes_numbers: bool
    numbers: tuple[NumbersLeft, ...]

    @property
    def low(self) -> tuple[NumbersLeft, ...]:
        """Those of its numbers that run out."""
        return tuple(each for each in self.numbers if each.is_low)


def show_all(request: PanelRequest) -> Response:
    """Every contract, with how long its numbers last."""
    with request.context.database.read() as transaction:
        known = all_contracts(transaction, request.account_id)
    numbers = numbers_left(request.context)
    shown = [_shown(request, contract, numbers) for contract in known]
    shown.sort(key=lambda each: (each.carrier_name.casefold(), not each.contract.is_default, each.contract.id))
    return request.page("settings/contracts/list.html", section="contracts", contracts=shown)


def show(request: PanelRequest) -> Response:
    """One contract."""
    return contract_page(request, stored(request))


def save(request: PanelRequest) -> Response:
    """Gives a contract another name, or stops or starts shipping under it."""
    known, problems = stored(request), Problems()
    typed = {"name": request.form.text("name"), "is_active": "yes" if request.form.flag("is_active") else "no"}
    is_settled = known.state in {"active", "inactive"}
    document = {"name": typed["name"], "is_active": request.form.flag("is_active") if is_settled else None}
    body = checked(_CHANGE, document, {"name": "name", "is_active": "is_active"}, problems)
    if body is None:
        return contract_page(request, known, 422, problems)
    change = ContractChange(name=body.name, is_active=body.is_active)
    after = {**typed, "name": body.name or known.name}
    try:
        write = writing(request, "contract.change", known, told(_values(known), after))
        change_contract(known.id, change, request.account_id, request.installation, write=write)
    except Stale:
        known = stored(request)
        labels = {"name": request._("Name"), "is_active": request._("Ship under it")}
        return contract_page(request, known, 409, differing=differences(labels, _values(known), typed))
    except KolliError as error:
        return contract_page(request, known, 422, problems_of(error, known=["name", "is_active"]))
    return request.redirect(f"{PATH}{known.id}/", request._("Saved."))


def switch(request: PanelRequest) -> Response:
    """Marks a contract as live, or back to tests."""
    known, is_live = stored(request), request.form.text("to") == "live"
    change, details = ContractChange(is_live=is_live), {"is_live": "test → live" if is_live else "live → test"}
    notice = request._("Labels under this contract are real from now on, and so is what they cost.")
    if not is_live:
        notice = request._("Labels under this contract are tests from now on.")
    write = writing(request, "contract.live" if is_live else "contract.test", known, details)
    return _change(request, write, change, notice)


def make_default(request: PanelRequest) -> Response:
    """Makes a contract the one that counts with its carrier where nobody names one."""
    known = stored(request)
    notice = request._("It counts with this carrier from now on where nobody names a contract.")
    write = writing(request, "contract.default", known, {"carrier": known.carrier_code})
    return _change(request, write, ContractChange(is_default=True), notice)


def add_range(request: PanelRequest) -> Response:
    """Gives a contract more numbers."""
    known, form, problems = stored(request), request.form, Problems()
    for name in ("first", "last"):
        if form.number(name) is None:
            problems.add(name, request._("Write it with digits only, as the carrier has given it."))
    document = {"first": form.number("first"), "last": form.number("last"), "is_live": form.text("kind") == "live"}
    names = {"first": "first", "last": "last"}
    body = None if problems else checked(_RANGE, document, names, problems)
    if body is None:
        return contract_page(request, known, 422, problems, typed=_typed_numbers(request, known))
    numbers, kind = (body.first, body.last), "live" if body.is_live else "test"
    done, details = ("contract.range_add", contract_name(known)), {"range": f"{body.first} to {body.last}", "for": kind}
    try:
        give_numbers(
            known.id,
            numbers,
            request.account_id,
            request.installation,
            is_live=body.is_live,
            write=lambda: request.write(*done, **details),
        )
    except KolliError as error:
        problems = problems_of(error, {"number_range": "first", "contract_id": WHOLE}, ["first", "last"])
        if error.field == "number_range":
            problems.add("first", _overlaps(request, known, numbers))
        return contract_page(request, known, 422, problems, typed=_typed_numbers(request, known))
    return request.redirect(f"{PATH}{known.id}/", request._("The contract has these numbers now."))


def ask_to_remove(request: PanelRequest) -> Response:
    """What still uses a contract, before it goes."""
    known = stored(request)
    with request.context.database.read() as transaction:
        uses = uses_of_contract(transaction, request.account_id, known.id)
    return request.page(
        "settings/contracts/remove.html", section="contracts", contract=known, uses=uses, stamp=stamp_of(known)
    )


def remove(request: PanelRequest) -> Response:
    """Removes a contract. What was shipped under it can still be printed, followed and cancelled."""
    known = stored(request)
    try:
        write = writing(request, "contract.remove", known, {"carrier": known.carrier_code})
        delete_contract(known.id, request.account_id, request.installation, write=write)
    except KolliError as error:
        return contract_page(request, stored(request), 409, problems_of(error))
    return request.redirect(PATH, request._("The contract is gone. What was shipped under it stays as it is."))


def stored(request: PanelRequest) -> Contract:
    """The contract in the address."""
    with request.context.database.read() as transaction:
        return get_contract(transaction, request.account_id, request.id)


def writing(request: PanelRequest, action: str, known: Contract, details: Mapping[str, str]) -> Write:
    """Opens the transaction of an operation, with its line in the audit trail; Stale when the contract has changed."""

    def read(transaction: Connection) -> Contract:
        return get_contract(transaction, request.account_id, known.id)

    return lambda: write_if_fresh(request, (action, contract_name(known)), read, details)


def contract_page(
    request: PanelRequest,
    contract: Contract,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    *,
    differing: list[Difference] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    """The page of one contract. `typed` are fields of a form that could not be taken; else those of its name."""
    installation, account_id = request.installation, request.account_id
    with request.context.database.read() as transaction:
        uses = uses_of_contract(transaction, account_id, contract.id)
    data = installation.vault.find(contract.sealed_data)
    shown = _shown(request, contract, numbers_left(request.context))
    is_about_name = "name" in request.form.values
    return request.page(
        "settings/contracts/contract.html",
        status=status,
        problems=problems,
        section="contracts",
        shown=shown,
        path=f"{PATH}{contract.id}/",
        contract=contract,
        uses=uses,
        answered=sorted(data) if data else [],
        is_lost=data is None,
        differences=differing,
        typed=typed if typed is not None else request.form.kept() if is_about_name else {},
        stamp=stamp_of(contract),
    )


def _shown(request: PanelRequest, contract: Contract, numbers: list[NumbersLeft]) -> Shown:
    carrier = request.installation.carriers.find(contract.carrier_code)
    return Shown(
        contract,
        carrier.name if carrier else contract.carrier_code,
        isinstance(carrier, AsksForContracts),
        isinstance(carrier, Numbers),
        tuple(each for each in numbers if each.contract_id == contract.id),
    )


def _change(request: PanelRequest, write: Write, change: ContractChange, notice: str) -> Response:
    """Changes the contract in the address, and says so; on its page, what stands in the way."""
    known = stored(request)
    try:
        change_contract(known.id, change, request.account_id, request.installation, write=write)
    except KolliError as error:
        status = 409 if isinstance(error, Stale) else 422
        return contract_page(request, stored(request), status, problems_of(error))
    return request.redirect(f"{PATH}{known.id}/", notice)


def _typed_numbers(request: PanelRequest, known: Contract) -> dict[str, str]:
    """What was typed about numbers; the box in the other form on the page is ticked as it was."""
    kept = request.form.kept()
    typed = {name: kept.get(name, "") for name in ("first", "last", "kind")}
    return {**typed, "is_active": "on"} if known.is_active else typed


def _overlaps(request: PanelRequest, known: Contract, numbers: tuple[int, int]) -> str:
    with request.context.database.read() as transaction:
        found = ranges_overlapping(transaction, request.account_id, known.carrier_code, numbers)
    if not found:
        return request._("Somebody else on this installation has them. Look again at what the carrier has given you.")
    contract_id, first, last = found[0]
    text = request._("That range is %(first)s to %(last)s, of the contract %(contract)s.")
    return text % {"first": first, "last": last, "contract": contract_id}


def _values(contract: Contract) -> dict[str, str]:
    return {"name": contract.name, "is_active": "yes" if contract.is_active else "no"}


def contract_name(contract: Contract) -> str:
    """What a person knows it by."""
    return f"{contract.name} ({contract.id})"


ROUTES = (
    Route("GET", PATH, show_all, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/", save, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/switch/", switch, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/default/", make_default, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/numbers/", add_range, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/remove/", ask_to_remove, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/remove/", remove, Right.MANAGE),
)
