"""Contracts follow their rules whoever changes them at the same time, and no number is handed out twice."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from kolli.account.accounts import Account, Defaults, get_account, revision_of, update_account
from kolli.account.contracts import all_contracts, find_any_contract, get_contract
from kolli.account.number_ranges import list_number_ranges
from kolli.account.rates import Rate, RateSheet, list_rate_sheets, replace_rate_sheets
from kolli.carriers.base import Carrier, ContractField
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.carriers.upu_s10 import PostalItems
from kolli.errors import (
    CarrierUnavailable,
    Conflict,
    Impossible,
    Invalid,
    InvalidChoice,
    Missing,
    NotFound,
    UnknownField,
    Unreachable,
)
from kolli.operations.announce import announce
from kolli.operations.contract_forms import MOST_UNKNOWN, form_of, mistakes_in, read_form
from kolli.operations.contracts import (
    ContractChange,
    NewContract,
    change_contract,
    create_contract,
    delete_contract,
    give_numbers,
)
from kolli.operations.secrets import rotate
from kolli.operations.ship_order import Choice, ShipOrder, decided
from kolli.orders.model import ShipWith
from kolli.rules.model import Action, Condition, Rule
from kolli.rules.queries import add_rule, list_rules
from tests.factories import NOW, a_caller, an_installation, an_order, kilograms

CUSTOMER = {"customer_code": "KOLL", "password": "hunter2"}


class AskingPostNL(PostNL):
    """PostNL, asking for more: a password that is no part of its numbers, and answers of each type."""

    contract_form = (  # type: ignore[assignment]
        *PostNL.contract_form,
        ContractField("password", "Its password.", is_secret=True),
        ContractField("express", "Whether it is fast.", is_required=False, type="boolean"),
        ContractField(
            "depot", "Where it begins.", is_required=False, type="choice", choices={"A": "Assen", "B": "Best"}
        ),
    )
    problem: str | None = None

    def problem_with(self, contract_data):
        if self.problem == "silent":
            raise CarrierUnavailable("No answer.")
        return self.problem


@pytest.fixture
def post(tmp_path):
    return AskingPostNL(tmp_path)


@pytest.fixture
def caller(tmp_path, post):
    """Account 1, without the contract that accounts of tests have."""
    caller = a_caller(an_installation(tmp_path, carriers=[SandboxCarrier(tmp_path, lambda: NOW), post]))
    delete_contract(1517, 1, caller.installation)
    return caller


def made(caller, **changes):
    wanted = NewContract("postnl", CUSTOMER, is_active=True)
    return create_contract(replace(wanted, **changes), 1, caller.installation)


def changed(caller, contract_id, **changes):
    return change_contract(contract_id, ContractChange(**changes), 1, caller.installation)


def read(caller, query, *arguments):
    with caller.installation.database.read() as transaction:
        return query(transaction, 1, *arguments)


def ranges(caller, contract_id):
    return [(each.first, each.last, each.used) for each in read(caller, list_number_ranges, contract_id)]


def taken(caller, contract, count=1):
    """The next numbers of a contract, as an announcement takes them."""
    sequences = caller.installation.sequences
    with caller.installation.database.read() as transaction:
        known = transaction.exec_driver_sql(
            "SELECT sequence FROM number_ranges WHERE contract_id = ? ORDER BY position", (contract.id,)
        )
        name = known.scalars().first()
    return sequences.take_all(name, count)


# Forms


@pytest.mark.parametrize(
    ("answers", "kind", "field"),
    [
        ({"customer_code": "KOLL"}, Missing, "password"),
        ({**CUSTOMER, "express": "yes"}, InvalidChoice, "express"),
        ({**CUSTOMER, "express": True}, Invalid, "express"),
        ({**CUSTOMER, "depot": "C"}, InvalidChoice, "depot"),
        ({**CUSTOMER, "Depot": "A"}, UnknownField, "Depot"),
        ({**CUSTOMER, "client_id": "x" * 4_001}, Invalid, "client_id"),
    ],
)
def test_a_mistake_names_its_field_and_not_what_was_answered(post, answers, kind, field):
    (mistake,) = mistakes_in(post, answers)

    assert (type(mistake), mistake.field) == (kind, field)
    assert "hunter2" not in mistake.message


def test_a_form_is_sorted_out(post):
    form = read_form(
        post, {**CUSTOMER, "express": "true", "name": "Main", "country": "nl", "client_id": "7", "depot": ""}
    )

    assert form.data == {**CUSTOMER, "express": "true"}
    assert (form.name, form.country_code, form.client_id) == ("Main", "NL", "7")


@pytest.mark.parametrize("name", ["name", "country", "client_id", "express", "depot"])
@pytest.mark.parametrize("blank", ["", " ", "\n\t", " " * 1_000_000])
def test_a_blank_answer_is_none(post, name, blank):
    form = read_form(post, {**CUSTOMER, name: blank})

    assert form == read_form(post, CUSTOMER)


def test_of_endlessly_many_unknown_names_only_some_are_told_about(post):
    mistakes = mistakes_in(post, {**CUSTOMER, **{f"name {number}": "" for number in range(50_000)}})

    assert len(mistakes) == MOST_UNKNOWN


def test_a_carrier_that_says_what_it_knows_clients_by_is_not_asked_for_it_twice(tmp_path):
    class Knowing(PostNL):
        contract_form = (ContractField("user", "Your name there.", is_client_id=True),)  # type: ignore[assignment]

    form = read_form(Knowing(tmp_path), {"user": "kolli"})

    assert [field.name for field in form_of(Knowing(tmp_path))] == ["name", "country", "user"]
    assert (form.client_id, form.data) == ("kolli", {"user": "kolli"})


def test_a_contract_that_the_carrier_has_something_against_says_so(caller, post):
    post.problem = "Missing or invalid shipper number"

    contract = made(caller)

    assert (contract.state, contract.error) == ("validation_failed", "Missing or invalid shipper number")


def test_a_change_that_the_carrier_has_something_against_is_refused(caller, post):
    contract = made(caller)
    post.problem = "No such customer"

    with pytest.raises(Impossible, match="No such customer"):
        changed(caller, contract.id, answers={**CUSTOMER, "customer_code": "NEW"})

    assert read(caller, get_contract, contract.id) == contract


def test_a_carrier_that_cannot_be_asked_leaves_nothing_behind(caller, post):
    post.problem = "silent"

    with pytest.raises(Unreachable, match="No answer"):
        made(caller)

    assert read(caller, all_contracts) == []


# Replacing


def test_a_used_contract_hands_over_what_is_left_of_its_numbers(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 1_000), 1, caller.installation, is_live=False)
    give_numbers(contract.id, (5_001, 6_000), 1, caller.installation, is_live=False)
    give_numbers(contract.id, (2_001, 3_000), 1, caller.installation, is_live=True)
    before = taken(caller, contract, 3)

    new = changed(caller, contract.id, answers={**CUSTOMER, "password": "other"})

    assert new.id != contract.id
    assert ranges(caller, contract.id) == [(1, 100, 100)]
    assert ranges(caller, new.id) == [(101, 1_000, 0), (5_001, 6_000, 0), (2_001, 3_000, 0)]
    assert set(taken(caller, new, 900)).isdisjoint(before)


def test_numbers_that_a_replaced_contract_has_used_are_not_given_to_another(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 1_000), 1, caller.installation, is_live=False)
    taken(caller, contract)
    changed(caller, contract.id, answers={**CUSTOMER, "customer_code": "NEW"})
    another = made(caller)

    with pytest.raises(Impossible, match="overlap"):
        give_numbers(another.id, (100, 100), 1, caller.installation, is_live=False)

    assert give_numbers(another.id, (101, 1_000), 1, caller.installation, is_live=False).left == 900


def test_numbers_that_a_removed_contract_has_used_are_not_given_to_another_and_the_rest_is(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 1_000), 1, caller.installation, is_live=False)
    give_numbers(contract.id, (5_001, 6_000), 1, caller.installation, is_live=True)
    used = taken(caller, contract, 3)
    delete_contract(contract.id, 1, caller.installation)
    another = made(caller)

    with pytest.raises(Impossible, match="overlap"):
        give_numbers(another.id, (used[-1], 1_000), 1, caller.installation, is_live=False)

    give_numbers(another.id, (101, 1_000), 1, caller.installation, is_live=False)
    give_numbers(another.id, (5_001, 6_000), 1, caller.installation, is_live=False)
    assert set(taken(caller, another, 900)).isdisjoint(used)
    with pytest.raises(Impossible):
        caller.installation.sequences.take_all(f"contract {contract.id} live 5001", 1)


def test_contracts_that_differ_in_their_passwords_only_do_not_share_numbers(caller):
    first, second = made(caller), made(caller, answers={**CUSTOMER, "password": "other"})
    give_numbers(first.id, (1, 1_000), 1, caller.installation, is_live=False)

    with pytest.raises(Impossible, match="overlap"):
        give_numbers(second.id, (1_000, 2_000), 1, caller.installation, is_live=True)


def test_two_carriers_do_not_share_the_numbers_of_one_post(tmp_path):
    carriers: list[Carrier] = [SandboxCarrier(tmp_path, lambda: NOW), PostNL(tmp_path), PostalItems(tmp_path)]
    caller = a_caller(an_installation(tmp_path, carriers=carriers))
    post = made(caller, answers={"customer_code": "KOLL", "service_letters": "RR"})
    same = NewContract("upu_s10", {"issuing_country": "NL", "service_letters": "RR CP"}, is_active=True)
    other = replace(same, answers={"issuing_country": "NL", "service_letters": "CP"})
    give_numbers(post.id, (1, 1_000), 1, caller.installation, is_live=False)

    with pytest.raises(Impossible, match="overlap"):
        give_numbers(
            create_contract(same, 1, caller.installation).id, (1_000, 2_000), 1, caller.installation, is_live=True
        )

    free = create_contract(other, 1, caller.installation)
    assert give_numbers(free.id, (1, 1_000), 1, caller.installation, is_live=False).left == 1_000


def test_a_replacement_that_would_share_numbers_is_refused_and_changes_nothing(caller):
    other = made(caller, answers={**CUSTOMER, "customer_code": "NEW"})
    contract = made(caller)
    for each in (other, contract):
        give_numbers(each.id, (1, 1_000), 1, caller.installation, is_live=False)
    taken(caller, contract)

    with pytest.raises(Impossible, match="overlap"):
        changed(caller, contract.id, answers={**CUSTOMER, "customer_code": "NEW"})

    assert read(caller, get_contract, contract.id) == contract
    assert ranges(caller, contract.id) == [(1, 1_000, 100)]


def test_what_refers_to_a_replaced_contract_refers_to_the_new_one(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 1_000), 1, caller.installation, is_live=False)
    taken(caller, contract)
    rate = Rate(kilograms("0"), kilograms("10"), Decimal(5))
    with caller.installation.database.write() as transaction:
        update_account(transaction, replace(get_account(transaction, 1), defaults=Defaults(contract_id=contract.id)))
        sheet = RateSheet("postnl:standard", contract.id, "EUR", (rate,), id=44)
        replace_rate_sheets(transaction, 1, [sheet], NOW)
        actions = (Action("use_contract", str(contract.id)), Action("set_phone_number", str(contract.id)))
        add_rule(transaction, 1, Rule(9, "Mine", (Condition("x", "y", "z"),), actions), NOW)

    new = changed(caller, contract.id, answers={**CUSTOMER, "password": "other"})

    with caller.installation.database.read() as transaction:
        (moved,) = list_rate_sheets(transaction, 1)
        (rule,) = list_rules(transaction, 1)
        assert get_account(transaction, 1).defaults.contract_id == new.id
    assert (moved.contract_id, moved.rates, moved.id != 44) == (new.id, (rate,), True)
    assert [action.value for action in rule.actions] == [str(new.id), str(contract.id)]


def test_an_account_does_not_ship_under_a_removed_contract_by_default(caller):
    contract = made(caller)
    with caller.installation.database.write() as transaction:
        update_account(transaction, replace(get_account(transaction, 1), defaults=Defaults(contract_id=contract.id)))

    delete_contract(contract.id, 1, caller.installation)

    assert read(caller, get_account_of).defaults.contract_id is None


def get_account_of(transaction, account_id) -> Account:
    return get_account(transaction, account_id)


def test_a_removed_contract_is_still_there_for_what_was_shipped_under_it(caller):
    contract = made(caller)

    delete_contract(contract.id, 1, caller.installation)

    found = read(caller, find_any_contract, contract.id)
    assert caller.installation.vault.open(found.sealed_data) == CUSTOMER
    with pytest.raises(NotFound):
        read(caller, get_contract, contract.id)


def test_every_change_is_noticed_by_what_is_kept_in_memory(caller):
    revisions = [read(caller, revision_of)]
    contract = made(caller)
    for change in (
        lambda: changed(caller, contract.id, name="New"),
        lambda: changed(caller, contract.id, answers={**CUSTOMER, "password": "new"}),
        lambda: give_numbers(contract.id, (1, 9), 1, caller.installation, is_live=True),
        lambda: changed(caller, contract.id, is_live=True),
        lambda: delete_contract(contract.id, 1, caller.installation),
    ):
        revisions.append(read(caller, revision_of))
        change()

    assert sorted({*revisions, read(caller, revision_of)}) == [*revisions, read(caller, revision_of)]


# At the same time


def test_two_who_move_the_default_at_once_leave_exactly_one(caller):
    contracts = [made(caller) for _ in range(4)]

    def move(place: int) -> None:
        changed(caller, contracts[place % 4].id, is_default=True)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(move, range(40)))

    assert [contract.is_default for contract in read(caller, all_contracts)].count(True) == 1


def test_who_removes_the_default_while_others_move_it_leaves_exactly_one(caller):
    contracts = [made(caller) for _ in range(8)]

    def work(place: int) -> None:
        if place % 2:
            changed(caller, contracts[7].id, is_default=True)
        else:
            delete_contract(contracts[place // 2].id, 1, caller.installation)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))

    left = read(caller, all_contracts)
    assert [contract.is_default for contract in left].count(True) == 1
    assert len(left) == 4


def test_two_who_replace_a_contract_at_once_leave_exactly_one(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 1_000), 1, caller.installation, is_live=False)
    taken(caller, contract)

    def replaced(place: int) -> bool:
        try:
            changed(caller, contract.id, answers={**CUSTOMER, "password": f"new {place}"})
        except NotFound:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        done = list(threads.map(replaced, range(8)))

    assert done.count(True) == 1
    assert len(read(caller, all_contracts)) == 1


def test_numbers_taken_while_a_contract_is_replaced_are_never_taken_again(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 5_000), 1, caller.installation, is_live=False)
    (name,) = read(caller, sequences_of, contract.id)
    sequences = caller.installation.sequences

    def take(_: int) -> list[int]:
        try:
            return list(sequences.take_all(name, 3))
        except Impossible:
            return []

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(take, place) for place in range(100)]
        new = changed(caller, contract.id, answers={**CUSTOMER, "password": "new"})
        before = [number for each in running for number in each.result()]
    (rest,) = read(caller, sequences_of, new.id)
    after = [sequences.take(rest) for _ in range(500)]

    assert len({*before, *after}) == len(before) + len(after)
    assert max(before, default=0) < min(after)


def test_what_was_decided_before_a_contract_changed_is_not_shipped_under_it(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 1_000), 1, caller.installation, is_live=False)
    caller.store(an_order())
    order = ShipOrder(70, Choice(ShipWith("postnl:standard", contract.id)), order_number="ORDER-1")
    before = decided(order, caller.context)
    same = changed(caller, contract.id, answers={**CUSTOMER, "customer_code": "NEW"})

    with pytest.raises(Conflict, match="Send it again"):
        announce(before, caller.context)

    assert same.id == contract.id  # nothing was shipped under it
    (parcel,) = announce(decided(order, caller.context), caller.context).parcels
    assert (parcel.tracking_number or "").startswith("3SNEW")


def test_a_key_that_changes_does_not_keep_anybody_from_shipping(caller):
    contract = made(caller)
    give_numbers(contract.id, (1, 1_000), 1, caller.installation, is_live=False)
    caller.store(an_order())
    order = ShipOrder(70, Choice(ShipWith("postnl:standard", contract.id)), order_number="ORDER-1")
    before = decided(order, caller.context)

    rotate(caller.installation.database, caller.installation.settings.data / "kolli.key")

    assert announce(before, caller.context).parcels[0].tracking_number


def sequences_of(transaction, _account_id, contract_id):
    query = "SELECT sequence FROM number_ranges WHERE contract_id = ? ORDER BY position"
    return list(transaction.exec_driver_sql(query, (contract_id,)).scalars())
