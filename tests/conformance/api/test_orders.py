"""The Orders section does what its published description says, and what was decided where it says nothing."""

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from sqlalchemy import event

from kolli.account.integrations import add_integration
from kolli.api.bodies import decode, encode
from tests.factories import a_caller, an_integration, an_item, an_order, with_items

ORDERS = "/api/v3/orders"


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((vendor_descriptions / "orders.yaml").read_text("utf-8"), loader)


@pytest.fixture
def documented_caller(caller):
    """A caller with the integrations that the documented examples name."""
    with caller.installation.database.write() as transaction:
        add_integration(transaction, 1, an_integration(7, "Documented shop"))
        add_integration(transaction, 1, an_integration(739283, "Other documented shop"))
    return caller


def operation(description, method, path="/orders"):
    return description["paths"][path][method]


def request_examples(description, method, path="/orders"):
    return operation(description, method, path)["requestBody"]["content"]["application/json"]["examples"]


def answer_content(description, method, status, path="/orders"):
    answer = operation(description, method, path)["responses"][status]
    if "$ref" in answer:
        answer = description["components"]["responses"][answer["$ref"].rsplit("/", 1)[-1]]
    return answer["content"]["application/json"]


def deviations(description, answer, method, path="/orders"):
    """What an answer has that its documented schema does not allow."""
    schema = answer_content(description, method, str(answer.status_code), path)["schema"]
    validator = Draft202012Validator({**schema, "components": description["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer.json())]


def errors_of(answer, status=400):
    """(pointer, detail) of each error, all of which must be of the documented kind."""
    assert answer.status_code == status, answer.text
    problems = answer.json()["errors"]
    assert {(error["status"], error["code"], error["title"]) for error in problems} == {("400", "invalid", "Invalid")}
    return [(error["source"]["pointer"], error["detail"]) for error in problems]


def read(caller, order_pk):
    answer = caller.client.get(f"{ORDERS}/{order_pk}")
    assert answer.status_code == 200, answer.text
    return decode(answer.content)["data"]


def stored(caller, order):
    """What comes back of an order, without what Kolli adds."""
    (order_pk,) = caller.store(order)
    return without_ours(read(caller, order_pk))


def without_ours(order):
    return {name: value for name, value in order.items() if name not in {"id", "created_at", "modified_at"}}


def encoded(text):
    return b64encode(text.encode()).decode()


# The documented examples

CREATIONS = [
    "CreateBasicOrder",
    "CreateInternationalOrder",
    "CreateOrderProductImage",
    "CreateSpecifiedMeasurementsOrder",
    "CreateSpecifiedBillingOrder",
    "CreateServicePointOrder",
    "CreateServicePointOrderByCarrierId",
    "CreateOrderShipWith",
]
UPDATES = ["UpdateBatchOrders"]
CHANGES = ["UpdateOrderStatus", "UpdateOrderItem"]


@pytest.mark.parametrize("name", CREATIONS)
def test_every_documented_order_is_accepted_and_comes_back(documented_caller, description, name):
    order = request_examples(description, "post")[name]["value"][0]

    created = documented_caller.client.post(ORDERS, json=[order])

    assert created.status_code == 201, created.text
    assert deviations(description, created, "post") == []
    found = documented_caller.client.get(f"{ORDERS}/{created.json()['data'][0]['id']}")
    assert deviations(description, found, "get", "/orders/{id}") == []
    assert without_ours(found.json()["data"]) == in_utc(order)


def in_utc(order):
    """The documented order with its times as answers write them: microseconds and an offset."""
    details = {
        name: value.replace("Z", "000+00:00") if name.endswith("_at") else value
        for name, value in order["order_details"].items()
    }
    return {**order, "order_details": details}


def test_the_documented_update_in_batch_is_accepted(documented_caller, description):
    first, second = request_examples(description, "post")["UpdateBatchOrders"]["value"]
    ids = documented_caller.store({**first, "id": None}, {**second, "id": None})

    orders = [{**first, "id": str(ids[0])}, {**second, "id": str(ids[1])}]
    answer = documented_caller.client.post(ORDERS, json=orders)

    assert answer.status_code == 201
    assert answer.json() == {
        "data": [
            {"id": ids[0], "order_id": "555413", "order_number": "OXSDFGHTD-12"},
            {"id": ids[1], "order_id": "555414", "order_number": "OXSDFGHTD-13"},
        ]
    }


@pytest.mark.parametrize("name", CHANGES)
def test_every_documented_change_is_accepted(documented_caller, description, name):
    creation = request_examples(description, "post")["CreateBasicOrder"]["value"][0]
    change = request_examples(description, "patch", "/orders/{id}")[name]["value"]
    (order_pk,) = documented_caller.store(creation)

    answer = documented_caller.client.patch(f"{ORDERS}/{order_pk}", json=change)

    assert answer.status_code == 200, answer.text
    assert deviations(description, answer, "patch", "/orders/{id}") == []
    assert answer.json() == {"data": {"id": order_pk, "order_id": "555413", "order_number": "OXSDFGHTD-12"}}


def test_every_documented_request_is_tried_here(description):
    known = [*request_examples(description, "post"), *request_examples(description, "patch", "/orders/{id}")]

    assert sorted(known) == sorted(CREATIONS + UPDATES + CHANGES)


def test_a_list_has_the_documented_shape(documented_caller, description):
    examples = request_examples(description, "post")
    documented_caller.store(*[{**examples[name]["value"][0], "order_id": name} for name in CREATIONS])

    answer = documented_caller.client.get(ORDERS)

    assert len(answer.json()["data"]) == len(CREATIONS)
    assert deviations(description, answer, "get") == []


# The documented errors


def without(order, *path):
    """The order without one member."""
    first, *rest = path
    if rest:
        return {**order, first: without(order[first], *rest)}
    return {name: value for name, value in order.items() if name != first}


def with_details(**changes):
    return an_order(order_details={**an_order()["order_details"], **changes})


ABC = an_order(order_id="abc-123")
REFUSALS: dict[str, Any] = {
    "WrongPayloadFormatRequested": {"orders": []},
    "MissingRequiredField": [an_order(), without(an_order(order_id="2"), "order_details", "integration")],
    "MissingOrderId": [an_order(order_id=None)],
    "InvalidFieldValue": [with_items(an_item(quantity=-1))],
    "BatchSizeLimitExceeded": [an_order()] * 101,
    "MultipleValidationErrors": [an_order(shipping_details={"ship_with": {}})],
    "IntegrationNotFound": [with_details(integration={"id": 99999})],
    "ImmutableFieldChange": [an_order(id="{id}", order_id="another")],
    "InvalidIdType": [an_order(id=669)],
}
NOT_PROVOKED = ["DuplicateOrderProcessing"]
"""Two requests about one order wait for each other here, so nobody is sent away."""


def in_any_sequence(errors):
    return sorted(errors, key=lambda error: str(error.get("source")))


@pytest.mark.parametrize("name", REFUSALS)
def test_every_documented_refusal_is_answered_in_the_documented_words(caller, description, name):
    (order_pk,) = caller.store(ABC)
    orders = json.loads(json.dumps(REFUSALS[name]).replace("{id}", str(order_pk)))

    answer = caller.client.post(ORDERS, json=orders)

    documented = answer_content(description, "post", "400")["examples"][name]["value"]["errors"]
    assert answer.status_code == 400
    assert deviations(description, answer, "post") == []
    assert in_any_sequence(answer.json()["errors"]) == in_any_sequence(
        [{"title": "Invalid"} | error for error in documented]
    )


def test_every_documented_refusal_is_tried_here(description):
    known = answer_content(description, "post", "400")["examples"]

    assert sorted(known) == sorted([*REFUSALS, *NOT_PROVOKED])


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("get", "/orders?integration=128", ("/orders", "400", "FilteringANonValidIntegration")),
        ("get", "/orders?cursor=nonsense", ("/orders", "404", "FilteringNonExistingCursor")),
        ("get", "/orders/5", ("/orders/{id}", "404", "OrderDoesNotExist")),
        ("get", "/orders/99999999999999999999999", ("/orders/{id}", "404", "OrderDoesNotExist")),
        ("delete", "/orders/5", ("/orders/{id}", "404", "OrderDoesNotExist")),
        ("patch", "/orders/5", ("/orders/{id}", "404", "OrderNotFound")),
    ],
)
def test_what_is_not_there_is_answered_in_the_documented_words(caller, description, method, path, named):
    documented_path, status, example = named

    answer = caller.client.request(method, f"/api/v3{path}", json={} if method == "patch" else None)

    documented = answer_content(description, method, status, documented_path)["examples"][example]["value"]
    assert (str(answer.status_code), answer.json()) == (status, documented)


def test_a_change_of_an_unknown_item_is_answered_in_the_documented_words(caller, description):
    (order_pk,) = caller.store(an_order())

    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json=changing_items({"item_id": "unknown", "quantity": 1}))

    documented = answer_content(description, "patch", "400", "/orders/{id}")["examples"]["MissingRequiredField"]
    assert (answer.status_code, answer.json()) == (400, documented["value"])


# What POST stores


def test_ids_are_numbers_when_storing_and_text_when_reading(caller):
    (order_pk,) = caller.store(an_order())

    assert isinstance(order_pk, int)
    assert read(caller, order_pk)["id"] == str(order_pk)


def test_an_order_is_readable_with_its_times_as_soon_as_it_is_stored(caller):
    (order_pk,) = caller.store(an_order())

    found = read(caller, order_pk)

    assert (found["created_at"], found["modified_at"]) == ("2026-11-24T12:00:00.000000+00:00",) * 2


def test_the_same_order_sent_again_is_the_same_order(caller):
    assert caller.store(an_order()) == caller.store(an_order())


def test_an_update_replaces_the_whole_order(caller):
    caller.store(an_order(customer_details={"name": "Jo"}))

    assert "customer_details" not in stored(caller, an_order())


def test_an_order_can_be_selected_by_our_id(caller):
    (order_pk,) = caller.store(an_order())

    assert caller.store(an_order(id=str(order_pk), order_number="B")) == [order_pk]
    assert read(caller, order_pk)["order_number"] == "B"


def test_what_was_read_can_be_sent_back(caller):
    (order_pk,) = caller.store(an_order())
    before = caller.client.get(f"{ORDERS}/{order_pk}").json()["data"]

    caller.store(before)

    assert caller.client.get(f"{ORDERS}/{order_pk}").json()["data"] == before


def test_an_empty_batch_stores_nothing(caller):
    answer = caller.client.post(ORDERS, json=[])

    assert (answer.status_code, answer.json()) == (201, {"data": []})


def test_a_hundred_orders_are_stored_in_their_sequence(caller):
    orders = [an_order(order_id=str(number)) for number in range(100)]

    answer = caller.client.post(ORDERS, json=orders)

    assert [entry["order_id"] for entry in answer.json()["data"]] == [order["order_id"] for order in orders]


def test_members_nobody_knows_are_ignored(caller):
    assert "surprise" not in stored(caller, an_order(surprise=1))


def with_total(value, currency="EUR"):
    return an_order(payment_details={"total_price": {"value": value, "currency": currency}, "status": {"code": "paid"}})


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("3.50", "3.50"),
        ("-0.01", "-0.01"),
        ("1e3", "1000"),
        ("999999999999999.00000000000000000001", "999999999999999.00000000000000000001"),
    ],
)
def test_a_number_may_be_sent_as_text_and_comes_back_exactly(caller, sent, found):
    total = stored(caller, with_total(sent))["payment_details"]["total_price"]["value"]

    assert Decimal(total) == Decimal(found)
    assert str(total) == found


def test_a_binary_fraction_comes_back_digit_by_digit(caller):
    body = json.dumps([with_total(0.1 + 0.2)])

    caller.client.post(ORDERS, content=body)

    assert '"value":0.30000000000000004' in caller.client.get(ORDERS).text


@pytest.mark.parametrize(("sent", "found"), [("3.990", "3.990"), (3.99, "3.99"), (5, "5"), (None, None)])
def test_costs_are_text_however_they_are_sent(caller, sent, found):
    payment = {**an_order()["payment_details"], "freight_costs": {"value": sent, "currency": "EUR"}}

    costs = stored(caller, an_order(payment_details=payment))["payment_details"]["freight_costs"]

    assert costs == {"value": found, "currency": "EUR"}


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("2018-02-27T10:00:00.555Z", "2018-02-27T10:00:00.555000+00:00"),
        ("2018-02-27T10:00:00.555309123+02:00", "2018-02-27T08:00:00.555309+00:00"),
        ("2018-02-27 10:00:00", "2018-02-27T10:00:00.000000+00:00"),
        ("2018-02-27", "2018-02-27T00:00:00.000000+00:00"),
    ],
)
def test_times_come_back_in_utc_with_microseconds(caller, sent, found):
    order = with_details(order_created_at=sent)

    assert stored(caller, order)["order_details"]["order_created_at"] == found


def test_currencies_and_countries_are_stored_in_capitals(caller):
    address = {**an_order()["shipping_address"], "country_code": "nl"}

    found = stored(caller, {**with_total(1, "sek"), "shipping_address": address})

    assert found["payment_details"]["total_price"]["currency"] == "SEK"
    assert found["shipping_address"]["country_code"] == "NL"


def test_dangerous_goods_are_read_in_any_case_and_stored_as_documented(caller):
    """Integrators have seen `kg` and `net` in stored orders."""
    goods = {"unit_of_measurement": "kg", "weight_type": "net", "transportation_mode": "CAO", "id_number": "UN1"}

    (item,) = stored(caller, with_items(an_item(dangerous_goods=goods)))["order_details"]["order_items"]

    assert item["dangerous_goods"] == {**goods, "unit_of_measurement": "KG", "weight_type": "Net"}


@pytest.mark.parametrize("name", ["id", "carrier_service_point_id"])
def test_ids_of_service_points_may_be_numbers(caller, name):
    found = stored(caller, an_order(service_point_details={name: 10875349}))

    assert found["service_point_details"] == {name: "10875349"}


def test_null_is_as_good_as_absent_where_a_member_need_not_be_there(caller):
    item = {**an_item(), "unit_price": None, "sku": None, "measurement": {"volume": None}}
    order = {**with_items(item), "billing_address": None, "shipping_details": {"ship_with": None}, "id": None}

    assert stored(caller, order) == stored(caller, with_items(an_item(measurement={}), shipping_details={}))


def test_null_comes_back_where_it_is_documented_as_a_value(caller):
    item = an_item() | {"mid_code": None, "delivery_dates": {"handover_at": None}}
    payment = an_order()["payment_details"] | {"is_cash_on_delivery": None}
    order = {**with_items(item), "payment_details": payment, "customs_details": None}

    found = stored(caller, order)

    assert found["order_details"]["order_items"][0]["mid_code"] is None
    assert found["order_details"]["order_items"][0]["delivery_dates"] == {"handover_at": None}
    assert found["payment_details"]["is_cash_on_delivery"] is None
    assert found["customs_details"] is None


def test_free_members_keep_their_nulls_and_numbers(caller):
    properties = {"size": None, "n": Decimal("1.10"), "big": 12345678901234567890123, "deep": [{"a": [None, True]}]}

    order = json.dumps([with_items(an_item(properties="P"))]).replace(
        '"P"', '{"size": null, "n": 1.10, "big": 12345678901234567890123, "deep": [{"a": [null, true]}]}'
    )
    order_pk = caller.client.post(ORDERS, content=order).json()["data"][0]["id"]

    assert read(caller, order_pk)["order_details"]["order_items"][0]["properties"] == properties


def test_the_shipping_option_is_always_named(caller):
    choice = {"type": "shipping_option_code", "properties": {"contract_id": 5}}

    found = stored(caller, an_order(shipping_details={"ship_with": choice}))

    assert found["shipping_details"]["ship_with"]["properties"] == {"shipping_option_code": None, "contract_id": 5}


# What POST refuses


def test_one_bad_order_stores_none(caller):
    answer = caller.client.post(ORDERS, json=[an_order(), an_order(order_id="2", order_number=None)])

    assert errors_of(answer) == [("/data/attributes/[1]/order_number", "Field required")]
    assert caller.client.get(ORDERS).json() == {"data": []}


def test_every_problem_of_every_order_is_named_at_once(caller):
    orders = [
        with_items(an_item(quantity=0), an_item(total_price={"value": 1, "currency": "E"})),
        with_details(integration={"id": 99999}),
        an_order(order_id="3", id="5"),
        an_order(order_id="3"),
        an_order(order_number=5, shipping_address={}),
    ]

    answer = caller.client.post(ORDERS, json=orders)

    assert errors_of(answer) == [
        ("/data/attributes/[0]/order_details/order_items/0/quantity", "Input should be greater than 0"),
        (
            "/data/attributes/[0]/order_details/order_items/1/total_price/currency",
            "String should have at least 3 characters",
        ),
        ("/data/attributes/[1]/order_details/integration/id", "Integration with id 99999 does not exist"),
        ("/data/attributes/[2]/id", "Order with id 5 does not exist"),
        ("/data/attributes/[3]/order_id", "Order id 3 stands in this request more than once"),
        ("/data/attributes/[4]/order_number", "Input should be a valid string"),
        ("/data/attributes/[4]/shipping_address/name", "Field required"),
        ("/data/attributes/[4]/shipping_address/address_line_1", "Field required"),
        ("/data/attributes/[4]/shipping_address/postal_code", "Field required"),
        ("/data/attributes/[4]/shipping_address/city", "Field required"),
        ("/data/attributes/[4]/shipping_address/country_code", "Field required"),
    ]


def address(**changes):
    return an_order(shipping_address={**an_order()["shipping_address"], **changes})


@pytest.mark.parametrize(
    ("order", "member", "detail"),
    [
        (an_order(order_id="a\u202eb"), "order_id", "The character U+202E cannot be printed. Leave it out."),
        (an_order(order_number="\x1b[2J"), "order_number", "The character U+001B cannot be printed. Leave it out."),
        (address(city="A\x85"), "shipping_address/city", "The character U+0085 cannot be printed. Leave it out."),
        (address(name="\u2066"), "shipping_address/name", "The character U+2066 cannot be printed. Leave it out."),
        (address(po_box="\x7f"), "shipping_address/po_box", "The character U+007F cannot be printed. Leave it out."),
        (an_order(order_id=""), "order_id", "String should have at least 1 character"),
        (address(city="x" * 2_001), "shipping_address/city", "String should have at most 2000 characters"),
        (address(postal_code=None), "shipping_address/postal_code", "Input should be a valid string"),
        (
            address(country_code="XX"),
            "shipping_address/country_code",
            '"XX" is not a valid country code. Use two letters of ISO 3166-1, such as NL',
        ),
        (with_details(notes="x" * 10_001), "order_details/notes", "String should have at most 10000 characters"),
        (
            with_details(order_created_at="1519725600"),
            "order_details/order_created_at",
            "Input should be a valid datetime",
        ),
        (
            with_details(order_created_at=1519725600),
            "order_details/order_created_at",
            "Input should be a valid datetime",
        ),
        (
            with_details(order_created_at="0001-01-01T00:00:00+14:00"),
            "order_details/order_created_at",
            "Input should be a valid datetime",
        ),
        (with_details(order_items=[5]), "order_details/order_items/0", "Input should be a valid dictionary"),
        (with_details(order_items={}), "order_details/order_items", "Input should be a valid list"),
        (with_details(integration={"id": "70"}), "order_details/integration/id", "Input should be a valid integer"),
        (
            with_total("many"),
            "payment_details/total_price/value",
            "Input should be a valid number, unable to parse string as a number",
        ),
        (with_total(True), "payment_details/total_price/value", "Input should be a valid number"),
        (
            with_total("1e15"),
            "payment_details/total_price/value",
            "Number should have at most 15 digits before the decimal point",
        ),
        (
            with_total("1e999"),
            "payment_details/total_price/value",
            "Number should have at most 15 digits before the decimal point",
        ),
        (
            with_total("1e-21"),
            "payment_details/total_price/value",
            "Number should have at most 20 digits after the decimal point",
        ),
        (
            with_total(1, "12€"),
            "payment_details/total_price/currency",
            "A currency is three letters of ISO 4217, such as EUR",
        ),
        (
            with_items(an_item(measurement={"weight": {"value": 0, "unit": "kg"}})),
            "order_details/order_items/0/measurement/weight/value",
            "Input should be greater than 0",
        ),
        (
            with_items(an_item(measurement={"weight": {"value": 1, "unit": "st"}})),
            "order_details/order_items/0/measurement/weight/unit",
            "Input should be 'kg', 'g', 'lbs' or 'oz'",
        ),
        (
            with_items(an_item(country_of_origin="NLD")),
            "order_details/order_items/0/country_of_origin",
            "String should have at most 2 characters",
        ),
        (
            an_order(service_point_details={}),
            "service_point_details",
            "Give either id or carrier_service_point_id",
        ),
        (
            an_order(service_point_details={"id": "1", "carrier_service_point_id": "1"}),
            "service_point_details",
            "Give either id or carrier_service_point_id",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_place(caller, order, member, detail):
    answer = caller.client.post(ORDERS, json=[order])

    assert errors_of(answer) == [(f"/data/attributes/[0]/{member}", detail)]


def test_tabs_and_line_ends_may_stand_in_addresses(caller):
    assert stored(caller, address(name="A\tB\r\nC"))["shipping_address"]["name"] == "A\tB\r\nC"


@pytest.mark.parametrize(
    "number", ["1e999999999", "1e99999999999999999999", "-1e-999999999", "9" * 400, "1" + "0" * 50 + ".5"]
)
def test_a_number_beyond_all_bounds_is_refused(caller, number):
    body = json.dumps([with_total("N")]).replace('"N"', number)

    assert caller.client.post(ORDERS, content=body).status_code == 400


def test_a_body_of_nothing_but_mistakes_gets_a_short_answer(caller):
    answer = caller.client.post(ORDERS, json=[with_items(*[{}] * 5_000)] * 20)

    assert (answer.status_code, len(answer.json()["errors"])) == (400, 500)


@pytest.mark.parametrize("body", [{}, [5], [None], [[]], "text", None])
def test_a_body_that_is_no_list_of_objects_is_refused(caller, body):
    answer = caller.client.post(ORDERS, content=json.dumps(body))

    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (
        400,
        "Wrong request format, expected list of objects",
    )


def of_bytes(size):
    """An order whose document takes so many bytes as it is stored: between 255,000 and 265,000."""
    items = [an_item(item_id=str(number), description="x" * 10_000) for number in range(26)]
    surplus = len(encode(timed_as_stored(items))) - size
    return timed_as_stored([an_item(item_id="0", description="x" * (10_000 - surplus)), *items[1:]])


def timed_as_stored(items):
    return with_details(order_items=items, order_created_at="2026-11-20T09:12:44.000000+00:00")


def test_an_order_of_256_kibibytes_is_stored(caller):
    assert caller.client.post(ORDERS, json=[of_bytes(262_144)]).status_code == 201


def test_an_order_of_more_than_256_kibibytes_is_refused_with_its_place_and_size(caller):
    answer = caller.client.post(ORDERS, json=[an_order(order_id="other"), of_bytes(262_145)])

    assert errors_of(answer) == [("/data/attributes/[1]", "An order should take at most 262144 bytes, not 262145")]


def test_an_order_does_not_grow_beyond_256_kibibytes_by_a_change(caller):
    (order_pk,) = caller.store(of_bytes(262_144))

    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json={"order_number": "ORDER-12"})

    assert errors_of(answer) == [("/data/attributes", "An order should take at most 262144 bytes, not 262145")]


def test_a_free_object_may_hold_a_thousand_values(caller):
    properties: dict[str, Any] = {"a": [[]] * 998, "b": None}

    found = stored(caller, with_items(an_item(properties=properties)))

    assert found["order_details"]["order_items"][0]["properties"] == properties


@pytest.mark.parametrize(
    ("order", "member"),
    [
        (with_items(an_item(properties={"a": [[]] * 1_000})), "order_details/order_items/0/properties"),
        (with_items(an_item(properties={str(n): n for n in range(1_001)})), "order_details/order_items/0/properties"),
        (
            an_order(service_point_details={"id": "5", "extra_data": {"a": [{"b": [1, 2]}] * 334}}),
            "service_point_details/extra_data",
        ),
    ],
)
def test_a_free_object_of_more_than_a_thousand_values_is_refused(caller, order, member):
    answer = caller.client.post(ORDERS, json=[order])

    detail = "Object should have at most 1000 values, counting those inside each other"
    assert errors_of(answer) == [(f"/data/attributes/[0]/{member}", detail)]


def test_an_integration_of_another_account_does_not_exist(caller):
    a_caller(caller.installation, account_id=2, integration_id=80)

    answer = caller.client.post(ORDERS, json=[with_details(integration={"id": 80})])

    assert errors_of(answer) == [
        ("/data/attributes/[0]/order_details/integration/id", "Integration with id 80 does not exist")
    ]


def test_an_order_cannot_move_to_another_integration(documented_caller):
    (order_pk,) = documented_caller.store(an_order())

    answer = documented_caller.client.post(ORDERS, json=[with_details(integration={"id": 7}) | {"id": str(order_pk)}])

    assert errors_of(answer) == [
        ("/data/attributes/[0]/order_details/integration/id", "Integration 70 of order shop-1 cannot be changed")
    ]


def test_a_partner_that_is_no_uuid_is_refused(caller):
    answer = caller.client.post(ORDERS, json=[an_order()], headers={"Sendcloud-Partner-Id": "me"})

    assert (answer.status_code, answer.json()["errors"][0]["source"]) == (400, {"header": "Sendcloud-Partner-Id"})


# Changing and deleting


def changing_items(*items):
    return {"order_details": {"order_items": list(items)}}


def changed(caller, order, change):
    (order_pk,) = caller.store(order)
    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json=change)
    assert answer.status_code == 200, answer.text
    return without_ours(read(caller, order_pk))


def refused(caller, change):
    (order_pk,) = caller.store(an_order())
    return caller.client.patch(f"{ORDERS}/{order_pk}", json=change)


def test_a_change_leaves_the_rest_as_it_was(caller):
    before = stored(caller, an_order())

    after = changed(caller, an_order(), {"shipping_address": {"city": "Utrecht"}})

    assert after == {**before, "shipping_address": {**before["shipping_address"], "city": "Utrecht"}}


def test_a_shipping_option_and_a_service_point_can_be_chosen_later(caller):
    ship_with = {"type": "shipping_option_code", "properties": {"shipping_option_code": "a:b", "contract_id": 5}}
    change = {"shipping_details": {"ship_with": ship_with}, "service_point_details": {"id": 5}}

    after = changed(caller, an_order(), change)

    assert after["shipping_details"] == {"ship_with": ship_with}
    assert after["service_point_details"] == {"id": "5"}


@pytest.mark.parametrize("name", ["phone", "phone_number"])
def test_the_phone_number_of_a_customer_has_two_names_in_a_change(caller, name):
    after = changed(caller, an_order(customer_details={"name": "Jo"}), {"customer_details": {name: "+31 20"}})

    assert after["customer_details"] == {"name": "Jo", "phone_number": "+31 20"}


def test_notes_and_tags_are_cleared_by_null(caller):
    order = with_details(notes="Ring twice", tags=["fragile"])

    after = changed(caller, order, {"order_details": {"notes": None, "tags": None}})

    assert after == stored(caller, an_order())


def test_a_quantity_may_be_changed_to_zero(caller):
    after = changed(caller, an_order(), changing_items({"item_id": "line-1", "quantity": 0}))

    assert after["order_details"]["order_items"][0]["quantity"] == 0


def test_one_member_of_a_measurement_can_be_changed(caller):
    change = changing_items({"name": "Candle", "measurement": {"weight": {"value": "0.4"}}})

    after = changed(caller, an_order(), change)

    weight = after["order_details"]["order_items"][0]["measurement"]["weight"]
    assert weight == {"value": Decimal("0.4"), "unit": "kg"}


def test_the_id_and_order_id_may_be_sent_along_with_a_change(caller):
    change = {"id": "12345", "order_id": "shop-1", "order_number": "B", "created_at": "2018"}

    assert changed(caller, an_order(), change)["order_number"] == "B"


@pytest.mark.parametrize(
    ("change", "member", "detail"),
    [
        ({"order_id": "another"}, "order_id", "Order id shop-1 cannot be changed"),
        (
            {"order_details": {"integration": {"id": 71}}},
            "order_details/integration/id",
            "Integration 70 of order shop-1 cannot be changed",
        ),
        ({"order_number": None}, "order_number", "Field required"),
        ({"shipping_address": {"city": None}}, "shipping_address/city", "Field required"),
        ({"billing_address": {"city": "Breda\u202e"}}, "billing_address/name", "Field required"),
        ({"order_details": 5}, "order_details", "Input should be a valid dictionary"),
        (changing_items(5), "order_details/order_items/0", "Input should be a valid dictionary"),
        (
            changing_items({"item_id": "line-1", "quantity": -1}),
            "order_details/order_items/0/quantity",
            "Input should be greater than or equal to 0",
        ),
        (
            {"shipping_details": {"measurement": {"weight": {"value": 3}}}},
            "shipping_details/measurement/weight/unit",
            "Field required",
        ),
    ],
)
def test_a_change_that_cannot_be_right_is_refused_with_its_place(caller, change, member, detail):
    answer = refused(caller, change)

    assert errors_of(answer)[0] == (f"/data/attributes/{member}", detail)


def test_a_mistake_in_an_item_is_shown_where_it_stands_in_the_change(caller):
    (order_pk,) = caller.store(with_items(an_item(item_id="a"), an_item(item_id="b")))

    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json=changing_items({"item_id": "b", "quantity": "x"}))

    assert errors_of(answer) == [
        ("/data/attributes/order_details/order_items/0/quantity", "Input should be a valid integer")
    ]


def test_racing_changes_all_count(caller):
    (order_pk,) = caller.store(an_order(service_point_details={"id": "5"}))
    changes = [{"service_point_details": {"extra_data": {str(number): number}}} for number in range(16)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda change: caller.client.patch(f"{ORDERS}/{order_pk}", json=change), changes))

    assert {answer.status_code for answer in answers} == {200}
    assert read(caller, order_pk)["service_point_details"]["extra_data"] == {str(n): n for n in range(16)}


@pytest.fixture
def overtake(caller):
    """Makes somebody else change the order's number so many times, each just before a change is stored."""
    left: list[int] = []

    def change_first(connection, _cursor, statement, *_):
        if statement.startswith("UPDATE orders SET integration_id") and left:
            number = left.pop()
            connection.exec_driver_sql(
                "UPDATE orders SET revision = revision + 1, body = json_set(body, '$.order_number', ?)", (str(number),)
            )

    with caller.installation.database.read() as transaction:
        engine = transaction.engine
    event.listen(engine, "before_cursor_execute", change_first)
    yield lambda times: left.extend(range(times))
    event.remove(engine, "before_cursor_execute", change_first)


def test_a_change_that_was_overtaken_by_others_is_worked_out_anew(caller, overtake):
    (order_pk,) = caller.store(an_order())
    overtake(3)

    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json={"shipping_address": {"city": "Utrecht"}})

    found = read(caller, order_pk)
    assert answer.json()["data"]["order_number"] == "0"
    assert (found["order_number"], found["shipping_address"]["city"]) == ("0", "Utrecht")


def test_a_change_that_is_overtaken_for_ever_is_answered_in_the_documented_words(caller, overtake):
    (order_pk,) = caller.store(an_order())
    overtake(1_000)

    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json={"shipping_address": {"city": "Utrecht"}})

    assert errors_of(answer) == [("/data", "We are still processing a previous request. Please try again in a moment.")]


def test_a_change_of_nothing_but_mistakes_gets_a_short_answer(caller):
    items = [an_item(item_id=str(number)) for number in range(1_000)]
    (order_pk,) = caller.store(with_items(*items))

    change = changing_items(*({"item_id": item["item_id"], "quantity": -1} for item in reversed(items)))
    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json=change)

    pointers = [pointer for pointer, _ in errors_of(answer)]
    assert pointers == [f"/data/attributes/order_details/order_items/{999 - n}/quantity" for n in range(500)]


def test_a_refused_change_changes_nothing(caller):
    before = stored(caller, an_order())

    refused(caller, {"order_number": "B", "shipping_address": {"city": None}})

    assert stored(caller, an_order()) == before


@pytest.mark.parametrize("body", [[], "text", None, 5])
def test_a_change_that_is_no_object_is_refused(caller, body):
    answer = caller.client.patch(f"{ORDERS}/5", content=json.dumps(body))

    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (
        400,
        "Wrong request format, expected object",
    )


def test_a_deleted_order_is_gone(caller):
    (order_pk,) = caller.store(an_order())

    answer = caller.client.delete(f"{ORDERS}/{order_pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert caller.client.get(f"{ORDERS}/{order_pk}").status_code == 404
    assert caller.client.delete(f"{ORDERS}/{order_pk}").status_code == 404


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_an_order_of_another_account_does_not_exist(caller, method):
    (order_pk,) = caller.store(an_order())
    other = a_caller(caller.installation, account_id=2, integration_id=80)

    answer = other.client.request(method, f"{ORDERS}/{order_pk}", json={} if method == "patch" else None)

    assert answer.status_code == 404


# Lists


@pytest.fixture
def shop(documented_caller):
    """A caller with three orders: ids grow from `a` to `c`."""
    documented_caller.store(
        shop_order("a", 70, "N-2", "Unfulfilled", "2026-01-01T23:59:59.999999Z", None),
        shop_order("b", 7, "n-1", "on_hold", "2026-01-02T00:00:00Z", "2026-01-05T12:00:00Z"),
        shop_order("c", 7, "N-10", "unfulfilled", "2026-01-02T23:59:59.999999Z", "2026-01-06T00:00:00Z"),
    )
    return documented_caller


def shop_order(order_id, integration_id, order_number, status, *times):
    created, updated = times
    details = with_details(
        integration={"id": integration_id},
        status={"code": status},
        order_created_at=created,
        order_updated_at=updated,
    )
    return details | {"order_id": order_id, "order_number": order_number}


def order_ids(answer):
    assert answer.status_code == 200, answer.text
    return "".join(order["order_id"] for order in answer.json()["data"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "cba"),
        ("integration=70", "a"),
        ("integration=70,7", "cba"),
        ("integration=", "cba"),
        ("order_number=N-1", "b"),
        ("order_id=C", "c"),
        ("status=UNFULFILLED", "ca"),
        ("status=unfulfilled&integration=7", "c"),
        ("order_created_at=2026-01-02", "cb"),
        ("order_created_at_min=2026-01-02", "cb"),
        ("order_created_at_max=2026-01-01", "a"),
        ("order_created_at=2026-01-02&order_created_at_max=2026-01-01", ""),
        ("order_updated_at=2026-01-05", "b"),
        ("order_updated_at_min=2026-01-06", "c"),
        ("order_updated_at_max=9999-12-31", "cb"),
        ("order_updated_at_min=0001-01-01", "cb"),
        ("unknown=1", "cba"),
    ],
)
def test_lists_are_filtered(shop, query, found):
    assert order_ids(shop.client.get(f"{ORDERS}?{query}")) == found


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        ("pk", "abc"),
        ("-pk", "cba"),
        ("order_number", "bca"),
        ("-order_number", "acb"),
        ("order_created_at", "abc"),
        ("-order_created_at", "cba"),
        ("order_updated_at", "abc"),
        ("integration,-pk", "cba"),
        ("integration,pk", "bca"),
        ("-integration,order_number", "abc"),
        ("integration,-integration", "bca"),
        ("surprise", "cba"),
        ("pk,surprise", "cba"),
        ("", "cba"),
    ],
)
def test_lists_are_sorted(shop, sort, found):
    assert order_ids(shop.client.get(ORDERS, params={"sort": sort})) == found


def test_pages_lead_forward_and_back_and_keep_the_filter(shop):
    first = shop.client.get(f"{ORDERS}?page_size=2&sort=-integration&integration=70,7")
    second = shop.client.get(first.links["next"]["url"])
    back = shop.client.get(second.links["prev"]["url"])

    assert (order_ids(first), order_ids(second), order_ids(back)) == ("ac", "b", "ac")
    assert (sorted(first.links), sorted(second.links), sorted(back.links)) == (["next"], ["prev"], ["next"])
    assert "integration=70%2C7" in second.links["prev"]["url"]
    assert first.links["next"]["url"].startswith("http://kolli.test/api/v3/orders?")


def test_a_page_that_lost_its_orders_still_leads_back(shop):
    first = shop.client.get(f"{ORDERS}?page_size=2")
    shop.client.delete(f"{ORDERS}/{shop.client.get(f'{ORDERS}?order_id=a').json()['data'][0]['id']}")

    second = shop.client.get(first.links["next"]["url"])

    assert order_ids(second) == ""
    assert order_ids(shop.client.get(second.links["prev"]["url"])) == "cb"


def test_a_listed_order_is_the_order_that_is_read_by_its_id(shop):
    one_by_one = [read(shop, order["id"]) for order in shop.client.get(ORDERS).json()["data"]]

    assert decode(shop.client.get(ORDERS).content)["data"] == one_by_one


def test_pages_of_large_orders_hold_fewer_and_lead_on(caller):
    ids = [order_pk for n in range(36) for order_pk in caller.store(of_bytes(258_000) | {"order_id": str(n)})]

    first = caller.client.get(f"{ORDERS}?sort=pk")
    second = caller.client.get(first.links["next"]["url"])

    found = [int(order["id"]) for page in (first, second) for order in page.json()["data"]]
    assert (len(first.json()["data"]), found) == (32, ids)
    assert sorted(second.links) == ["prev"]


def test_the_documented_kind_of_cursor_is_understood(shop):
    """`r=1&p=…` is the page in front of a position, `o=…` passes over so many."""
    order_pk = shop.client.get(f"{ORDERS}?order_id=a").json()["data"][0]["id"]

    before = shop.client.get(ORDERS, params={"page_size": 1, "cursor": encoded(f"r=1&p={order_pk}")})
    third = shop.client.get(ORDERS, params={"cursor": encoded("o=2")})

    assert (order_ids(before), order_ids(third)) == ("b", "a")


@pytest.mark.parametrize("size", ["0", "-1", "1"])
def test_a_page_has_at_least_one_order(shop, size):
    assert order_ids(shop.client.get(ORDERS, params={"page_size": size})) == "c"


@pytest.mark.parametrize("position", ["p=x", "p=1&p=2", f"p={2**63}", "p=", "p=-1"])
def test_a_position_that_does_not_fit_the_list_is_an_invalid_cursor(shop, position):
    answer = shop.client.get(ORDERS, params={"cursor": encoded(position)})

    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (404, "Invalid cursor")


def test_every_wrong_filter_is_named(caller):
    answer = caller.client.get(
        f"{ORDERS}?integration=70,x,71&order_created_at=yesterday&order_updated_at_max=2026-02-30"
    )

    assert answer.status_code == 400
    assert [(error["source"]["parameter"], error["code"], error["detail"]) for error in answer.json()["errors"]] == [
        ("integration", "invalid_choice", "Select a valid choice. x is not one of the available choices."),
        ("integration", "invalid_choice", "Select a valid choice. 71 is not one of the available choices."),
        ("order_created_at", "invalid", "'yesterday' is not a date. Write it as 2026-04-28."),
        ("order_updated_at_max", "invalid", "'2026-02-30' is not a date. Write it as 2026-04-28."),
    ]


def test_no_list_asks_for_more_integrations_than_there_can_be(caller):
    answer = caller.client.get(ORDERS, params={"integration": ",".join(["70"] * 1_001)})

    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (
        400,
        "At most 1000 integrations can be named, not 1001.",
    )


def test_orders_of_another_account_are_not_listed(caller):
    caller.store(an_order())
    other = a_caller(caller.installation, account_id=2, integration_id=80)

    assert other.client.get(ORDERS).json() == {"data": []}
    assert other.client.get(f"{ORDERS}?integration=70").status_code == 400


def test_what_to_look_at_is_kept_with_the_order_until_it_is_mended(caller):
    (order_pk,) = caller.store(an_order(shipping_address={**an_order()["shipping_address"], "city": "a" * 31}))

    found = caller.client.get(f"/api/v3/orders/{order_pk}/warnings").json()["data"]
    change = {"shipping_address": {"city": "Amsterdam"}}
    caller.client.patch(f"/api/v3/orders/{order_pk}", json=change)
    mended = caller.client.get(f"/api/v3/orders/{order_pk}/warnings").json()["data"]

    assert [(warning["code"], warning["pointer"], warning["limit"]) for warning in found] == [
        ("TOO_LONG", "/shipping_address/city", 30)
    ]
    assert mended == []


def test_a_house_number_is_suggested_when_the_order_arrives(caller):
    address = {**an_order()["shipping_address"], "address_line_1": "Damrak 70-III", "house_number": None}
    (order_pk,) = caller.store(an_order(shipping_address=address))

    (found,) = caller.client.get(f"/api/v3/orders/{order_pk}/warnings").json()["data"]

    assert found["suggestion"] == {
        "street": "Damrak",
        "house_number": "70",
        "addition": "III",
        "confidence": "high",
    }


def test_the_warnings_of_an_order_of_somebody_else_are_not_found(caller):
    (order_pk,) = caller.store(an_order())
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert stranger.client.get(f"/api/v3/orders/{order_pk}/warnings").status_code == 404
