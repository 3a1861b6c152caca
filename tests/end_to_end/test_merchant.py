"""A merchant's story: options and prices from files, three rules, 200 orders; a dry run, all labels, and the report."""

import csv
import json
import re
from decimal import Decimal

import pytest

from tests.end_to_end.processes import prepared, run, serving
from tests.factories import an_item, with_items

OPTIONS = """\
code,name,countries,weight_max,most_parcels,divisor,functionalities,lead_time_hours
gs1:van,Our van,NL BE,30,20,,"signature, last_mile=home_delivery",24
gs1:night,Night line,EU,25,1,5000,"tracked, insurance=500",12
"""
RATES = """\
option,to_countries,weight_from,weight_to,price,currency,toll,insurance_percentage,insurance_minimum
gs1:van,NL,0,10,4.95,EUR,,,
gs1:van,NL,10,30,7.50,EUR,,,
gs1:van,BE,0,30,8.25,EUR,0.20,,
gs1:night,BE,0,25,9.10,EUR,,0.5,2.00
gs1:night,DE,0,5,9.10,EUR,0.19,0.5,2.00
gs1:night,DE,5,25,14.80,EUR,0.19,0.5,2.00
"""
RULES = (
    ("By van", "to_country", "in", "NL,BE", "ship_with", "gs1:van"),
    ("By night", "to_country", "in", "DE", "ship_with", "gs1:night"),
    ("Dear abroad", "order_value", "ge", "300", "insurance_pc", "100"),
)
PLACES = {
    "NL": ("1012 GJ", "Amsterdam"),
    "BE": ("1000", "Brussel"),
    "DE": ("10115", "Berlin"),
}
ORDERS = 200


def order(number):
    """Order after order to another country, lighter and heavier, cheaper and dearer; only parcels to DE are dear."""
    country = ("NL", "NL", "BE", "DE")[number % 4]
    value = 350 if country == "DE" and number % 8 == 3 else 40
    postal_code, city = PLACES[country]
    item = an_item(
        quantity=1,
        total_price={"value": value, "currency": "EUR"},
        measurement={"weight": {"value": 12 if number % 5 == 0 else 2, "unit": "kg"}},
    )
    document = with_items(item, order_id=f"shop-{number}", order_number=f"M-{number:03}")
    address = {**document["shipping_address"], "country_code": country, "postal_code": postal_code, "city": city}
    payment = {"total_price": {"value": value, "currency": "EUR"}, "status": {"code": "paid"}}
    return {**document, "shipping_address": address, "payment_details": payment}


def price(number):
    """What a parcel costs by the files above, worked out by hand."""
    country, is_heavy = ("NL", "NL", "BE", "DE")[number % 4], number % 5 == 0
    if country == "NL":
        return Decimal("7.50") if is_heavy else Decimal("4.95")
    if country == "BE":
        return Decimal("8.45")
    insurance = Decimal("2.00") if number % 8 == 3 else Decimal(0)  # 0.5 % of 350 is less than the minimum
    return (Decimal("14.80") if is_heavy else Decimal("9.10")) + Decimal("0.19") + insurance


@pytest.fixture(scope="module")
def merchant(tmp_path_factory):
    """A server whose account has a fleet of its own, with options and prices from files."""
    folder = tmp_path_factory.mktemp("merchant")
    data = folder / "data"
    credentials = prepared(data)
    (folder / "options.csv").write_text(OPTIONS)
    (folder / "rates.csv").write_text(RATES)
    (folder / "contract.json").write_text(json.dumps({"company_prefix": "3761234", "printed_name": "Lumen Fleet"}))
    added = run("contracts", "add", "gs1", "--data", str(folder / "contract.json"), "--default", data=data)
    contract = re.search(r"\b(\d+)\b", added.stdout)
    assert contract, added.stderr
    for command in (
        ("contracts", "range", contract[1], "1", "99999"),
        ("options", "import", str(folder / "options.csv")),
        ("rates", "import", str(folder / "rates.csv")),
    ):
        done = run(*command, data=data)
        assert done.returncode == 0, done.stderr
    with serving(data, credentials=credentials) as server:
        yield server, data, folder, contract[1]


def ship(server, number, *, dry_run=False):
    body = {"integration_id": 70, "order": {"order_number": f"M-{number:03}", "apply_shipping_rules": True}}
    return server.ask("POST", f"/api/v3/orders/create-label-sync{'?dry_run=true' if dry_run else ''}", body)


def test_a_merchant_configures_tries_ships_and_the_report_adds_up(merchant):
    server, data, folder, contract = merchant

    for name, subject, operator, compare_to, action, value in RULES:
        rule = {
            "name": name,
            "criteria": {
                "is_and": True,
                "conditions": [{"property": subject, "operator": operator, "compare_to": compare_to}],
            },
            "actions": [{"identifier": action, "value": value}],
        }
        made = server.ask("POST", "/api/v3/shipping-rules/rules", rule)
        assert made.status == 201, made.body
    for first in range(0, ORDERS, 100):
        stored = server.ask("POST", "/api/v3/orders", [order(number) for number in range(first, first + 100)])
        assert stored.status == 201, stored.body

    # The dry run: every order can be shipped, and costs what the files say. Nothing has happened by it.
    answers = [ship(server, number, dry_run=True).json() for number in range(ORDERS)]
    tried = [answer["data"] for answer in answers]
    assert [answer["errors"] for answer in answers] == [[]] * ORDERS
    assert [Decimal(each["price"]["value"]) for each in tried] == [price(number) for number in range(ORDERS)]
    assert used(server, contract) == 0

    # The labels: as tried, one for each order, with a number of the contract's own.
    shipped = [ship(server, number) for number in range(ORDERS)]
    assert {answer.status for answer in shipped} == {201}
    numbers = [answer.json()["data"][0]["tracking_number"] for answer in shipped]
    assert len(set(numbers)) == ORDERS
    assert all(number.startswith("03761234") for number in numbers)
    assert used(server, contract) == ORDERS
    kept = [
        server.ask("GET", f"/api/v3/shipments/{answer.json()['data'][0]['shipment_id']}/decision").json()["data"]
        for answer in shipped[:8]
    ]
    assert [each["steps"] for each in kept] == [each["steps"] for each in tried[:8]]

    # The report: the same rules would do the same; with Belgium by night, its orders differ, and so does the money.
    same = run("rules", "replay", "--since", "2026-01-01", data=data)
    assert same.returncode == 0, same.stderr
    changed = folder / "changed.csv"
    exported = run("rules", "export", data=data).stdout
    changed.write_text(exported.replace('"NL,BE"', "NL").replace(",DE,", ',"DE,BE",'))
    differences = folder / "differences.csv"
    options = ("--since", "2026-01-01", "--rules", str(changed), "--csv", str(differences))
    report = run("rules", "replay", *options, data=data)
    assert report.returncode == 0, report.stderr
    with differences.open(newline="") as file:
        found = {(row["order_number"], row["field"], row["was"], row["would_be"]) for row in csv.DictReader(file)}
    belgian = [number for number in range(ORDERS) if number % 4 == 2]
    cost, more = sum(map(price, range(ORDERS))), (Decimal("9.10") - Decimal("8.45")) * len(belgian)
    assert "200 shipments: 0 would be otherwise, 0 would fail, 200 would be the same." in same.stdout
    assert found == {(f"M-{number:03}", "shipping_option_code", "gs1:van", "gs1:night") for number in belgian}
    assert "200 shipments: 50 would be otherwise, 0 would fail, 150 would be the same." in report.stdout
    assert f"Cost at today's rates: {cost} EUR, would be {cost + more} EUR (+{more})." in report.stdout


def used(server, contract):
    """How many numbers of the contract are taken; a server takes some in advance."""
    ranges = server.ask("GET", f"/api/v3/contracts/{contract}/number-ranges").json()["data"]
    return sum(each["used"] for each in ranges)
