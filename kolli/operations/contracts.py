"""Contracts are made, changed, replaced and removed, and get their numbers.

What a contract says is checked before it is stored: by the carrier's form, then by the carrier itself. `write` opens
the transaction: that of a caller's request, where there is one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection

from kolli.account.accounts import get_account, update_account
from kolli.account.contracts import (
    Contract,
    ContractState,
    add_contract,
    contracts_with,
    get_contract,
    make_default,
    remove_contract,
    update_contract,
)
from kolli.account.number_ranges import (
    Alike,
    Numbering,
    NumberRange,
    add_number_range,
    check_number_ranges,
    end_number_ranges,
    hand_over_numbers,
    list_number_ranges,
)
from kolli.account.pending import clear_pending
from kolli.account.rates import list_rate_sheets, remove_rate_sheet, replace_rate_sheets
from kolli.carriers.base import Carrier, Numbers
from kolli.carriers.registry import Carriers
from kolli.errors import CarrierRejected, Conflict, Impossible, Invalid
from kolli.operations.context import Installation, Write
from kolli.operations.contract_forms import FilledForm, problem_with, read_form
from kolli.rules.actions import ACTIONS
from kolli.rules.queries import list_rules, update_rule
from kolli.shipments.queries import has_shipments_under

MOST_CONTRACTS = 1_000
"""Contracts of one account with one carrier."""


@dataclass(frozen=True)
class NewContract:
    """A contract that is wanted. `answers` are those to the carrier's form."""

    carrier_code: str
    answers: Mapping[str, object] = field(repr=False)
    name: str | None = None  # beats the one among the answers
    is_active: bool = False
    is_default: bool = False


@dataclass(frozen=True)
class ContractChange:
    """What is to be changed about a contract; None stays as it is. `answers` replace all that were given before."""

    answers: Mapping[str, object] | None = field(default=None, repr=False)
    name: str | None = None
    is_active: bool | None = None
    is_default: bool | None = None
    is_live: bool | None = None


def create_contract(
    wanted: NewContract, account_id: int, installation: Installation, *, write: Write | None = None
) -> Contract:
    """Makes a contract; the first with a carrier becomes the default there.

    One that the carrier has something against is stored, with the state `validation_failed` and the reason. Raises
    Invalid for the first mistake in the form; Impossible.
    """
    carrier = installation.carriers.get(wanted.carrier_code)
    form = read_form(carrier, wanted.answers)
    problem = problem_with(carrier, form.data)
    working: ContractState = "active" if wanted.is_active else "inactive"
    contract_id = installation.sequences.take_id()
    with (write or installation.database.write)() as transaction:
        others = contracts_with(transaction, account_id, carrier.code)
        if len(others) >= MOST_CONTRACTS:
            raise Impossible(f"An account can have {MOST_CONTRACTS} contracts with a carrier. Remove one first.")
        contract = Contract(
            contract_id,
            carrier.code,
            wanted.name or form.name or carrier.name,
            sealed_data=installation.vault.seal(form.data),
            country_code=form.country_code or "",
            client_id=form.client_id,
            state="validation_failed" if problem else working,
            error=problem,
        )
        add_contract(transaction, account_id, contract)
        if wanted.is_default or not any(other.is_default for other in others):
            make_default(transaction, account_id, contract)
        return get_contract(transaction, account_id, contract_id)


def change_contract(
    contract_id: int, change: ContractChange, account_id: int, installation: Installation, *, write: Write | None = None
) -> Contract:
    """Changes a contract, or replaces it: what it says stays for ever once something has been shipped under it.

    Gives the contract as it is now, which has another id when it is a new one. What the carrier has something against
    is refused, and changes nothing. Raises NotFound; Invalid for the first mistake in the form; Impossible.
    """
    with installation.database.read() as transaction:
        known = get_contract(transaction, account_id, contract_id)
        priced = [sheet for sheet in list_rate_sheets(transaction, account_id) if sheet.contract_id == contract_id]
    form = None if change.answers is None else _checked(known, change.answers, installation)
    ids = [installation.sequences.take_id() for _ in (known, *priced)] if form else []
    with (write or installation.database.write)() as transaction:
        known = get_contract(transaction, account_id, contract_id)
        wanted = _changed(known, change, form)
        if form is not None and dict(form.data) != installation.vault.find(known.sealed_data):
            wanted = replace(wanted, sealed_data=installation.vault.seal(form.data))
            if _is_used(transaction, account_id, contract_id):
                wanted = replace(wanted, id=ids[0])
                _replace(transaction, account_id, _Replacement(known, wanted, ids[1:]), installation)
            else:
                update_contract(transaction, account_id, wanted)
                alike = numbers_alike(installation.carriers)
                check_number_ranges(transaction, account_id, wanted, installation.vault, alike)
        elif wanted != known:
            update_contract(transaction, account_id, wanted)
        if wanted.is_live and not known.is_live:
            _check_live(transaction, account_id, wanted, installation)
            clear_pending(transaction, account_id)  # what was to go wrong with tests goes wrong with nothing else
        if change.is_default and not known.is_default:
            make_default(transaction, account_id, wanted)
        return get_contract(transaction, account_id, wanted.id)


def delete_contract(
    contract_id: int, account_id: int, installation: Installation, *, write: Write | None = None
) -> None:
    """Removes a contract, which must exist. What was shipped under it can still be cancelled and followed.

    Another one can be given the numbers that are left.
    """
    with (write or installation.database.write)() as transaction:
        known = get_contract(transaction, account_id, contract_id)
        remove_contract(transaction, account_id, known, installation.clock())
        end_number_ranges(transaction, account_id, contract_id)
        _move_default_of_account(transaction, account_id, contract_id, None)


def give_numbers(
    contract_id: int,
    numbers: tuple[int, int],
    account_id: int,
    installation: Installation,
    *,
    is_live: bool,
    write: Write | None = None,
) -> NumberRange:
    """Gives a contract the numbers from the first to the last of a pair. Raises NotFound; Invalid; Impossible."""
    first, last = numbers
    with (write or installation.database.write)() as transaction:
        contract = get_contract(transaction, account_id, contract_id)
        carrier = carrier_of(contract, installation)
        if not isinstance(carrier, Numbers):
            raise Impossible(f"{carrier.name} gives its parcels their numbers itself.", field="first")
        alike = numbers_alike(installation.carriers)
        vault = installation.vault
        add_number_range(transaction, account_id, contract_id, first, last, is_live=is_live, vault=vault, alike=alike)
        _check_ends(carrier, vault.open(contract.sealed_data), numbers)
        return list_number_ranges(transaction, account_id, contract_id)[-1]


def carrier_of(contract: Contract, installation: Installation) -> Carrier:
    """The carrier that a contract is with. Impossible when its package is not installed any more."""
    carrier = installation.carriers.find(contract.carrier_code)
    if carrier is None:
        raise Impossible(f"The carrier {contract.carrier_code!r} is not installed any more.", field="carrier_code")
    return carrier


def numbers_alike(carriers: Carriers) -> Alike:
    """What says whether two contracts make the same tracking number of a serial number.

    Carriers can have a kind of number in common: the items of one post have numbers of one form, whoever prints them.
    """

    def numbers(numbering: Numbering, serial: int) -> set[str]:
        carrier_code, data = numbering
        carrier = carriers.find(carrier_code)
        found = {_number(carrier, data, serial, code) for code in _codes(carrier)} if carrier else set()
        return {number for number in found if number is not None}

    def alike(one: Numbering, other: Numbering, serial: int) -> bool:
        return one == other or not numbers(one, serial).isdisjoint(numbers(other, serial))

    return alike


def _number(carrier: Carrier, data: Mapping[str, str], serial: int, option_code: str) -> str | None:
    try:
        return carrier.number(serial, data, option_code) if isinstance(carrier, Numbers) else None
    except CarrierRejected:
        return None


def _codes(carrier: Carrier) -> list[str]:
    """The codes of its options; one that is none for a carrier that leaves options to accounts."""
    return [option.code for option in carrier.options] or [f"{carrier.code}:"]


def _check_ends(carrier: Carrier, data: Mapping[str, str], numbers: tuple[int, int]) -> None:
    """Invalid when neither option makes a tracking number of the first and the last number of a range."""
    codes = _codes(carrier)
    if any(all(_number(carrier, data, serial, code) for serial in numbers) for code in codes):
        return
    for serial, name in zip(numbers, ("first", "last"), strict=True):
        try:
            if isinstance(carrier, Numbers):
                carrier.number(serial, data, codes[0])
        except CarrierRejected as error:
            raise Invalid(error.message, field=name) from error


def _checked(known: Contract, answers: Mapping[str, object], installation: Installation) -> FilledForm:
    carrier = carrier_of(known, installation)
    form = read_form(carrier, answers)
    problem = problem_with(carrier, form.data)
    if problem is not None:
        raise Impossible(problem, field="contract_data")
    return form


def _changed(known: Contract, change: ContractChange, form: FilledForm | None) -> Contract:
    """The contract with what the change names; Invalid when that cannot be."""
    if change.is_default is False and known.is_default:
        raise Invalid(
            "A default contract cannot be unset. Make another contract with this carrier the default.",
            field="is_default",
        )
    if change.is_default and not known.can_be_default:
        raise Invalid(f"A contract of the type {known.type!r} cannot be the default.", field="is_default")
    wanted = known
    if form is not None:
        wanted = replace(
            wanted,
            name=form.name or known.name,
            country_code=form.country_code or known.country_code,
            client_id=form.client_id or known.client_id,
            state="active" if known.is_active else "inactive",
            error=None,
        )
    if change.is_active is not None and wanted.state in {"validating", "validation_failed"}:
        if change.is_active:
            raise Impossible(f"The contract's state is {wanted.state!r}. Correct its data first.", field="is_active")
    elif change.is_active is not None:
        wanted = replace(wanted, state="active" if change.is_active else "inactive")
    return replace(
        wanted,
        name=change.name or wanted.name,
        is_live=known.is_live if change.is_live is None else change.is_live,
    )


def _check_live(transaction: Connection, account_id: int, contract: Contract, installation: Installation) -> None:
    """Impossible when a contract shall be live whose carrier's numbers we give, and it has none for live parcels."""
    if not isinstance(carrier_of(contract, installation), Numbers):
        return
    if not any(each.is_live for each in list_number_ranges(transaction, account_id, contract.id)):
        raise Impossible("The contract has no number range for live parcels. Give it one first.", field="is_live")


def _is_used(transaction: Connection, account_id: int, contract_id: int) -> bool:
    """Whether something has been shipped under a contract, or is about to be: then its numbers are handed out."""
    ranges = list_number_ranges(transaction, account_id, contract_id)
    return any(each.used for each in ranges) or has_shipments_under(transaction, account_id, contract_id)


class _Replacement(NamedTuple):
    """A contract, the one that takes its place, and ids for the rate sheets that move along."""

    before: Contract
    after: Contract
    sheet_ids: Sequence[int]


def _replace(transaction: Connection, account_id: int, change: _Replacement, installation: Installation) -> None:
    """Puts a contract in the place of another: with what is left of its numbers, and wherever that was chosen."""
    before, after, _ = change
    alike = numbers_alike(installation.carriers)
    add_contract(transaction, account_id, replace(after, is_default=False))
    if before.is_default:
        make_default(transaction, account_id, after)
    remove_contract(transaction, account_id, replace(before, is_default=False), installation.clock())
    hand_over_numbers(transaction, account_id, before.id, after.id, vault=installation.vault, alike=alike)
    _move_rates(transaction, account_id, change, installation)
    _move_rules(transaction, account_id, change, installation)
    _move_default_of_account(transaction, account_id, before.id, after.id)


def _move_rates(transaction: Connection, account_id: int, change: _Replacement, installation: Installation) -> None:
    sheets = [each for each in list_rate_sheets(transaction, account_id) if each.contract_id == change.before.id]
    if len(sheets) > len(change.sheet_ids):
        raise Conflict
    for sheet, fresh_id in zip(sheets, change.sheet_ids, strict=False):
        remove_rate_sheet(transaction, account_id, sheet.option_code, change.before.id)
        moved = replace(sheet, id=fresh_id, contract_id=change.after.id)
        replace_rate_sheets(transaction, account_id, [moved], installation.clock())


def _move_rules(transaction: Connection, account_id: int, change: _Replacement, installation: Installation) -> None:
    before, after = str(change.before.id), str(change.after.id)
    for rule in list_rules(transaction, account_id):
        actions = tuple(
            replace(action, value=after) if _names_contract(action.identifier) and action.value == before else action
            for action in rule.actions
        )
        if actions != rule.actions:
            update_rule(transaction, account_id, replace(rule, actions=actions), installation.clock())


def _names_contract(identifier: str) -> bool:
    entry = ACTIONS.get(identifier)
    return entry is not None and entry.choices == "contracts"


def _move_default_of_account(transaction: Connection, account_id: int, before: int, after: int | None) -> None:
    account = get_account(transaction, account_id)
    if account.defaults.contract_id == before:
        update_account(transaction, replace(account, defaults=replace(account.defaults, contract_id=after)))
