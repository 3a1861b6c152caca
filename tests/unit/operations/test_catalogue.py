"""An account's catalogue: what carriers declare and what it has added, made once for each revision of the account."""

from decimal import Decimal
from pathlib import Path

import pytest

from kolli.account.accounts import touch
from kolli.account.options import OwnOption, remove_own_option, save_own_options
from kolli.account.rates import Rate, RateSheet, remove_rate_sheet, replace_rate_sheets
from kolli.app import build, open_database
from kolli.carriers.base import ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.registry import Carriers
from kolli.carriers.sandbox import SandboxCarrier
from kolli.operations.catalogue import Catalogue, shipping_option
from kolli.operations.quote import Ends, Load, Parcel, PriceList
from tests.factories import NOW, a_caller, an_installation, kilograms
from tests.fleets import Fleet
from tests.unit.account.test_options import BIKE, VAN

NL_BE = Ends("NL", "BE")


def a_sheet(price="4.95", contract_id=None, number=1, option="fleet:van"):
    rate = Rate(kilograms("0"), kilograms("30"), Decimal(price))
    return RateSheet(option, contract_id, "EUR", (rate,), number)


@pytest.fixture
def caller(tmp_path):
    return a_caller(an_installation(tmp_path, carriers=[SandboxCarrier(tmp_path), PostNL(tmp_path), Fleet()]))


def configuration(installation, account_id=1):
    with installation.database.read() as transaction:
        return installation.configurations.of(transaction, account_id)


def change(installation, function, *arguments):
    with installation.database.write() as transaction:
        function(transaction, 1, *arguments)


# What is in it


def test_own_options_stand_behind_those_that_carriers_declare():
    catalogue = Catalogue(Carriers([Fleet()]), [BIKE, VAN])

    assert [option.code for _, option in catalogue] == ["fleet:standard", "fleet:bike", "fleet:van"]
    assert catalogue.carrier_of("fleet:van") == "fleet"
    assert shipping_option(VAN) in [option for _, option in catalogue]
    assert catalogue.find_option("Fleet:van") is None


def test_an_own_option_becomes_one_like_those_of_carriers():
    assert shipping_option(VAN) == ShippingOption(
        "fleet:van",
        "Van",
        heaviest=VAN.heaviest,
        lightest=kilograms("0.5"),
        countries=VAN.countries,
        from_countries=VAN.from_countries,
        requires=("email", "dimensions"),
        title="Our van",
        product_name="Van",
        largest=VAN.largest,
        most_parcels=20,
        volumetric_divisor=5000,
        lead_time_hours=24,
        charging_type="first_scan",
        functionalities=VAN.functionalities,
    )
    assert shipping_option(BIKE) == ShippingOption("fleet:bike", "Bike", heaviest=kilograms("5"))


@pytest.mark.parametrize(
    "own",
    [
        OwnOption("gone:van", "gone", "Van", kilograms("1")),
        OwnOption("postnl:mine", "postnl", "Mine", kilograms("1")),
    ],
    ids=["of a carrier that is not installed any more", "of a carrier that takes none"],
)
def test_own_options_that_nobody_carries_are_left_out(own):
    catalogue = Catalogue(Carriers([Fleet(), PostNL(Path())]), [own])

    assert catalogue.find_option(own.code) is None


def test_what_a_carrier_declares_counts_before_an_own_option_of_the_same_code():
    own = OwnOption("fleet:standard", "fleet", "Mine", kilograms("1"))

    assert [option.name for _, option in Catalogue(Carriers([Fleet()]), [own])] == ["Standard"]


@pytest.mark.parametrize(("contract_id", "total"), [(None, "5.00"), (517, "4.00"), (518, "5.00")])
def test_a_sheet_for_the_contract_counts_before_one_for_any(contract_id, total):
    sheets = [PriceList(a_sheet("5", number=1)), PriceList(a_sheet("4", 517, number=2))]
    catalogue = Catalogue(Carriers([Fleet()]), [VAN], sheets)

    quotes = catalogue.quotes(shipping_option(VAN), contract_id, NL_BE, Load([Parcel(kilograms("1"))]))

    assert [str(quote.total) for quote in quotes] == [total]


def test_each_account_has_its_own_catalogue(caller):
    a_caller(caller.installation, account_id=2, integration_id=71)
    change(caller.installation, save_own_options, [VAN], NOW)
    change(caller.installation, replace_rate_sheets, [a_sheet()], NOW)

    ours, theirs = (configuration(caller.installation, account_id).catalogue for account_id in (1, 2))

    assert ours.find_option("fleet:van") is not None
    assert theirs.find_option("fleet:van") is None
    assert len(ours.prices()) == 1
    assert theirs.prices() == {}


# When it is made


def test_nothing_is_made_anew_while_nothing_changes(caller):
    first = configuration(caller.installation)

    caller.client.post("/api/v3/shipping-options", json={})
    caller.store({**_order(), "order_id": "another"})

    assert configuration(caller.installation) is first


def _order():
    return {
        "order_id": "shop-1",
        "order_number": "N1",
        "order_details": {
            "integration": {"id": 70},
            "status": {"code": "unfulfilled"},
            "order_created_at": "2026-11-20T09:12:44+00:00",
            "order_items": [],
        },
        "payment_details": {"total_price": {"value": 1, "currency": "EUR"}, "status": {"code": "paid"}},
    }


@pytest.mark.parametrize(
    "changes",
    [
        (touch,),
        (save_own_options, [BIKE], NOW),
        (remove_own_option, "fleet:van"),
        (replace_rate_sheets, [a_sheet(number=2)], NOW),
        (remove_rate_sheet, "fleet:van", None),
    ],
    ids=lambda changes: changes[0].__name__,
)
def test_every_change_is_seen_by_the_next_request(caller, changes):
    change(caller.installation, save_own_options, [VAN], NOW)
    change(caller.installation, replace_rate_sheets, [a_sheet()], NOW)
    before = configuration(caller.installation)

    change(caller.installation, *changes)

    assert configuration(caller.installation) is not before


def test_a_change_of_another_account_changes_nothing(caller):
    a_caller(caller.installation, account_id=2, integration_id=71)
    before = configuration(caller.installation)

    with caller.installation.database.write() as transaction:
        touch(transaction, 2)

    assert configuration(caller.installation) is before


def test_rate_sheets_that_have_not_changed_are_not_read_again(caller):
    change(caller.installation, save_own_options, [VAN, BIKE], NOW)
    change(caller.installation, replace_rate_sheets, [a_sheet(), a_sheet(number=2, option="fleet:bike")], NOW)
    before = configuration(caller.installation).catalogue.prices()

    change(caller.installation, replace_rate_sheets, [a_sheet("9", number=3)], NOW)

    after = configuration(caller.installation).catalogue.prices()
    assert after.keys() == {2, 3}
    assert after[2] is before[2]


def test_a_change_of_another_process_is_seen_by_the_next_request(tmp_path):
    """Two installations on one file know nothing of each other but what is in it."""
    database = open_database(an_installation(tmp_path).settings)
    caller = a_caller(an_installation(tmp_path, carriers=[Fleet()], database=database))
    ask = lambda: [option["code"] for option in caller.client.post("/api/v3/shipping-options", json={}).json()["data"]]  # noqa: E731
    assert ask() == ["fleet:standard"]

    elsewhere = open_database(caller.installation.settings)
    other = build(
        caller.installation.settings, elsewhere, carriers=Carriers([Fleet()]), fonts=caller.installation.fonts
    )
    change(other, save_own_options, [BIKE], NOW)

    assert ask() == ["fleet:standard", "fleet:bike"]
    elsewhere.close()
    database.close()


def _save_and_break_off(transaction, account_id):
    save_own_options(transaction, account_id, [VAN], NOW)
    raise ZeroDivisionError


def test_what_is_undone_is_not_seen(caller):
    before = configuration(caller.installation)

    with pytest.raises(ZeroDivisionError):
        change(caller.installation, _save_and_break_off)

    assert configuration(caller.installation) is before
