"""Intend, book, store. The oracle is the sandbox's ledger, which nothing of ours but the carrier writes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from kolli.account.contracts import Contract, add_contract
from kolli.account.integrations import add_integration
from kolli.account.number_ranges import add_number_range
from kolli.carriers.base import Booking
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.database import Database
from kolli.errors import (
    AlreadyShipped,
    CarrierError,
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Conflict,
    Impossible,
    KolliError,
    NumbersExhausted,
)
from kolli.migrations import migrate
from kolli.operations.background import workers
from kolli.operations.ship_order import Choice, ShipOrder
from kolli.operations.ship_orders import ship_orders
from kolli.orders.model import ShipWith
from kolli.shipments.attempts import State
from kolli.shipments.model import Parcel, ParcelStatus
from tests.factories import NOW, a_caller, a_database, an_installation, an_integration, an_order, with_items
from tests.unit.operations.scripted_carriers import Forgetful, Raises, ScriptedPost, ScriptedSandbox
from tests.unit.operations.what_is_stored import (
    LETTER,
    POST,
    booked,
    reasons,
    rows,
    ship,
    states,
    stored_shipments,
)


@pytest.fixture(name="caller")
def _caller(installation):
    caller = a_caller(installation)
    caller.store(an_order())
    return caller


def a_caller_with(carrier, folder, **account):
    """A caller with ORDER-1 on an installation that has this carrier in place of its own of that code."""
    others = [other(folder) for other in (SandboxCarrier, PostNL) if other.code != carrier.code]
    caller = a_caller(an_installation(folder, carriers=[carrier, *others]), **account)
    caller.store(an_order())
    return caller


def status_of(caller):
    (shipment,) = stored_shipments(caller)
    return [parcel.status for parcel in shipment.parcels]


def what_became_of(caller):
    """A shipment's id, or the class of the error."""
    try:
        return ship(caller).id
    except KolliError as error:
        return type(error)


# The carrier says yes


def test_a_label_has_the_number_that_the_carrier_booked(caller):
    shipment = ship(caller, LETTER)

    assert booked(caller) == [(shipment.id, shipment.parcels[0].tracking_number, False)]
    assert states(caller) == [State.STORED]
    assert reasons(caller) == [""]


def test_the_shipment_that_is_given_is_the_one_that_is_stored(caller):
    shipment = ship(caller, LETTER)

    (parcel,) = shipment.parcels
    assert stored_shipments(caller) == [shipment]
    assert parcel == Parcel(parcel.id, 1, ParcelStatus.READY_TO_SEND, booked(caller)[0][1], NOW, updated_at=NOW)


def test_the_carrier_is_told_what_is_stored(tmp_path):
    told: list[Booking] = []
    caller = a_caller_with(ScriptedSandbox(tmp_path, before=told.append), tmp_path)

    shipment = ship(caller)

    assert told == [Booking(shipment.id, shipment.draft, {})]


def test_an_own_number_carrier_is_told_the_number_and_the_contract(tmp_path):
    told: list[Booking] = []
    caller = a_caller_with(ScriptedPost(tmp_path, before=told.append), tmp_path)

    shipment = ship(caller, POST)

    assert told == [Booking(shipment.id, shipment.draft, {"customer_code": "TEA"}, ("3STEA00000001",))]
    assert shipment.parcels[0].tracking_number == "3STEA00000001"


def test_the_shipment_is_on_the_disk_before_the_carrier_is_called(tmp_path):
    found: list[object] = []
    caller = a_caller_with(
        ScriptedSandbox(tmp_path, before=lambda _: found.append((rows(caller), states(caller)))), tmp_path
    )

    ship(caller)

    assert found == [((1, 1, 1), [State.INTENDED])]


def test_no_transaction_is_open_while_the_carrier_is_called(tmp_path):
    """A second transaction in one thread is a RuntimeError, so a carrier that writes proves that there is none."""

    def write(_):
        with caller.installation.database.write() as transaction:
            add_integration(transaction, 1, an_integration(71, "Written while announcing"))

    caller = a_caller_with(ScriptedSandbox(tmp_path, before=write), tmp_path)

    assert ship(caller).parcels[0].tracking_number == booked(caller)[0][1]


def test_an_order_that_is_edited_while_it_is_announced_ships_as_it_was(tmp_path):
    def edit(_):
        caller.store(an_order(shipping_address={**an_order()["shipping_address"], "city": "Utrecht"}))

    caller = a_caller_with(ScriptedSandbox(tmp_path, before=edit), tmp_path)

    shipment = ship(caller)

    assert (shipment.draft.recipient.city, shipment.draft.order_revision) == ("Amsterdam", 1)
    assert stored_shipments(caller) == [shipment]


def test_an_order_that_is_deleted_while_it_is_announced_ships_as_it_was(tmp_path):
    def delete(_):
        (shipment,) = stored_shipments(caller)
        answers.append(caller.client.delete(f"/api/v3/orders/{shipment.draft.order_id}").status_code)

    answers: list[int] = []
    caller = a_caller_with(ScriptedSandbox(tmp_path, before=delete), tmp_path)

    answer = caller.ship()
    (shipment,) = stored_shipments(caller)
    label = caller.client.get(f"/api/v3/parcels/{shipment.parcels[0].id}/documents/label")

    assert (answer.status_code, answers, states(caller)) == (201, [204], [State.STORED])
    assert shipment.draft.recipient.city == "Amsterdam"
    assert (label.status_code, len(booked(caller))) == (200, 1)


def test_an_order_that_is_deleted_and_sent_again_while_it_is_announced_gets_no_second_label(tmp_path):
    def replace_it(_):
        if not others:
            others.append(None)
            (shipment,) = stored_shipments(caller)
            caller.client.delete(f"/api/v3/orders/{shipment.draft.order_id}")
            caller.store(an_order(shipping_address={**an_order()["shipping_address"], "city": "Utrecht"}))
            others.append(what_became_of(caller))

    others: list[object] = []
    caller = a_caller_with(ScriptedSandbox(tmp_path, before=replace_it), tmp_path)

    shipment = ship(caller)

    assert (others, shipment.draft.recipient.city) == ([None, Conflict], "Amsterdam")
    assert len(booked(caller)) == 1


def test_an_order_that_is_edited_in_the_queue_ships_as_it_was_accepted(caller):
    ship_orders([ShipOrder(70, Choice(ShipWith(LETTER)), order_number="ORDER-1")], caller.context)
    caller.store(an_order(shipping_address={**an_order()["shipping_address"], "city": "Utrecht"}))

    workers(caller.installation).run_due()

    (shipment,) = stored_shipments(caller)
    assert (shipment.draft.recipient.city, states(caller)) == ("Amsterdam", [State.STORED])


@pytest.mark.parametrize("option", [LETTER, POST])
def test_a_label_costs_two_commits(tmp_path, option):
    """The intent and the answer; leases and steps are written with them."""
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
        writer = transaction.engine
    caller = a_caller(an_installation(tmp_path, database=database), repeat_labels="allowed")
    caller.store(an_order())
    ship(caller, option)  # takes blocks of ids and numbers
    commits: list[object] = []
    event.listen(writer, "commit", commits.append)

    ship(caller, option)

    assert len(commits) == 2
    database.close()


# The carrier says no, or nothing


@pytest.mark.parametrize(
    ("fault", "error", "state"),
    [
        (Fault.REFUSE, CarrierRejected, State.REJECTED),
        (Fault.UNREACHABLE, CarrierUnavailable, State.ABANDONED),
    ],
)
def test_a_failure_that_is_certain_books_nothing_and_leaves_a_failed_shipment(caller, fault, error, state):
    caller.sandbox.ledger.fail_next(fault)

    with pytest.raises(error) as raised:
        ship(caller)

    assert booked(caller) == []
    assert states(caller) == [state]
    assert reasons(caller) == [raised.value.message]
    assert status_of(caller) == [ParcelStatus.ANNOUNCEMENT_FAILED]


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.UNREACHABLE])
def test_after_a_failure_that_is_certain_the_order_can_be_shipped(caller, fault):
    caller.sandbox.ledger.fail_next(fault)
    with pytest.raises(CarrierError):
        ship(caller)

    shipment = ship(caller)

    assert [entry[0] for entry in booked(caller)] == [shipment.id]
    assert states(caller)[1:] == [State.STORED]


@pytest.mark.parametrize(("fault", "bookings"), [(Fault.SILENT_BEFORE, 0), (Fault.SILENT_AFTER, 1)])
def test_a_carrier_that_does_not_answer_leaves_an_attempt_that_nobody_knows_about(caller, fault, bookings):
    caller.sandbox.ledger.fail_next(fault)

    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)

    assert states(caller) == [State.UNKNOWN]
    assert status_of(caller) == [ParcelStatus.ANNOUNCING]
    assert len(booked(caller)) == bookings


def test_when_nothing_was_booked_the_second_try_gets_a_label(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE)
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)

    shipment = ship(caller)

    assert booked(caller) == [(shipment.id, shipment.parcels[0].tracking_number, False)]
    assert states(caller) == [State.ABANDONED, State.STORED]


def test_when_something_was_booked_the_second_try_is_told_about_it(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)

    with pytest.raises(AlreadyShipped) as raised:
        ship(caller)

    ((reference, number, _),) = booked(caller)
    (shipment,) = stored_shipments(caller)
    assert raised.value.details == {
        "shipment_id": reference,
        "parcel_id": shipment.parcels[0].id,
        "tracking_number": number,
    }
    assert states(caller) == [State.STORED]


def test_silence_after_silence_ends_in_one_booking(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE, times=3)
    failures = [what_became_of(caller) for _ in range(3)]

    shipment = ship(caller)

    assert failures == [CarrierOutcomeUnknown] * 3
    assert [entry[0] for entry in booked(caller)] == [shipment.id]
    assert states(caller) == [State.ABANDONED] * 3 + [State.STORED]


def test_a_mistake_in_a_carrier_leaves_an_attempt_that_the_next_try_settles(tmp_path):
    caller = a_caller_with(ScriptedSandbox(tmp_path, after=Raises([ValueError("unreadable answer")])), tmp_path)

    with pytest.raises(CarrierOutcomeUnknown, match="could not be understood"):
        ship(caller)
    assert states(caller) == [State.UNKNOWN]

    with pytest.raises(AlreadyShipped):
        ship(caller)
    assert states(caller) == [State.STORED]
    assert len(booked(caller)) == 1


@pytest.mark.parametrize("numbers", [(), ("F1", "F2")])
def test_a_carrier_that_gives_too_few_or_too_many_numbers_has_not_been_understood(tmp_path, numbers):
    caller = a_caller_with(Forgetful(numbers=numbers), tmp_path)

    with pytest.raises(CarrierOutcomeUnknown, match=f"gave {len(numbers)} tracking numbers for 1 parcels"):
        ship(caller, "forgetful:parcel")

    assert states(caller) == [State.UNKNOWN]
    assert [parcel.tracking_number for parcel in stored_shipments(caller)[0].parcels] == [None]


# One live label per order


def test_a_second_label_is_refused_and_the_first_one_named(caller):
    shipment = ship(caller)

    with pytest.raises(AlreadyShipped, match=shipment.id):
        ship(caller)

    assert rows(caller) == (1, 1, 1)
    assert len(booked(caller)) == 1


def test_an_account_can_allow_further_labels(tmp_path):
    caller = a_caller(an_installation(tmp_path), repeat_labels="allowed")
    caller.store(an_order())

    first, second = ship(caller), ship(caller)

    assert [entry[0] for entry in booked(caller)] == [first.id, second.id]
    assert states(caller) == [State.STORED, State.STORED]


def test_a_request_during_the_call_is_told_that_somebody_else_is_shipping(tmp_path):
    others: list[object] = []
    caller = a_caller_with(ScriptedSandbox(tmp_path, before=lambda _: others.append(what_became_of(caller))), tmp_path)

    ship(caller)

    assert others == [Conflict]
    assert len(booked(caller)) == 1


def test_an_order_that_is_removed_and_sent_again_has_its_label_still(caller):
    shipment = ship(caller)
    caller.client.delete(f"/api/v3/orders/{shipment.draft.order_id}")
    caller.store(an_order())

    with pytest.raises(AlreadyShipped, match=shipment.id):
        ship(caller)


@pytest.fixture(params=["memory", "file"])
def some_database(request, tmp_path):
    if request.param == "memory":
        yield a_database()
        return
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
    yield database
    database.close()


def test_of_32_threads_that_ship_one_order_at_once_one_gets_a_label(tmp_path, some_database):
    caller = a_caller(an_installation(tmp_path, database=some_database))
    caller.store(an_order())

    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(what_became_of, [caller] * 32))

    ((reference, _, _),) = booked(caller)
    assert [each for each in found if each not in {Conflict, AlreadyShipped}] == [reference]
    assert states(caller) == [State.STORED]


# Numbers from a range of ours


@pytest.fixture
def short_range(tmp_path):
    """A caller that may have several labels of an order, and a contract with room for 1,000."""
    caller = a_caller(an_installation(tmp_path), repeat_labels="allowed")
    with caller.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(9, "postnl", "Short", sealed_data=caller.installation.vault.seal({"customer_code": "SHRT"})),
        )
        add_number_range(transaction, 1, 9, 1, 1_000, is_live=False, vault=caller.installation.vault)
    caller.store(an_order())
    return caller


@pytest.mark.slow
def test_a_range_of_1000_numbers_ends_after_exactly_1000_labels(short_range):
    def attempt(_):
        try:
            return ship(short_range, POST, 9).parcels[0].tracking_number
        except NumbersExhausted as error:
            return error.field

    found = [attempt(turn) for turn in range(1_100)]

    assert found == [f"3SSHRT{serial:07d}" for serial in range(1, 1_001)] + ["contract_id"] * 100
    assert rows(short_range) == (1_000, 1_000, 1_000)


def test_an_exhausted_range_is_named_with_what_to_do(short_range):
    with short_range.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(10, "postnl", "One", sealed_data=short_range.installation.vault.seal({"customer_code": "ONE"})),
        )
        add_number_range(transaction, 1, 10, 5, 5, is_live=False, vault=short_range.installation.vault)
    ship(short_range, POST, 10)

    with pytest.raises(NumbersExhausted) as raised:
        ship(short_range, POST, 10)

    message = (
        "The test number range of contract 10 (One) is used up. Nothing was announced."
        " Ask PostNL for a new range and give it to the contract."
    )
    assert (raised.value.message, raised.value.field) == (message, "contract_id")


def test_a_contract_that_is_live_needs_a_live_range(caller):
    with caller.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(
                11,
                "postnl",
                "Live",
                is_live=True,
                sealed_data=caller.installation.vault.seal({"customer_code": "LIVE"}),
            ),
        )
        add_number_range(transaction, 1, 11, 1, 10, is_live=False, vault=caller.installation.vault)

    with pytest.raises(NumbersExhausted, match=r"no live number range\. Give it one with `kolli contracts range`"):
        ship(caller, POST, 11)

    assert rows(caller) == (0, 0, 0)


def test_a_contract_with_an_impossible_customer_code_announces_nothing(caller):
    with caller.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(12, "postnl", "Wrong", sealed_data=caller.installation.vault.seal({"customer_code": "T3ST"})),
        )
        add_number_range(transaction, 1, 12, 1, 10, is_live=False, vault=caller.installation.vault)

    with pytest.raises(CarrierRejected, match="'T3ST' as its customer code"):
        ship(caller, POST, 12)

    assert rows(caller) == (0, 0, 0)


# What is refused leaves no trace


def test_what_cannot_be_shipped_is_refused_before_anybody_is_called(caller):
    caller.store(with_items())

    with pytest.raises(Impossible, match="has no items"):
        ship(caller)

    assert rows(caller) == (0, 0, 0)
    assert booked(caller) == []
