"""Dry runs, kept decisions and shipping rules, as callers of the API meet them."""

from base64 import b64decode

import pytest
from sqlalchemy import text

from kolli.documents.proof import page_sizes
from kolli.rules.model import Condition
from kolli.schema import metadata
from kolli.service_points.model import KnownPoint
from kolli.service_points.queries import store_points
from tests.factories import a_caller, an_order
from tests.unit.operations.ways import a_caller_with_ways, a_rule, give_rules

SYNC = "/api/v3/orders/create-label-sync"
ASYNC = "/api/v3/orders/create-labels-async"
ANNOUNCE = "/api/v3/shipments/announce-with-shipping-rules"
CREATE = "/api/v3/shipments/create-with-shipping-rules"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def caller(tmp_path):
    caller = a_caller_with_ways(tmp_path)
    caller.store(an_order())
    return caller


def ask(caller, *, dry=True, rules=True, **body):
    wanted = {"integration_id": 70, "order": {"order_number": "ORDER-1", "apply_shipping_rules": rules}, **body}
    return caller.client.post(SYNC, params={"dry_run": "true"} if dry else {}, json=wanted)


def choosing(option, contract_id=None):
    return {
        "type": "shipping_option_code",
        "properties": {"shipping_option_code": option, "contract_id": contract_id},
    }


def everything(caller):
    """Every row of every table, and what the carriers have heard."""
    with caller.installation.database.read() as transaction:
        rows = {
            table.name: transaction.execute(text(f"SELECT * FROM {table.name}")).all()
            for table in metadata.sorted_tables
        }
    return rows, caller.sandbox.ledger.entries(), list(caller.installation.carriers.get("ways").booked)


# A dry run


def test_a_dry_run_answers_with_the_whole_decision(caller):
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap"), name="Cheap in NL"))

    answer = ask(caller)

    assert answer.status_code == 200
    assert answer.json() == {
        "data": {
            "order_id": "shop-1",
            "order_number": "ORDER-1",
            "would_ship": True,
            "shipment_id": None,
            "decision": {
                "ship_with": choosing("ways:cheap", 600),
                "carrier": {"code": "ways", "name": "Ways"},
                "is_live": False,
                "sender_address_id": 1017,
                "brand_id": 1042,
                "insured_value": None,
                "export_reason": None,
                "to_service_point": None,
                "parcels": [{"weight": {"value": "0.70", "unit": "kg"}, "dimensions": None, "label_notes": []}],
            },
            "price": {"value": "5.00", "currency": "EUR"},
            "steps": [
                step("shipping_option_code", None, "ways:plain", "default"),
                step("parcels.0.weight", None, "0.7 kg", "order_items"),
                step(
                    "shipping_option_code",
                    "ways:plain",
                    "ways:cheap",
                    "rule",
                    rule={"id": 4, "name": "Cheap in NL", "revision": 1},
                ),
                step("sender_address_id", None, "1017", "default"),
                step("brand_id", None, "1042", "default"),
                step("contract_id", None, "600", "default", note="The account's default contract with Ways."),
            ],
            "applied_shipping_rules": [
                {"rule": {"id": 4, "name": "Cheap in NL"}, "result": {"shipping_option_code": "ways:cheap"}}
            ],
        },
        "errors": [],
    }


def step(field, before, after, source, **more):
    return {"field": field, "before": before, "after": after, "source": source, "rule": None, "note": "", **more}


@pytest.mark.parametrize(
    "body",
    [{}, {"ship_with": choosing("postnl:standard")}, {"ship_with": choosing("ways:nowhere")}, {"brand_id": 999}],
    ids=["fine", "own numbers", "no such option", "no such brand"],
)
def test_a_dry_run_stores_nothing_takes_no_number_and_tells_nobody(caller, body):
    ask(caller, dry=False)  # so that there is something to change
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    before = everything(caller)
    sequences = caller.installation.sequences

    answer = ask(caller, order={"order_number": "ORDER-2"}, **body)

    assert answer.status_code == 200
    assert everything(caller) == before
    first = ask(caller, dry=False, order={"order_number": "ORDER-2"}, ship_with=choosing("postnl:standard"))
    assert first.json()["data"][0]["tracking_number"] == "3STEA00000001"
    assert sequences is caller.installation.sequences


@pytest.mark.parametrize(
    "body",
    [
        {"ship_with": choosing("ways:nowhere")},
        {"ship_with": choosing("ways:mail")},
        {"ship_with": choosing("ways:plain", 1517)},
        {"ship_with": choosing("postnl:standard/insured=3000"), "sender_address_id": 999},
        {"brand_id": 999},
    ],
)
def test_a_dry_run_says_what_the_real_call_says(caller, body):
    dry, real = ask(caller, **body), ask(caller, dry=False, **body)

    assert real.status_code in {400, 404}
    assert dry.json()["errors"] == real.json()["errors"]
    assert (dry.json()["data"]["would_ship"], dry.json()["data"]["decision"]) == (False, None)


def test_a_dry_run_of_an_order_that_has_a_label_decides_all_the_same_and_says_so(caller):
    shipped = ask(caller, dry=False).json()["data"][0]["shipment_id"]

    dry, real = ask(caller), ask(caller, dry=False)

    assert dry.json()["errors"] == real.json()["errors"]
    assert (dry.json()["data"]["shipment_id"], dry.json()["data"]["would_ship"]) == (shipped, False)
    assert dry.json()["data"]["decision"]["ship_with"] == choosing("ways:plain", 600)


def test_a_dry_run_finds_a_range_that_is_used_up(tmp_path):
    caller = a_caller_with_ways(tmp_path)
    caller.store(an_order())
    with caller.installation.database.write() as transaction:
        transaction.execute(text("UPDATE sequences SET next = last + 1 WHERE name <> 'ids'"))

    dry = ask(caller, ship_with=choosing("postnl:standard"))

    (problem,) = dry.json()["errors"]
    assert "The test number range of contract 1517 (Test) is used up." in problem["detail"]
    assert problem == ask(caller, dry=False, ship_with=choosing("postnl:standard")).json()["errors"][0]


def test_a_dry_run_of_what_cannot_be_printed_says_so(caller):
    address = {**an_order()["shipping_address"], "name": "x" * 2_000}
    caller.store(an_order(shipping_address=address))

    dry, real = ask(caller), ask(caller, dry=False)

    assert dry.json()["errors"] == real.json()["errors"]
    assert dry.json()["data"]["would_ship"] is False


LETTER = "sendcloud:letter"
STREET = "Lange Achter de Grote Kerk en de Kleine Kerkstraat bij de molenstraat"
FIRST_LINE = "Lange Achter de Grote Kerk en de Kleine Kerkstr. bij de"
SHORTENED = [
    step(
        f"recipient.{field}",
        before,
        after,
        "carrier",
        note=f"Shortened by the rule {rule!r}, as Sendcloud has not room for more.",
    )
    for field, before, after, rule in (
        ("address_line_1", STREET, STREET.replace("straat", "str."), "abbreviation"),
        ("address_line_1", STREET.replace("straat", "str."), FIRST_LINE, "second line"),
        ("address_line_2", "", "molenstr.", "second line"),
    )
]


def living_in(**parts):
    return {**an_order()["shipping_address"], **parts}


def test_a_long_street_is_shortened_in_the_open_and_a_dry_run_shows_it_before(caller):
    caller.store(an_order(shipping_address=living_in(address_line_1=STREET)))

    dry = ask(caller, ship_with=choosing(LETTER))
    real = ask(caller, dry=False, ship_with=choosing(LETTER), label_details={"mime_type": "application/zpl"})

    label = real.json()["data"][0]
    shipment = f"/api/v3/shipments/{label['shipment_id']}"
    kept = caller.client.get(f"{shipment}/decision").json()["data"]
    for told in (dry.json()["data"]["steps"], kept["steps"]):
        assert [each for each in told if each["field"].startswith("recipient.")] == SHORTENED
    to_address = caller.client.get(shipment).json()["data"]["to_address"]
    assert (to_address["address_line_1"], to_address["address_line_2"]) == (FIRST_LINE, "molenstr.")
    printed = b64decode(label["label"]["file"]).decode()
    assert "molenstr." in printed
    assert "straat" not in printed


def test_a_city_that_cannot_be_shortened_is_refused_before_anything_is_stored(caller):
    caller.store(an_order(shipping_address=living_in(city="Llanfair" * 4)))
    before = everything(caller)

    dry, real = ask(caller, ship_with=choosing(LETTER)), ask(caller, dry=False, ship_with=choosing(LETTER))

    (problem,) = real.json()["errors"]
    assert (real.status_code, problem["source"]["pointer"]) == (400, "/data/attributes/order/shipping_address/city")
    assert problem["detail"] == (
        f"Sendcloud has room for 30 characters here, and {'Llanfair' * 4!r} has 32, with everything shortened that can"
        " be. Shorten it."
    )
    assert dry.json()["errors"] == [problem]
    assert everything(caller) == before


@pytest.mark.parametrize(("url", "root"), [(ANNOUNCE, ""), (CREATE, "/data/attributes")])
def test_a_shipment_without_an_order_is_made_to_fit_too(caller, url, root):
    body = {"ship_with": choosing(LETTER), "parcels": [{"weight": {"value": "1", "unit": "kg"}}]}
    sender = {"from_address": {"sender_address_id": 1017}}
    long = caller.client.post(url, json={**body, **sender, "to_address": living_in(address_line_1=STREET)})
    wrong = caller.client.post(url, json={**body, **sender, "to_address": living_in(city="Llanfair" * 4)})

    assert long.json()["data"]["to_address"]["address_line_2"] == "molenstr."
    assert (wrong.status_code, wrong.json()["errors"][0]["source"]["pointer"]) == (400, f"{root}/to_address/city")


def test_an_order_that_does_not_exist_is_not_found_by_a_dry_run_either(caller):
    assert ask(caller, order={"order_number": "nowhere"}).status_code == 404


PLAIN = "/api/v3/shipments"


@pytest.mark.parametrize("url", [ASYNC, ANNOUNCE, CREATE, f"{PLAIN}/announce", PLAIN])
def test_a_dry_run_where_there_is_none_is_refused_and_buys_nothing(caller, url):
    before = everything(caller)

    answer = caller.client.post(url, params={"dry_run": "true"}, json={})

    (problem,) = answer.json()["errors"]
    assert (answer.status_code, problem["source"]) == (400, {"parameter": "dry_run"})
    assert problem["detail"].startswith("There is no dry run here. Only POST /orders/create-label-sync has one.")
    assert everything(caller) == before


def test_a_dry_run_is_wanted_or_not(caller):
    answer = caller.client.post(SYNC, params={"dry_run": "perhaps"}, json={"integration_id": 70, "order": {}})

    assert answer.status_code == 400
    answer = caller.client.post(
        SYNC, params={"dry_run": "perhaps"}, json={"integration_id": 70, "order": {"order_number": "ORDER-1"}}
    )
    assert answer.json()["errors"][0]["source"] == {"parameter": "dry_run"}


# Kept decisions


def test_a_shipment_keeps_its_decision(caller):
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap"), name="Cheap in NL"))
    planned = ask(caller).json()["data"]
    shipped = ask(caller, dry=False).json()["data"][0]
    give_rules(caller, a_rule(5, ("ship_with", "ways:insurable")))

    kept = caller.client.get(f"/api/v3/shipments/{shipped['shipment_id']}/decision").json()["data"]

    assert (kept["shipment_id"], kept["order_number"]) == (shipped["shipment_id"], "ORDER-1")
    assert kept["decided_at"] == "2026-11-24T12:00:00Z"
    assert {name: kept[name] for name in ("decision", "steps", "applied_shipping_rules")} == {
        name: planned[name] for name in ("decision", "steps", "applied_shipping_rules")
    }


def test_the_newest_decision_of_an_order_is_found_by_the_order(tmp_path):
    caller = a_caller_with_ways(tmp_path, repeat_labels="allowed")
    (order,) = caller.store(an_order())
    assert caller.client.get(f"/api/v3/orders/{order}/decision").status_code == 404
    ask(caller, dry=False)
    ids = {ask(caller, dry=False).json()["data"][0]["shipment_id"] for _ in range(2)}

    kept = caller.client.get(f"/api/v3/orders/{order}/decision").json()["data"]

    assert kept["decision"]["ship_with"] == choosing("ways:plain", 600)
    assert kept["shipment_id"] in ids or kept["order_id"] == "shop-1"


def test_a_decision_of_somebody_else_is_told_apart_from_nothing_by_no_byte(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    (order,) = caller.store(an_order())
    shipment = ask(caller, dry=False).json()["data"][0]["shipment_id"]

    theirs = [
        stranger.client.get(f"/api/v3/shipments/{shipment}/decision"),
        stranger.client.get(f"/api/v3/orders/{order}/decision"),
    ]
    nothing = [
        stranger.client.get(f"/api/v3/shipments/{NOWHERE}/decision"),
        stranger.client.get("/api/v3/orders/999999999/decision"),
    ]

    assert [answer.status_code for answer in theirs] == [404, 404]
    assert [answer.content for answer in theirs] == [answer.content for answer in nothing]


# Rules on orders


def test_each_order_of_a_batch_says_whether_rules_apply_to_it(caller):
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap")))
    wanted = [
        {"order_number": "ORDER-1", "apply_shipping_rules": True},
        {"order_number": "ORDER-2", "apply_shipping_rules": False},
    ]

    answer = caller.client.post(ASYNC, json={"integration_id": 70, "orders": wanted})

    used = [entry["ship_with"]["properties"]["shipping_option_code"] for entry in answer.json()["data"]]
    assert used == ["ways:cheap", "ways:plain"]


def test_an_order_of_a_batch_that_a_rule_makes_impossible_names_the_rule(caller):
    give_rules(caller, a_rule(4, ("insurance", "100"), name="Insured"))

    answer = caller.client.post(
        ASYNC, json={"integration_id": 70, "orders": [{"order_number": "ORDER-1", "apply_shipping_rules": True}]}
    )

    (problem,) = answer.json()["errors"]
    assert problem["detail"].endswith("The insurance was chosen by the rule 'Insured'.")
    assert problem["meta"]["applied_shipping_rules"] == [
        {"rule": {"id": 4, "name": "Insured"}, "result": {"total_insured_value": "100 EUR"}}
    ]


def test_a_refusal_lists_the_rules_that_were_applied(caller):
    """Source: integrators; a rule that forces an insurance which the option lacks."""
    give_rules(caller, a_rule(4, ("insurance", "100"), name="Insured"))

    answer = ask(caller, dry=False)

    assert answer.status_code == 400
    assert answer.json() == {
        "errors": [
            {
                "status": "400",
                "code": "validation_error",
                "title": "Validation error",
                "detail": "ways:plain has no insurance, so nothing can be insured for 100 EUR."
                " The insurance was chosen by the rule 'Insured'.",
                "source": {"pointer": "/data/attributes/ship_with/properties/shipping_option_code"},
            }
        ],
        "applied_shipping_rules": [
            {"rule": {"id": 4, "name": "Insured"}, "result": {"total_insured_value": "100 EUR"}}
        ],
    }


# Rules on shipments

TO = {
    "name": "Femke de Vries",
    "address_line_1": "Oudezijds Voorburgwal",
    "house_number": "218",
    "postal_code": "1012 GJ",
    "city": "Amsterdam",
    "country_code": "NL",
}
PARCEL = {"weight": {"value": "1.5", "unit": "kg"}}


def shipment(caller, url=ANNOUNCE, **body):
    return caller.client.post(url, json={"to_address": TO, "parcels": [PARCEL], **body})


def used(answer):
    data = answer.json()["data"]
    return data["ship_with"]["properties"], [parcel["weight"]["value"] for parcel in data["parcels"]]


@pytest.mark.parametrize("url", [ANNOUNCE, CREATE])
def test_rules_overrule_the_request_and_are_listed(caller, url):
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap"), ("use_contract", "601"), name="Cheap"))

    answer = shipment(caller, url, ship_with=choosing("ways:plain", 600))

    assert answer.status_code == 201, answer.text
    assert used(answer)[0] == {"shipping_option_code": "ways:cheap", "contract_id": 601}
    assert answer.json()["data"]["applied_shipping_rules"] == [
        {"rule": {"id": 4, "name": "Cheap"}, "result": {"shipping_option_code": "ways:cheap", "contract": "601"}}
    ]


@pytest.mark.parametrize("url", [ANNOUNCE, CREATE])
def test_rules_are_not_applied_where_that_is_not_wanted(caller, url):
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap")))

    answer = shipment(caller, url, apply_shipping_rules=False)

    assert used(answer)[0]["shipping_option_code"] == "ways:plain"
    assert answer.json()["data"]["applied_shipping_rules"] == []


def test_plain_shipments_know_no_rules(caller):
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap")))

    answer = shipment(
        caller, "/api/v3/shipments/announce", ship_with=choosing("ways:plain"), from_address={"sender_address_id": 1017}
    )

    assert used(answer)[0]["shipping_option_code"] == "ways:plain"
    assert "applied_shipping_rules" not in answer.json()["data"]


def test_the_request_goes_before_the_defaults(tmp_path):
    caller = a_caller_with_ways(tmp_path, default_weight=None)

    answer = shipment(caller, ship_with=choosing("ways:cheap"))

    assert used(answer) == ({"shipping_option_code": "ways:cheap", "contract_id": 600}, ["1.5"])


def test_without_defaults_what_is_missing_is_missing(caller):
    answer = shipment(caller, apply_shipping_defaults=False)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == "/ship_with/properties/shipping_option_code"


def test_a_rule_may_say_what_neither_request_nor_defaults_say(caller):
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap"), ("set_weight", "2")))

    answer = shipment(caller, apply_shipping_defaults=False, parcels=[{}])

    assert used(answer) == ({"shipping_option_code": "ways:cheap", "contract_id": 600}, ["2"])


def test_a_request_without_parcels_is_one_parcel(caller):
    give_rules(caller, a_rule(4, ("set_weight", "2")))

    answer = caller.client.post(ANNOUNCE, json={"to_address": TO})

    assert used(answer)[1] == ["2"]


def test_the_sender_of_a_rule_overrules_an_address_of_the_request(caller):
    give_rules(caller, a_rule(4, ("ship_with_address", "18")))

    answer = shipment(caller, from_address={**TO, "name": "Somebody else"})

    assert answer.json()["data"]["from_address"]["name"] == "Second"
    assert answer.json()["data"]["brand_id"] == 43


def test_the_delivery_indicator_is_what_the_checkout_condition_reads(caller):
    express = a_rule(
        4, ("ship_with", "ways:cheap"), conditions=[Condition("checkout_delivery_method", "is", "Express")]
    )
    give_rules(caller, express)

    with_it, without = shipment(caller, delivery_indicator="express"), shipment(caller, delivery_indicator="Standard")

    assert used(with_it)[0]["shipping_option_code"] == "ways:cheap"
    assert used(without)[0]["shipping_option_code"] == "ways:plain"


def test_a_rule_divides_a_single_parcel_of_a_request(caller):
    """Rules go before the request there, also where it has a parcel. Source: Shipments, `apply_shipping_rules`."""
    give_rules(caller, a_rule(4, ("set_number_of_parcels", "3")))

    answer = shipment(caller)

    assert used(answer)[1] == ["0.500", "0.500", "0.500"]
    assert answer.json()["data"]["applied_shipping_rules"][0]["result"]["number_of_shipments"] == "3"


POINTS = [KnownPoint(0, "ways", "W-1", "Bakery", "Markt", "1012 JS", "Amsterdam", "NL", 52_373_000, 4_893_000)]


@pytest.mark.parametrize(("option", "street"), [("ways:locker", "Markt"), ("ways:plain", "Voorburgwal")])
def test_a_label_names_the_service_point_where_the_option_goes_to_one(caller, option, street):
    with caller.installation.database.write() as transaction:
        store_points(transaction, [(7, POINTS[0])])
    label = {"mime_type": "application/zpl", "dpi": 203}
    wanted = {"to_service_point": {"carrier_service_point_id": "W-1"}, "label_details": label}

    data = shipment(caller, ship_with=choosing(option), **wanted).json()["data"]

    printed = b64decode(data["parcels"][0]["label_file"]).decode()
    assert [name for name in ("Markt", "Voorburgwal") if name in printed.rpartition("TO")[2]] == [street]
    assert data["to_service_point"] == {"id": "7", "carrier_service_point_id": "W-1"}
    assert data["to_address"]["address_line_1"] == "Oudezijds Voorburgwal"


@pytest.mark.parametrize(("mime_type", "pages"), [("application/pdf", 3), ("application/zpl", 3), ("image/png", 1)])
def test_the_file_of_an_order_that_a_rule_divides_has_all_of_its_labels(caller, mime_type, pages):
    give_rules(caller, a_rule(4, ("set_number_of_parcels", "3")))

    label = ask(caller, dry=False, label_details={"mime_type": mime_type}).json()["data"][0]

    file = b64decode(label["label"]["file"])
    assert pages == (len(list(page_sizes(file))) if mime_type == "application/pdf" else file.count(b"^XA") or 1)
    links = [document["link"] for document in label["documents"]]
    assert [caller.client.get(link).status_code for link in links] == [200] * 3
    assert str(label["parcel_id"]) in links[0]


def test_a_repeated_reference_is_answered_with_the_rules_of_the_first_time(caller):
    give_rules(caller, a_rule(4, ("ship_with", "ways:cheap")))
    first = shipment(caller, external_reference_id="R-1")

    again = shipment(caller, external_reference_id="R-1")

    assert again.status_code == 409
    assert again.json() == first.json()


def test_a_rule_that_makes_a_shipment_impossible_is_listed_with_the_error(caller):
    give_rules(caller, a_rule(4, ("insurance", "100"), name="Insured"))

    answer = shipment(caller)

    assert answer.status_code == 400
    assert answer.json()["applied_shipping_rules"][0]["rule"] == {"id": 4, "name": "Insured"}


def test_a_default_insurance_and_default_notes_are_for_orders(tmp_path):
    caller = a_caller_with_ways(tmp_path)
    change = {"insurance": {"percentage": 50}, "label_options": {"label_notes": ["Thank you"]}}
    assert caller.client.patch("/api/v3/shipping-defaults", json=change).status_code == 200
    caller.store(an_order())

    answer = shipment(
        caller, ship_with=choosing("ways:insurable"), total_order_price={"value": "20", "currency": "EUR"}
    )
    order = ask(caller, ship_with=choosing("ways:insurable")).json()["data"]["decision"]

    assert answer.json()["data"]["parcels"][0]["label_notes"] is None
    kept = caller.client.get(f"/api/v3/shipments/{answer.json()['data']['id']}/decision").json()["data"]["decision"]
    assert (kept["insured_value"], kept["parcels"][0]["label_notes"]) == (None, [])
    assert (order["insured_value"]["value"], order["parcels"][0]["label_notes"]) == ("11.43", ["Thank you"])
