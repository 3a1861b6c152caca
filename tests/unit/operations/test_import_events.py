"""Many events at once: what is checked beforehand, and that a repeat changes nothing."""

from datetime import timedelta

import pytest

from kolli.operations.follow import EVENTS_AT_A_TIME
from kolli.operations.import_events import MOST_OF_A_PARCEL, check_rows, record_rows
from kolli.shipments.foreign_parcels import FIRST_STATUS, ForeignParcel, add_foreign_parcel
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import Event
from kolli.shipments.tracking_csv import Row
from kolli.tables import Mistake
from tests.factories import NOW, a_caller, an_order


def nobody(_):
    """Hears of no progress."""


@pytest.fixture
def number(caller):
    caller.store(an_order())
    return caller.ship().json()["data"][0]["tracking_number"]


def a_row(number, at=NOW, row=2, carrier="", status=ParcelStatus.DELIVERED):
    return Row(row, number, carrier, Event(status, at, "person"))


def registered(caller, number, carrier_code="dhl", parcel_id=5):
    document = {"announced_at": NOW.isoformat()}
    parcel = ForeignParcel(parcel_id, 1, carrier_code, "s-1", number, FIRST_STATUS, NOW, NOW, document)
    with caller.installation.database.write() as transaction:
        add_foreign_parcel(transaction, parcel)


def checked(caller, *rows, account_id=1):
    return check_rows(rows, account_id, caller.installation, nobody)


def test_good_rows_are_recorded_and_a_repeat_changes_nothing(caller, number):
    found = checked(caller, a_row(number), a_row(number.lower(), NOW - timedelta(hours=1), status=ParcelStatus.SORTED))

    assert found.mistakes == []
    assert record_rows(found.rows, 1, caller.installation, nobody) == 2
    assert record_rows(found.rows, 1, caller.installation, nobody) == 0


def test_mistakes_are_told_in_the_sequence_of_the_rows(caller, number):
    future = a_row(number, NOW + timedelta(hours=1), row=2)
    unreadable = Mistake(3, "at", "No time.")
    unknown = a_row("NONE", row=4)

    found = checked(caller, unknown, unreadable, future)

    assert [(mistake.number, mistake.column) for mistake in found.mistakes] == [
        (2, "at"),
        (3, "at"),
        (4, "tracking_number"),
    ]
    assert str(found.mistakes[2]) == "row 4, tracking_number: There is no parcel NONE."


def test_a_parcel_of_another_account_does_not_exist(caller, installation, number):
    a_caller(installation, account_id=2, integration_id=71)

    (mistake,) = checked(caller, a_row(number), account_id=2).mistakes

    assert mistake.message == f"There is no parcel {number}."


def test_where_carriers_share_a_number_one_has_to_be_named(caller, number):
    registered(caller, number)

    found = checked(caller, a_row(number), a_row(number, row=3, carrier="dhl"), a_row(number, row=4, carrier="gls"))

    assert [mistake.message for mistake in found.mistakes] == [
        f"Several parcels have the number {number}. Name the carrier too: dhl, sendcloud.",
        f"There is no parcel {number} of gls.",
    ]
    assert [row.number for row in found.rows] == [3]


def test_long_files_are_taken_in_steps_and_progress_is_told(caller, number):
    steps: list[int] = []
    rows = [a_row(number, NOW - timedelta(seconds=second), row=second) for second in range(450)]

    found = check_rows(rows, 1, caller.installation, steps.append)
    news = record_rows(found.rows, 1, caller.installation, steps.append)

    assert news == 450
    assert steps == [200, 200, 50, *[EVENTS_AT_A_TIME] * (450 // EVENTS_AT_A_TIME)]


def test_a_parcel_has_at_most_so_many_rows(caller, number):
    rows = [a_row(number, NOW - timedelta(seconds=at), row=at) for at in range(MOST_OF_A_PARCEL + 2)]

    found = checked(caller, *rows)

    assert len(found.rows) == MOST_OF_A_PARCEL
    assert [mistake.number for mistake in found.mistakes] == [MOST_OF_A_PARCEL, MOST_OF_A_PARCEL + 1]
    assert found.mistakes[0].message.startswith(f"The file has more than {MOST_OF_A_PARCEL} rows about the parcel")
