"""An account's own shipping options are kept by account and code."""

from decimal import Decimal

import pytest

from kolli.account.accounts import Account, add_account, revision_of
from kolli.account.options import OwnOption, list_own_options, remove_own_option, save_own_options
from kolli.values import Dimensions
from tests.factories import NOW, a_database, kilograms

VAN = OwnOption(
    "fleet:van",
    "fleet",
    "Van",
    heaviest=kilograms("30"),
    lightest=kilograms("0.5"),
    countries=frozenset({"NL", "BE"}),
    from_countries=frozenset({"NL"}),
    requires=("email", "dimensions"),
    title="Our van",
    product_name="Van",
    largest=Dimensions(Decimal(120), Decimal("80.5"), Decimal(80), "cm"),
    most_parcels=20,
    volumetric_divisor=5000,
    lead_time_hours=24,
    charging_type="first_scan",
    functionalities={"signature": True, "insurance": 500, "last_mile": "home_delivery", "age_check": None},
)
BIKE = OwnOption("fleet:bike", "fleet", "Bike", heaviest=kilograms("5"))


@pytest.fixture
def database():
    database = a_database()
    with database.write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
    return database


def test_options_are_kept_as_they_are_and_listed_by_their_codes(database):
    with database.write() as transaction:
        save_own_options(transaction, 1, [VAN, BIKE], NOW)

    with database.read() as transaction:
        assert list_own_options(transaction, 1) == [BIKE, VAN]


def test_an_option_takes_the_place_of_the_one_with_its_code(database):
    changed = OwnOption("fleet:van", "fleet", "New van", heaviest=kilograms("40"))

    with database.write() as transaction:
        save_own_options(transaction, 1, [VAN, BIKE], NOW)
        save_own_options(transaction, 1, [changed], NOW)

        assert list_own_options(transaction, 1) == [BIKE, changed]


def test_no_account_sees_changes_or_removes_anothers_options(database):
    other = OwnOption("fleet:van", "fleet", "Theirs", heaviest=kilograms("1"))

    with database.write() as transaction:
        save_own_options(transaction, 1, [VAN], NOW)
        save_own_options(transaction, 2, [other], NOW)

        assert not remove_own_option(transaction, 2, "fleet:bike")
        assert remove_own_option(transaction, 2, "fleet:van")
        assert list_own_options(transaction, 1) == [VAN]


def test_each_change_counts_as_one_of_the_account_and_nothing_else_does(database):
    with database.write() as transaction:
        revisions = [revision_of(transaction, 1)]
        save_own_options(transaction, 1, [VAN], NOW)
        revisions.append(revision_of(transaction, 1))
        remove_own_option(transaction, 1, "fleet:bike")
        save_own_options(transaction, 1, [], NOW)
        revisions.append(revision_of(transaction, 1))
        remove_own_option(transaction, 1, "fleet:van")
        revisions.append(revision_of(transaction, 1))

    assert [revision - revisions[0] for revision in revisions] == [0, 1, 1, 2]
