"""`kolli explain` and `kolli rules replay`: what was decided, and what would be with other rules."""

import csv

import pytest
from typer.testing import CliRunner

from kolli.app import open_database
from kolli.cli import cli
from kolli.settings import Settings
from tests.factories import a_caller, an_installation, an_order

HEADER = "Rule name,Condition and or,Condition,Operator,Condition Value,Action,Action Value"

NOTHING = (
    "Nothing was shipped that 'ORDER-1' names. Name a shipment by its id or its tracking number, or an order by its"
    " number or its id."
)
FAILS = (
    "ORDER-1: would fail: postnl:standard has no insurance, so nothing can be insured for 10 EUR."
    " The insurance was chosen by the rule 'Insured'."
)


def kolli(*arguments):
    return CliRunner().invoke(cli, list(map(str, arguments)))


@pytest.fixture
def caller(tmp_path, monkeypatch):
    """An account in a folder that commands find, with one shipment of ORDER-1."""
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    caller = a_caller(an_installation(tmp_path, database=open_database(Settings(data=tmp_path))))
    caller.store(an_order())
    yield caller
    caller.installation.database.close()


@pytest.fixture
def shipped(caller):
    return caller.ship(ship_with=option("postnl:standard")).json()["data"][0]


def option(code):
    return {"type": "shipping_option_code", "properties": {"shipping_option_code": code}}


def rules_file(folder, *lines):
    path = folder / "rules.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize("name", ["number", "number in lower case", "shop id", "our id", "shipment", "tracking number"])
def test_a_shipment_is_found_by_whatever_people_know(caller, shipped, name):
    names = {
        "number": "ORDER-1",
        "number in lower case": "order-1",
        "shop id": "SHOP-1",
        "our id": caller.store(an_order())[0],
        "shipment": shipped["shipment_id"].upper(),
        "tracking number": shipped["tracking_number"],
    }

    shown = kolli("explain", names[name])

    assert (shown.exit_code, shown.output.splitlines()) == (
        0,
        [
            f"Shipment {shipped['shipment_id']} of the order ORDER-1, decided 2026-11-24 12:00 UTC.",
            "It goes with PostNL, postnl:standard, under contract 1517.",
            f"Parcel 1: 0.7 kg, tracking number {shipped['tracking_number']}, READY_TO_SEND.",
            "shipping_option_code\t-\tpostnl:standard\tthe request\t",
            "parcels.0.weight\t-\t0.7 kg\tthe order's items\t",
            "sender_address_id\t-\t1017\tthe account's defaults\t",
            "brand_id\t-\t1042\tthe account's defaults\t",
            "contract_id\t-\t1517\tthe account's defaults\tThe account's default contract with PostNL.",
        ],
    )


def test_what_was_never_shipped_is_told(caller):
    shown = kolli("explain", "ORDER-1")

    assert (shown.exit_code, shown.exception.message) == (
        1,
        NOTHING,
    )


@pytest.mark.parametrize("name", ["9" * 19, "9" * 20, "0" * 20 + "9" * 20, "0" * 20 + "9" * 5_000, "²"])
def test_a_number_that_no_order_can_have_is_told_too(caller, name):
    result = kolli("explain", name)

    assert (result.exit_code, result.exception.message) == (1, NOTHING.replace("ORDER-1", name[:100]))


def test_a_replay_shows_counts_costs_and_a_list_and_writes_a_file(caller, shipped, tmp_path):
    file = rules_file(
        tmp_path, "Light,and,Weight (kg),lt,1,Ship with,sendcloud:letter", "Dear,and,Weight (kg),ge,9,Set weight,1"
    )

    shown = kolli("rules", "replay", "--since", "2026-01-01", "--rules", file, "--csv", tmp_path / "out.csv")

    assert (shown.exit_code, shown.output.splitlines()) == (
        0,
        [
            "ORDER-1: shipping_option_code: postnl:standard → sendcloud:letter",
            "ORDER-1: contract_id: 1517 → -",
            "1 shipments: 1 would be otherwise, 0 would fail, 0 would be the same.",
            "  shipping_option_code: 1",
            "  contract_id: 1",
            "  Without a price: 1 of those that would be otherwise.",
        ],
    )
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as written:
        rows = list(csv.DictReader(written))
    assert [(row["shipment_id"], row["field"], row["was"], row["would_be"]) for row in rows] == [
        (shipped["shipment_id"], "shipping_option_code", "postnl:standard", "sendcloud:letter"),
        (shipped["shipment_id"], "contract_id", "1517", ""),
    ]


def test_a_replay_tells_what_would_fail(caller, shipped, tmp_path):
    file = rules_file(tmp_path, "Insured,and,Weight (kg),lt,1,Insure shipment value by,10")

    shown = kolli("rules", "replay", "--since", "2026-01-01T00:00:00", "--rules", file)

    assert shown.output.splitlines() == [
        FAILS,
        "1 shipments: 0 would be otherwise, 1 would fail, 0 would be the same.",
    ]


def test_a_replay_of_a_file_with_mistakes_runs_nothing(caller, shipped, tmp_path):
    shown = kolli("rules", "replay", "--since", "2026-01-01", "--rules", rules_file(tmp_path, "X,and,Colour,is,red,,"))

    assert shown.exit_code == 1
    assert "row 2" in shown.output


def test_a_day_that_is_none_is_told_how_to_write_it(caller):
    shown = kolli("rules", "replay", "--since", "24.11.2026")

    assert shown.exit_code == 2
    assert "'24.11.2026' is not a day. Write it as 2026-11-24" in shown.output
