"""The Integrations section does what its published description says, and what was decided where it says nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kolli.account.integrations import IntegrationSettings, add_integration, find_integration
from kolli.account.keys import create_key
from kolli.schema import integration_logs
from tests.factories import NOW, a_caller, an_installation, an_integration, an_order
from tests.vendor import section

PATH = "/integrations"
URL = f"/api/v3{PATH}"
ONE = f"{PATH}/{{id}}"
LOGS = f"{PATH}/{{id}}/logs"


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "integrations")


def add(caller, *made):
    with caller.installation.database.write() as transaction:
        for integration in made:
            add_integration(transaction, caller.context.account_id, integration)


def read(caller, integration_id=70):
    answer = caller.client.get(f"{URL}/{integration_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["data"]]


def moment(text):
    return datetime.fromisoformat(text)


def deliveries(caller):
    with caller.installation.database.read() as transaction:
        rows = transaction.exec_driver_sql(
            "SELECT receiver, event_type FROM deliveries ORDER BY created_at, event_type"
        )
        return [tuple(row) for row in rows]


NOT_FOUND = {
    "errors": [
        {
            "status": 404,
            "code": "not_found",
            "title": "Not Found",
            "detail": "The Integration could not be found with the search criteria given",
        }
    ]
}


# GET


def test_the_documented_integration_is_answered_as_documented(caller, description):
    documented = description.example("GET", ONE, 200)["data"]
    settings = IntegrationSettings(
        shop_url=documented["shop_url"],
        type=documented["type"],
        webhook_url=documented["webhook_url"],
        webhook_active=documented["webhook_active"],
        service_point_enabled=documented["service_point_enabled"],
        service_point_carriers=tuple(documented["service_point_carriers"]),
        feedback_type=documented["feedback_type"],
        started_failing_at=moment(documented["started_failing_at"]),
        last_fetched_at=moment(documented["last_fetched_at"]),
    )
    known = an_integration(documented["id"], documented["shop_name"], settings=settings)
    times = {name: moment(documented[name]) for name in ("created_at", "updated_at")}
    add(caller, replace(known, **times))

    answer, listed = caller.client.get(f"{URL}/{documented['id']}"), caller.client.get(URL)

    assert answer.json() == {"data": documented}
    assert documented in listed.json()["data"]
    assert description.deviations("GET", ONE, answer) == []


def test_an_integration_with_nothing_set_has_every_member_but_an_address(caller):
    assert read(caller) == {
        "id": 70,
        "shop_name": "Shop",
        "type": "api",
        "service_point_enabled": False,
        "service_point_carriers": [],
        "webhook_active": False,
        "webhook_url": None,
        "feedback_type": "none",
        "started_failing_at": None,
        "last_fetched_at": None,
        "created_at": "2026-11-24T12:00:00Z",
        "updated_at": "2026-11-24T12:00:00Z",
    }


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_integration_that_does_not_exist_is_the_documented_404(caller, description, method):
    answer = caller.client.request(method, f"{URL}/404", json={} if method == "PATCH" else None)

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert answer.json() == description.example(method, ONE, 404)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_integration_of_another_account_does_not_exist(caller, method):
    a_caller(caller.installation, account_id=2, integration_id=71)

    answer = caller.client.request(method, f"{URL}/71", json={} if method == "PATCH" else None)

    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_the_list_has_those_of_the_account_and_no_others(caller):
    a_caller(caller.installation, account_id=2, integration_id=71)

    assert ids(caller.client.get(URL)) == [70]


def fetched(number, *, created=0, last_fetch=None, failing=None, kind="api"):
    """An integration whose times are so many hours after NOW."""
    at = [None if hours is None else NOW + timedelta(hours=hours) for hours in (last_fetch, failing)]
    settings = IntegrationSettings(type=kind, last_fetched_at=at[0], started_failing_at=at[1])
    known = an_integration(number, settings=settings)
    return replace(known, created_at=NOW + timedelta(hours=created), updated_at=NOW - timedelta(hours=created))


SOME = (
    fetched(1, created=3, last_fetch=5, failing=2, kind="magento"),
    fetched(2, created=2, last_fetch=4, kind="woocommerce"),
    fetched(3, created=1, kind="magento", failing=1),
)
"""Together with 70, which was created at NOW and never fetched."""


@pytest.mark.parametrize(
    ("sort", "found"),
    [
        (None, [2, 1, 70, 3]),
        ("", [2, 1, 70, 3]),
        ("last_fetch", [2, 1, 3, 70]),
        ("-last_fetch", [1, 2, 3, 70]),
        ("last_fetched_at", [2, 1, 3, 70]),
        ("created_at", [70, 3, 2, 1]),
        ("-created_at", [1, 2, 3, 70]),
        ("updated_at", [1, 2, 3, 70]),
        ("failing_since", [3, 1, 2, 70]),
        ("-failing_since", [1, 3, 2, 70]),
        ("integration_type,-created_at", [70, 1, 3, 2]),
        ("-integration_type,created_at", [2, 3, 1, 70]),
        ("password", [2, 1, 70, 3]),
        ("created_at,password", [2, 1, 70, 3]),
    ],
)
def test_the_list_is_sorted_as_it_is_asked_for(caller, sort, found):
    add(caller, *SOME)

    assert ids(caller.client.get(URL, params={} if sort is None else {"sort": sort})) == found


# PATCH


@pytest.mark.parametrize(
    "name",
    ["UpdatingShopName", "EnableServicePointsIntegration", "EnableWebhooksForAnIntegration", "UpdateFeedbackType"],
)
def test_every_documented_change_is_made_and_nothing_else(caller, description, name):
    before, change = read(caller), description.request_examples("PATCH", ONE)[name]

    answer = caller.client.patch(f"{URL}/70", json=change)

    assert (answer.status_code, answer.content) == (204, b"")
    assert read(caller) == {**before, **change}


def test_what_is_not_known_or_cannot_be_changed_is_ignored(caller):
    before = read(caller)

    answer = caller.client.patch(f"{URL}/70", json={"id": 5, "type": "magento", "created_at": None, "colour": "red"})

    assert answer.status_code == 204
    assert read(caller) == before


def test_a_webhook_without_an_address_is_the_documented_400(caller, description):
    answer = caller.client.patch(f"{URL}/70", json={"webhook_active": True})

    assert (answer.status_code, answer.json()) == (400, description.example("PATCH", ONE, 400))
    assert read(caller)["webhook_active"] is False


def test_the_address_of_an_active_webhook_cannot_be_removed(caller):
    caller.client.patch(f"{URL}/70", json={"webhook_active": True, "webhook_url": "https://shop.example/hook"})

    refused = caller.client.patch(f"{URL}/70", json={"webhook_url": None})
    removed = caller.client.patch(f"{URL}/70", json={"webhook_url": None, "webhook_active": False})

    assert [refused.status_code, removed.status_code] == [400, 204]
    assert read(caller)["webhook_url"] is None


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://169.254.169.254/",
        "https://user:password@shop.example/",
        "ftp://shop.example/",
        "shop.example",
        " https://shop.example/",
        "https://",
    ],
)
def test_an_address_that_must_not_be_called_is_refused(caller, url):
    answer = caller.client.patch(f"{URL}/70", json={"webhook_url": url})

    assert answer.status_code == 400
    (found,) = answer.json()["errors"]
    assert found["source"] == {"pointer": "/data/webhook_url"}
    assert found["detail"].startswith("Enter a valid URL")
    assert read(caller)["webhook_url"] is None


def test_an_installation_can_allow_its_own_network(tmp_path):
    caller = a_caller(an_installation(tmp_path, private_targets="127.0.0.0/8"))

    answer = caller.client.patch(f"{URL}/70", json={"webhook_url": "http://127.0.0.1:9000/hook"})

    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"shop_name": ""}, "/data/shop_name"),
        ({"shop_name": "x" * 251}, "/data/shop_name"),
        ({"shop_name": None}, "/data/shop_name"),
        ({"shop_name": "\x1b[2J"}, "/data/shop_name"),
        ({"shop_url": ""}, "/data/shop_url"),
        ({"shop_url": "my shop"}, "/data/shop_url"),
        ({"shop_url": "javascript:alert(1)"}, "/data/shop_url"),
        ({"shop_url": "https://[x"}, "/data/shop_url"),
        ({"webhook_url": ""}, "/data/webhook_url"),
        ({"webhook_active": "yes"}, "/data/webhook_active"),
        ({"service_point_enabled": 1}, "/data/service_point_enabled"),
        ({"service_point_carriers": "ups"}, "/data/service_point_carriers"),
        ({"service_point_carriers": [""]}, "/data/service_point_carriers/0"),
        ({"service_point_carriers": ["ups"] * 101}, "/data/service_point_carriers"),
        ({"feedback_type": "sometimes"}, "/data/feedback_type"),
    ],
)
def test_what_cannot_be_right_is_pointed_to(caller, change, pointer):
    before = read(caller)

    answer = caller.client.patch(f"{URL}/70", json={"shop_name": "Other", **change})

    assert answer.status_code == 400
    assert [error["source"]["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert read(caller) == before


def test_a_name_can_be_as_long_as_documented(caller):
    assert caller.client.patch(f"{URL}/70", json={"shop_name": "x" * 250}).status_code == 204


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_that_is_no_object_is_the_documented_400(caller, body):
    answer = (
        caller.client.patch(f"{URL}/70", json=body)
        if body is not None
        else caller.client.patch(f"{URL}/70", content=b"null")
    )

    assert answer.status_code == 400
    (found,) = answer.json()["errors"]
    assert (found["code"], found["detail"]) == ("non_field_errors", "Wrong request format, expected object")


def test_a_change_is_told_to_the_webhook_and_no_change_is_not(caller):
    change = {"webhook_active": True, "webhook_url": "https://shop.example/hook"}

    caller.client.patch(f"{URL}/70", json=change)
    caller.client.patch(f"{URL}/70", json=change)

    assert deliveries(caller) == [("integration 70", "integration_updated")]


# DELETE


def test_a_removed_integration_is_gone_and_its_orders_stay(caller):
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Another shop", NOW)
    [order] = caller.store(an_order())

    answer = caller.client.delete(f"{URL}/70")

    caller.client.auth = (key.public_key, secret)
    assert (answer.status_code, answer.content) == (204, b"")
    assert caller.client.get(f"{URL}/70").json() == NOT_FOUND
    assert caller.client.delete(f"{URL}/70").json() == NOT_FOUND
    assert ids(caller.client.get(URL)) == []
    assert caller.client.get(f"/api/v3/orders/{order}").status_code == 200


def test_the_keys_of_a_removed_integration_are_unknown(caller):
    caller.client.delete(f"{URL}/70")

    assert caller.client.get(URL).status_code == 401


def test_the_tokens_of_a_removed_integration_are_unknown(caller):
    token = caller.client.post("/oauth2/token", data={"grant_type": "client_credentials"}).json()["access_token"]
    caller.client.delete(f"{URL}/70")

    caller.client.auth = None
    assert caller.client.get(URL, headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_keys_of_another_integration_go_on(caller):
    add(caller, an_integration(80))
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Other", NOW, integration_id=80)
    caller.client.delete(f"{URL}/70")

    caller.client.auth = (key.public_key, secret)
    assert ids(caller.client.get(URL)) == [80]


def test_a_removal_is_told_to_the_webhook(caller):
    caller.client.patch(f"{URL}/70", json={"webhook_active": True, "webhook_url": "https://shop.example/hook"})

    caller.client.delete(f"{URL}/70")

    assert sorted(deliveries(caller)) == [
        ("integration 70", "integration_deleted"),
        ("integration 70", "integration_updated"),
    ]


def test_no_order_comes_through_a_removed_integration(caller):
    add(caller, an_integration(80))
    caller.client.delete(f"{URL}/80")

    order = an_order()
    order["order_details"]["integration"]["id"] = 80
    answer = caller.client.post("/api/v3/orders", json=[order])

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["detail"] == "Integration with id 80 does not exist"


# Logs


def log(caller, number=70, **members):
    answer = caller.client.post(f"{URL}/{number}/logs", json={"base_url": "https://example.com", **members})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def texts(answer):
    assert answer.status_code == 200, answer.text
    return [entry["exception"] for entry in answer.json()["data"]]


def test_the_documented_log_is_stored_and_comes_back(caller, description):
    sent = description.request_examples("POST", LOGS)["CreateIntegrationLog"]
    documented = description.example("POST", LOGS, 201)["data"]

    created = caller.client.post(f"{URL}/70/logs", json=sent)

    answered = created.json()["data"]
    ours = {"id": answered["id"], "integration_id": 70, "created_at": "2023-03-01T01:02:00.000000+00:00"}
    assert created.status_code == 201
    assert answered == {**documented, **ours}
    assert description.deviations("POST", LOGS, created) == []
    for path, url in ((LOGS, f"{URL}/70/logs"), (f"{PATH}/logs", f"{URL}/logs")):
        listed = caller.client.get(url)
        assert listed.json() == {"data": [answered]}
        assert description.deviations("GET", path, listed) == []


def test_a_log_needs_no_more_than_the_address_of_the_shop(caller):
    answered = log(caller)

    assert {name: value for name, value in answered.items() if name != "id"} == {
        "integration_id": 70,
        "base_url": "https://example.com",
        "full_url": None,
        "method": "",
        "response_code": None,
        "response": None,
        "request": None,
        "created_at": "2026-11-24T12:00:00.000000+00:00",
        "exception_type": None,
        "exception": None,
        "protected": False,
        "additional_data": "",
    }


def test_a_member_that_is_not_known_is_the_documented_400(caller, description):
    sent = {"base_url": "https://example.com", "unknown_field": 1}

    answer = caller.client.post(f"{URL}/70/logs", json=sent)

    assert (answer.status_code, answer.json()) == (400, description.example("POST", LOGS, 400))


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"base_url": None}, "invalid", "body/base_url"),
        ({"base_url": ""}, "invalid", "body/base_url"),
        ({"base_url": "x" * 2001}, "invalid", "body/base_url"),
        ({"response_code": -1}, "invalid", "body/response_code"),
        ({"response": []}, "invalid", "body/response"),
        ({"created_at": "yesterday"}, "invalid", "body/created_at"),
        ({"created_at": "0001-01-01T00:00:00+14:00"}, "invalid", "body/created_at"),
        ({"created_at": 5}, "invalid", "body/created_at"),
        ({"additional_data": "x"}, "extra_forbidden", "body/additional_data"),
    ],
)
def test_what_cannot_be_right_in_a_log_is_pointed_to(caller, change, code, pointer):
    answer = caller.client.post(f"{URL}/70/logs", json={"base_url": "https://example.com", **change})

    assert answer.status_code == 400
    (found,) = answer.json()["errors"]
    assert (found["status"], found["code"], found["source"]) == (400, code, {"pointer": pointer})


def test_a_log_without_the_address_of_the_shop_is_refused(caller):
    answer = caller.client.post(f"{URL}/70/logs", json={})

    assert answer.json()["errors"][0].items() >= {"status": 400, "code": "required", "detail": "Field required"}.items()


def test_a_log_cannot_be_larger_than_64_kib(caller):
    body = {"base_url": "https://example.com", "response": {"body": "x" * 60_000}, "request": {"payload": "x" * 8_000}}

    answer = caller.client.post(f"{URL}/70/logs", json=body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"] == {"pointer": "body"}


@pytest.mark.parametrize(("method", "number"), [("GET", 404), ("POST", 404), ("GET", 71), ("POST", 71)])
def test_logs_of_an_integration_that_is_not_there_are_the_documented_404(caller, description, method, number):
    a_caller(caller.installation, account_id=2, integration_id=71)
    body = {"base_url": "https://example.com"} if method == "POST" else None

    answer = caller.client.request(method, f"{URL}/{number}/logs", json=body)

    assert (answer.status_code, answer.json()) == (404, description.example(method, LOGS, 404))


def test_nobody_sees_the_logs_of_another_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    log(stranger, 71, exception="secret")

    assert texts(caller.client.get(f"{URL}/logs")) == []


def test_the_logs_of_one_integration_are_not_those_of_another(caller):
    add(caller, an_integration(80))
    log(caller, 70, exception="one")
    log(caller, 80, exception="two")

    assert texts(caller.client.get(f"{URL}/70/logs")) == ["one"]
    assert sorted(texts(caller.client.get(f"{URL}/logs"))) == ["one", "two"]


@pytest.mark.parametrize("path", ["/logs", "/70/logs"])
def test_pages_of_logs_hold_each_once_also_those_of_one_moment(caller, path):
    """Cursors are moments, and a shop that breaks breaks many times in a second."""
    for number in range(5):
        log(caller, exception=str(number), created_at="2023-03-01T02:02:00+01:00")
    log(caller, exception="later", created_at="2023-03-01T02:02:00.5+01:00")

    first = caller.client.get(URL + path, params={"page_size": 2})
    second = caller.client.get(first.links["next"]["url"])
    third = caller.client.get(second.links["next"]["url"])

    assert [texts(page) for page in (first, second, third)] == [["later", "4"], ["3", "2"], ["1", "0"]]
    assert third.links == {}
    assert first.links["next"]["url"].startswith(f"http://kolli.test{URL}{path}?cursor=2023-03-01T01:02:00.")


@pytest.mark.parametrize(
    ("cursor", "found"),
    [
        ("2023-03-01T02:02:01+01:00", ["second", "first"]),
        ("2023-03-01T01:02:01", ["second", "first"]),
        ("2023-03-01T01:02:01Z", ["second", "first"]),
        ("2023-03-01T01:02:00.000000+00:00", ["first"]),
        ("2023-03-01T01:02:00.000001Z", ["second", "first"]),
        ("2023-03-01T01:02:00Z", ["first"]),
        ("2022-01-01T00:00:00Z", []),
    ],
)
@pytest.mark.parametrize("is_escaped", [True, False])
def test_a_page_begins_with_what_happened_before_its_cursor(caller, cursor, found, is_escaped):
    log(caller, exception="third", created_at="2023-03-01T01:02:02Z")
    log(caller, exception="second", created_at="2023-03-01T01:02:00Z")
    log(caller, exception="first", created_at="2023-03-01T01:00:00Z")

    answer = (
        caller.client.get(f"{URL}/logs", params={"cursor": cursor})
        if is_escaped
        else caller.client.get(f"{URL}/logs?cursor={cursor}")
    )

    assert texts(answer) == found


@pytest.mark.parametrize(
    "cursor", ["nonsense", "cD0x", "2023-13-01T00:00:00Z", "2023-03-01", "0001-01-01T00:00:00+14:00"]
)
def test_a_cursor_that_is_no_moment_is_a_404(caller, cursor):
    answer = caller.client.get(f"{URL}/logs", params={"cursor": cursor})

    assert answer.status_code == 404
    assert answer.json()["errors"][0].items() >= {"status": 404, "detail": "Invalid cursor"}.items()


@pytest.mark.parametrize(
    ("page_size", "count"), [(None, 25), ("100", 100), ("101", 100), ("1", 1), ("0", 1), ("many", 25)]
)
def test_a_page_of_logs_has_25_entries_and_at_most_a_hundred(caller, page_size, count):
    with caller.installation.database.write() as transaction:
        row = {"account_id": 1, "integration_id": 70, "created_at": NOW.astimezone(UTC).isoformat(), "body": BODY}
        transaction.execute(integration_logs.insert(), [{"id": number, **row} for number in range(1, 103)])

    assert len(ids(caller.client.get(f"{URL}/logs", params={"page_size": page_size} if page_size else {}))) == count


BODY = (
    '{"base_url":"https://example.com","full_url":null,"method":"","response_code":null,"response":null,'
    '"request":null,"exception_type":null,"exception":null}'
)


def test_a_removed_integration_tells_nothing_any_more(caller):
    add(caller, an_integration(80))
    log(caller, 80)

    caller.client.delete(f"{URL}/80")

    assert caller.client.get(f"{URL}/80/logs").status_code == 404
    with caller.installation.database.read() as transaction:
        assert find_integration(transaction, 1, 80) is None
