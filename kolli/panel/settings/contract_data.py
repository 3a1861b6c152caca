"""What a carrier asks for in a contract: filled in for a new one, and replaced later.

What is secret is only ever written: a page says that it is kept, and never what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from kolli.account.contracts import Contract
from kolli.account.users import Right
from kolli.carriers.base import AsksForContracts, Carrier, ContractField, Numbers
from kolli.errors import KolliError
from kolli.operations.contract_forms import CLIENT_ID, COMMON, COUNTRY, NAME, form_of, mistakes_in
from kolli.operations.contracts import ContractChange, NewContract, carrier_of, change_contract, create_contract
from kolli.panel.forms import NO_PROBLEMS, WHOLE, Problems, problems_of
from kolli.panel.settings.changes import Stale, stamp_of
from kolli.panel.settings.contracts import PATH, contract_name, stored, writing
from kolli.panel.settings.once import SentBefore, write_once
from kolli.panel.web import PanelRequest, Route


@dataclass(frozen=True)
class Asked:
    """One field of the form. `name` is what it is called there: what is secret is never shown again."""

    field: ContractField
    label: str
    value: str = ""
    is_kept: bool = False

    @property
    def name(self) -> str:
        """The name of its input."""
        return input_name(self.field)


def input_name(field: ContractField) -> str:
    """The name of the input of a field; forms never show again what is called a password."""
    return f"password_{field.name}" if field.is_secret else f"field_{field.name}"


def show_new(request: PanelRequest) -> Response:
    """The carriers there are, or the form of the one that was chosen."""
    carrier = _carrier(request, request.query.get("carrier", ""))
    if carrier is None:
        choices = [each for each in request.installation.carriers if isinstance(each, AsksForContracts)]
        return request.page("settings/contracts/choose.html", section="contracts", carriers=choices)
    return _new(request, carrier)


def add(request: PanelRequest) -> Response:
    """Makes a contract. What the carrier has against it is told on its page."""
    form = request.form
    carrier = _carrier(request, form.text("carrier"))
    if carrier is None:
        return request.redirect(f"{PATH}new/")
    answers = _answers(request, carrier, {})
    problems = _mistakes(carrier, answers)
    if problems:
        return _new(request, carrier, 422, problems)
    wanted = NewContract(carrier.code, answers, is_active=form.flag("is_active"), is_default=form.flag("is_default"))
    done = ("contract.add", str(answers.get(NAME) or carrier.name))
    details = {"carrier": carrier.code, "fields": ", ".join(answers)}
    try:
        added = create_contract(
            wanted, request.account_id, request.installation, write=lambda: write_once(request, done, **details)
        )
    except SentBefore:
        return request.redirect(PATH)
    except KolliError as error:
        return _new(request, carrier, 422, problems_of(error, _names(carrier)))
    notice = request._("The contract is stored. Its labels are tests until you say otherwise.")
    if isinstance(carrier, Numbers) and added.error is None:
        notice = request._("The contract is stored. Give it the numbers that the carrier has assigned to you.")
    return request.redirect(f"{PATH}{added.id}/", notice)


def show(request: PanelRequest) -> Response:
    """What the carrier knows of a contract, to be replaced."""
    return _page(request, stored(request))


def save(request: PanelRequest) -> Response:
    """Gives a contract other data. One that was used is replaced by another that says so."""
    known = stored(request)
    carrier = carrier_of(known, request.installation)
    before = dict(request.installation.vault.find(known.sealed_data) or {})
    answers = _answers(request, carrier, before)
    if problems := _mistakes(carrier, answers):
        return _page(request, known, 422, problems)
    asked = {field.name for field in form_of(carrier) if field not in COMMON}
    fields = [name for name in sorted(asked) if answers.get(name, "") != before.get(name, "")]
    change = ContractChange(answers, is_active=True if known.state == "validation_failed" else None)
    write = writing(request, "contract.data", known, {"fields": ", ".join(fields) or "–"})
    try:
        changed = change_contract(known.id, change, request.account_id, request.installation, write=write)
    except Stale as error:
        text = request._("Look at it again: what you typed stands in the form, and counts when you save once more.")
        problems = problems_of(error)
        problems.add(WHOLE, text)
        return _page(request, stored(request), 409, problems)
    except KolliError as error:
        return _page(request, known, 422, problems_of(error, _names(carrier)))
    notice = request._("Saved.")
    if changed.id != known.id:
        text = request._("Something was shipped under the old data, so that %(new)s takes the place of %(old)s.")
        notice = text % {"new": contract_name(changed), "old": known.id}
    return request.redirect(f"{PATH}{changed.id}/", notice)


def _carrier(request: PanelRequest, code: str) -> Carrier | None:
    carrier = request.installation.carriers.find(code)
    is_asking = carrier is not None and isinstance(carrier, AsksForContracts)
    return carrier if is_asking else None


def _new(request: PanelRequest, carrier: Carrier, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    return request.page(
        "settings/contracts/new.html",
        status=status,
        problems=problems,
        section="contracts",
        carrier=carrier,
        asked=[Asked(field, _label(request, field)) for field in form_of(carrier)],
    )


def _page(request: PanelRequest, known: Contract, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    carrier = carrier_of(known, request.installation)
    data = request.installation.vault.find(known.sealed_data)
    said = {NAME: known.name, COUNTRY: known.country_code, CLIENT_ID: known.client_id or "", **(data or {})}
    asked = [
        Asked(
            field,
            _label(request, field),
            value="" if field.is_secret else said.get(field.name, ""),
            is_kept=field.is_secret and bool(said.get(field.name)),
        )
        for field in form_of(carrier)
    ]
    return request.page(
        "settings/contracts/data.html",
        status=status,
        problems=problems,
        section="contracts",
        contract=known,
        carrier=carrier,
        asked=asked,
        is_lost=data is None,
        stamp=stamp_of(known),
    )


def _answers(request: PanelRequest, carrier: Carrier, before: Mapping[str, str]) -> dict[str, str]:
    """What was typed. A secret that was left empty is the one that is kept, unless it is to go."""
    form, found = request.form, {}
    for field in form_of(carrier):
        name = input_name(field)
        answer = form.raw(name) if field.is_secret else form.text(name)
        if field.is_secret and not answer and not form.flag(f"forget_{field.name}"):
            answer = before.get(field.name, "")
        if answer:
            found[field.name] = answer
    return found


def _mistakes(carrier: Carrier, answers: Mapping[str, str]) -> Problems:
    problems, names = Problems(), _names(carrier)
    for mistake in mistakes_in(carrier, answers):
        problems.add(names.get(mistake.field or "", WHOLE), mistake.message)
    return problems


def _names(carrier: Carrier) -> dict[str, str]:
    return {field.name: input_name(field) for field in form_of(carrier)}


def _label(request: PanelRequest, field: ContractField) -> str:
    known = {
        NAME: request._("What you call it"),
        COUNTRY: request._("Country of the contract"),
        CLIENT_ID: request._("What the carrier knows you by"),
    }
    return known.get(field.name) or field.name.replace("_", " ").capitalize()


ROUTES = (
    Route("GET", f"{PATH}new/", show_new, Right.MANAGE, is_fresh=True),
    Route("POST", f"{PATH}new/", add, Right.MANAGE, is_fresh=True),
    Route("GET", f"{PATH}{{id:int}}/data/", show, Right.MANAGE, is_fresh=True),
    Route("POST", f"{PATH}{{id:int}}/data/", save, Right.MANAGE, is_fresh=True),
)
