"""The Shipping Defaults section does what its published pages say, and what was decided where they say nothing."""

from typing import Any

import pytest

from kolli.account.accounts import Defaults, get_account, revision_of
from kolli.account.contracts import Contract, add_contract
from kolli.app import web
from kolli.database import Database
from kolli.migrations import migrate
from kolli.values import Weight
from tests.described import DescribedClient
from tests.factories import a_caller, an_installation, an_order, kilograms

URL = "/api/v3/shipping-defaults"

STANDARD = {
    "type": "shipping_option_code",
    "properties": {"shipping_option_code": "postnl:standard", "contract_id": 1517},
}

LETTER = {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}}

NOTHING: dict[str, Any] = {
    "weight": None,
    "ship_with": None,
    "insurance": None,
    "customs_options": {"shipment_type": None},
    "label_options": {"label_notes": []},
}

EVERYTHING = {
    "weight": {"value": "1.25", "unit": "kg"},
    "ship_with": STANDARD,
    "insurance": {"percentage": 12.5},
    "customs_options": {"shipment_type": "commercial_goods"},
    "label_options": {"label_notes": ["Keep dry", "Handle with care ❄"]},
}


@pytest.fixture
def caller(installation):
    """An account that has no defaults yet."""
    return a_caller(installation, default_shipping_option_code=None)


def change(caller, **body):
    answer = caller.client.patch(URL, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def refusal(caller, body):
    """What stands in the way, by its places; and nothing has changed."""
    before = caller.client.get(URL).json()
    answer = (
        caller.client.patch(URL, json=body) if not isinstance(body, bytes) else caller.client.patch(URL, content=body)
    )
    assert answer.status_code == 400, answer.text
    assert caller.client.get(URL).json() == before
    return {error.get("source", {}).get("pointer"): error for error in answer.json()["errors"]}


def account_of(caller):
    with caller.context.database.read() as transaction:
        return get_account(transaction, caller.context.account_id)


# What there is


def test_an_account_without_defaults_has_every_member(caller):
    answer = caller.client.get(URL)

    assert answer.status_code == 200
    assert answer.json() == {"data": NOTHING}


def test_everything_can_be_set_at_once_and_comes_back(caller):
    assert change(caller, **EVERYTHING) == EVERYTHING
    assert caller.client.get(URL).json() == {"data": EVERYTHING}


def test_what_was_stored_in_another_unit_is_answered_in_kilograms(installation):
    caller = a_caller(installation, account_id=3, integration_id=73, default_weight=Weight(kilograms("750").value, "g"))

    assert caller.client.get(URL).json()["data"]["weight"] == {"value": "0.75", "unit": "kg"}


def test_a_rule_a_request_and_an_order_find_what_was_set(caller):
    """What the API stores is what decisions read."""
    change(caller, **EVERYTHING)

    account = account_of(caller)

    assert (account.default_weight, account.default_shipping_option_code) == (kilograms("1.25"), "postnl:standard")
    assert account.defaults == Defaults(
        1517,
        kilograms("12.5").value,
        {"shipment_type": "commercial_goods"},
        {"label_notes": ["Keep dry", "Handle with care ❄"]},
    )
    assert account.defaults.label_notes == ("Keep dry", "Handle with care ❄")
    assert account.defaults.shipment_type == "commercial_goods"


# What changes


@pytest.mark.parametrize("member", EVERYTHING)
def test_each_member_changes_by_itself(caller, member):
    assert change(caller, **{member: EVERYTHING[member]}) == {**NOTHING, member: EVERYTHING[member]}


@pytest.mark.parametrize("member", EVERYTHING)
def test_null_removes(caller, member):
    """Documented for the shipping option and the insurance; the same for the others."""
    change(caller, **EVERYTHING)

    assert change(caller, **{member: None}) == {**EVERYTHING, member: NOTHING[member]}


def test_what_is_absent_stays(caller):
    change(caller, **EVERYTHING)

    assert change(caller) == EVERYTHING
    assert change(caller, customs_options={}, label_options={}) == EVERYTHING


@pytest.mark.parametrize("defaults", [NOTHING, EVERYTHING], ids=["nothing", "everything"])
def test_what_was_answered_can_be_sent_back(caller, defaults):
    answered = change(caller, **defaults)

    assert change(caller, **answered) == answered


@pytest.mark.parametrize("nothing", [[], None])
def test_no_notes_print_nothing_extra(caller, nothing):
    change(caller, **EVERYTHING)

    assert change(caller, label_options={"label_notes": nothing})["label_options"] == {"label_notes": []}


def test_another_option_does_not_keep_the_former_contract(caller):
    change(caller, ship_with=STANDARD)

    assert change(caller, ship_with=LETTER)["ship_with"]["properties"] == {
        "shipping_option_code": "sendcloud:letter",
        "contract_id": None,
    }


def test_a_change_counts_from_the_next_request_on_also_in_another_process(tmp_path):
    """Another process has an installation of its own, on the same file."""
    path = tmp_path / "kolli.db"
    database = Database(path)
    with database.write() as transaction:
        migrate(transaction)
    here = an_installation(tmp_path, database=database)
    caller = a_caller(here, default_shipping_option_code=None)
    there = an_installation(tmp_path, database=Database(path))
    elsewhere = DescribedClient(web(there), "http://kolli.test", raise_server_exceptions=False)
    elsewhere.auth = caller.client.auth or ("", "")
    before = elsewhere.get(URL).json()["data"]["weight"]

    change(caller, weight={"value": 31, "unit": "kg"})

    assert before is None
    assert elsewhere.get(URL).json()["data"]["weight"] == {"value": "31", "unit": "kg"}
    assert elsewhere.patch(URL, json={"ship_with": LETTER}).status_code == 400  # it sees that weight
    here.database.close()
    there.database.close()


def test_an_order_that_says_nothing_is_shipped_by_the_new_defaults(caller):
    order = an_order()
    del order["order_details"]["order_items"][0]["measurement"]
    caller.store(order)
    refused = caller.ship()

    change(caller, weight={"value": "0.4", "unit": "kg"}, ship_with={**STANDARD})
    shipped = caller.ship()

    assert refused.status_code == 400
    assert shipped.status_code == 201, shipped.text


def test_notes_stand_on_a_label_that_has_none_of_its_own(caller):
    change(caller, ship_with=LETTER, label_options={"label_notes": ["Keep dry"]})
    caller.store(an_order())

    (label,) = caller.ship().json()["data"]

    (parcel,) = caller.client.get(f"/api/v3/shipments/{label['shipment_id']}").json()["data"]["parcels"]
    assert parcel["label_notes"] == ["Keep dry"]


def test_a_change_is_one_for_whatever_is_kept_in_memory(caller):
    with caller.context.database.read() as transaction:
        before = revision_of(transaction, caller.context.account_id)

    change(caller, **EVERYTHING)

    with caller.context.database.read() as transaction:
        assert revision_of(transaction, caller.context.account_id) > before


def test_nobody_changes_the_defaults_of_another_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71, default_shipping_option_code=None)

    change(stranger, weight={"value": 7, "unit": "kg"})

    assert caller.client.get(URL).json() == {"data": NOTHING}


# What is refused


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        "0",
        "-0.5",
        1e30,
        "1e30",
        100_000.001,
        1.2345,
        "0.0001",
        "NaN",
        "Infinity",
        "heavy",
        "",
        None,
        True,
        [],
        {},
    ],
)
def test_a_weight_that_cannot_be_one_is_refused(caller, value):
    assert refusal(caller, {"weight": {"value": value, "unit": "kg"}}).keys() == {"/weight/value"}


@pytest.mark.parametrize("value", [0.001, "0.001", 100_000, "1.500", 1.5000, "25.0000"])
def test_a_weight_has_up_to_three_decimals(caller, value):
    answered = change(caller, weight={"value": value, "unit": "kg"})["weight"]

    assert kilograms(answered["value"]) == kilograms(str(value))


@pytest.mark.parametrize("unit", ["g", "lbs", "KG", "", None, 1])
def test_a_weight_is_in_kilograms(caller, unit):
    (found,) = refusal(caller, {"weight": {"value": 1, "unit": unit}}).items()

    assert found[0] == "/weight/unit"
    assert "'kg'" in found[1]["detail"]


def test_a_number_that_is_none_in_json_is_refused(caller):
    found = refusal(caller, b'{"weight": {"value": NaN, "unit": "kg"}}')

    assert found[None]["code"] == "non_field_errors"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"weight": 2}, "/weight"),
        ({"weight": {"unit": "kg"}}, "/weight/value"),
        ({"weight": {"value": 2}}, "/weight/unit"),
        ({"ship_with": "postnl:standard"}, "/ship_with"),
        ({"ship_with": {"type": "shipping_method_id", "properties": STANDARD["properties"]}}, "/ship_with/type"),
        ({"ship_with": {"type": "shipping_option_code"}}, "/ship_with/properties"),
        (
            {"ship_with": {"type": "shipping_option_code", "properties": {"contract_id": 1517}}},
            "/ship_with/properties/shipping_option_code",
        ),
        ({"insurance": 12}, "/insurance"),
        ({"insurance": {}}, "/insurance/percentage"),
        ({"insurance": {"percentage": 0}}, "/insurance/percentage"),
        ({"insurance": {"percentage": 200.01}}, "/insurance/percentage"),
        ({"insurance": {"percentage": "12.345"}}, "/insurance/percentage"),
        ({"insurance": {"percentage": "12%"}}, "/insurance/percentage"),
        ({"customs_options": []}, "/customs_options"),
        ({"customs_options": {"shipment_type": "smuggling"}}, "/customs_options/shipment_type"),
        ({"label_options": {"label_notes": "Keep dry"}}, "/label_options/label_notes"),
        ({"label_options": {"label_notes": [""]}}, "/label_options/label_notes/0"),
        ({"label_options": {"label_notes": ["a", "b" * 256]}}, "/label_options/label_notes/1"),
        ({"label_options": {"label_notes": ["bell\u0007"]}}, "/label_options/label_notes/0"),
        ({"label_options": {"label_notes": ["turned \u202e round"]}}, "/label_options/label_notes/0"),
        ({"label_options": {"label_notes": ["a"] * 256}}, "/label_options/label_notes"),
        ([], ""),
        ("weight", ""),
    ],
)
def test_what_cannot_be_right_is_refused_where_it_stands(caller, body, pointer):
    assert refusal(caller, body).keys() == {pointer}


def test_every_mistake_is_named_at_once(caller):
    found = refusal(caller, {"weight": {"value": 0}, "insurance": {"percentage": -1}})

    assert found.keys() == {"/weight/value", "/weight/unit", "/insurance/percentage"}


def test_as_many_notes_as_a_parcel_may_have(caller):
    notes = ["n" * 255] * 255

    assert change(caller, label_options={"label_notes": notes})["label_options"] == {"label_notes": notes}


@pytest.mark.parametrize(
    ("shipping_option_code", "contract_id", "pointer", "says"),
    [
        ("postnl:hovercraft", None, "/ship_with/properties/shipping_option_code", "'postnl:hovercraft'"),
        ("POSTNL:STANDARD", None, "/ship_with/properties/shipping_option_code", "'POSTNL:STANDARD'"),
        ("postnl:standard", 404, "/ship_with/properties/contract_id", "404"),
        ("postnl:standard", 2517, "/ship_with/properties/contract_id", "2517"),  # another account's
        ("sendcloud:letter", 1517, "/ship_with/properties/contract_id", "with postnl"),
        ("postnl:standard", 60, "/ship_with/properties/contract_id", "'inactive'"),
    ],
)
def test_a_method_that_cannot_be_shipped_with_is_refused(caller, shipping_option_code, contract_id, pointer, says):
    a_caller(caller.installation, account_id=2, integration_id=71)
    with caller.context.database.write() as transaction:
        add_contract(transaction, caller.context.account_id, Contract(60, "postnl", "Old", state="inactive"))
    properties = {"shipping_option_code": shipping_option_code, "contract_id": contract_id}

    found = refusal(caller, {"ship_with": {"type": "shipping_option_code", "properties": properties}})

    assert found.keys() == {pointer}
    assert says in found[pointer]["detail"]


# Weight and method together. The sandbox's letter weighs up to 30 kg, a PostNL parcel up to 31.5.


def test_a_method_that_does_not_carry_the_weight_is_refused(caller):
    change(caller, weight={"value": 30.5, "unit": "kg"})

    found = refusal(caller, {"ship_with": LETTER})

    assert found.keys() == {"/ship_with/properties/shipping_option_code"}
    assert "30.5 kg" in found["/ship_with/properties/shipping_option_code"]["detail"]


def test_a_weight_that_the_method_does_not_carry_is_refused(caller):
    change(caller, ship_with=LETTER)

    assert refusal(caller, {"weight": {"value": "30.001", "unit": "kg"}}).keys() == {"/weight"}


def test_weight_and_method_are_looked_at_together(caller):
    change(caller, weight={"value": 30.5, "unit": "kg"}, ship_with=STANDARD)

    assert refusal(caller, {"weight": {"value": 50, "unit": "kg"}, "ship_with": LETTER}).keys() == {
        "/ship_with/properties/shipping_option_code"
    }
    assert change(caller, weight={"value": 1, "unit": "kg"}, ship_with=LETTER)["weight"]["value"] == "1"


def test_without_a_weight_every_method_will_do(caller):
    change(caller, weight={"value": 20, "unit": "kg"})

    assert change(caller, weight=None, ship_with=LETTER)["weight"] is None


def test_an_option_that_is_gone_does_not_keep_anybody_from_changing_the_rest(installation):
    caller = a_caller(installation, account_id=3, integration_id=73, default_shipping_option_code="gone:option")

    assert change(caller, weight={"value": 70, "unit": "kg"})["weight"]["value"] == "70"
    assert caller.client.get(URL).json()["data"]["ship_with"]["properties"]["shipping_option_code"] == "gone:option"
