"""Webhooks in the panel: where they lead, what signs them, what was sent, and sending it again."""

import re
from datetime import timedelta

import pytest

from kolli.account.accounts import Account, add_account
from kolli.account.audit import Wanted, list_entries
from kolli.account.integrations import get_integration, signature_key_of
from kolli.webhooks.deliveries import Delivery, Filters, Receiver, add_result, list_deliveries
from kolli.webhooks.subscriptions import get_connection, list_connections, list_subscriptions
from tests.factories import NOW, a_caller, an_installation
from tests.hostile import HOSTILE
from tests.people import person, text_of

PATH = "/panel/settings/webhooks/"
LOG = f"{PATH}log/"


@pytest.fixture
def caller(tmp_path):
    return a_caller(an_installation(tmp_path))


@pytest.fixture
def outgoing(caller):
    return caller.installation.outgoing


def shop_of(caller):
    with caller.installation.database.read() as transaction:
        return get_integration(transaction, 1, 70)


def connections_of(caller):
    with caller.installation.database.read() as transaction:
        return list_connections(transaction, 1), list_subscriptions(transaction, 1)


def log_of(caller, **filters):
    with caller.installation.database.read() as transaction:
        return list_deliveries(transaction, 1, Filters(**filters), None, 500, backwards=True)


def audit_of(caller):
    with caller.installation.database.read() as transaction:
        return [(each.action, each.subject, dict(each.details)) for each in list_entries(transaction, 1, Wanted(), 20)]


def logged(caller, count=1, **members):
    """Adds messages to the log that are over, each a minute younger than the one before."""
    usual = {"event_type": "parcel_status_changed", "body": '{"a":{"b":1}}', "state": "failed", "tries": 11}
    with caller.installation.database.write() as transaction:
        for number in range(count):
            at = NOW - timedelta(minutes=count - number)
            made = Delivery(
                f"msg_{number:04}", Receiver("integration", 70), created_at=at, changed_at=at, **{**usual, **members}
            )
            add_result(transaction, 1, made)


def field_in(answer, name):
    return re.findall(f'name="{name}" value="([^"]*)"', answer.text)[0]


def connect(owner, **fields):
    given = {"url": "https://hooks.example.com/kolli", "auth_type": "none", "event_type": "parcels.event.created"}
    return owner.post(f"{PATH}connections/new/", {**given, **fields})


@pytest.mark.parametrize("role", ["packer", "viewer"])
def test_only_owners_and_developers_may_open_and_change_them(caller, role):
    somebody = person(caller.installation, role)

    assert somebody.get(PATH).status_code == 403
    assert somebody.get(LOG).status_code == 403
    assert somebody.post(f"{PATH}70/", {"webhook_url": "https://a.example"}).status_code == 403
    assert somebody.post(f"{LOG}replay/").status_code == 403


def test_a_shops_webhook_is_changed_and_the_trail_says_from_what_to_what(caller, developer):
    stamp = field_in(developer.get(f"{PATH}70/"), "stamp")

    answer = developer.post(
        f"{PATH}70/", {"webhook_url": "https://shop.example.com/x", "webhook_active": "on", "stamp": stamp}
    )

    settings = shop_of(caller).settings
    assert answer.status_code == 303
    assert (settings.webhook_url, settings.webhook_active) == ("https://shop.example.com/x", True)
    assert audit_of(caller)[0][2] == {"was": "– (off)", "now": "https://shop.example.com/x (on)"}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://10.0.0.1/", "10.0.0.1 is not an address of the public internet"),
        ("https://localhost/", "localhost is not a name of the public internet"),
        ("http://shop.example.com/", "It has to begin with https://"),
        ("https://shop.example.com:22/", "Its port has to be 443 or 8443, not 22."),
    ],
)
def test_an_address_that_could_never_be_called_is_explained_beside_the_field(developer, url, message):
    answer = developer.post(f"{PATH}70/", {"webhook_url": url, "webhook_active": "on"})

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert 'id="webhook_url-wrong"' in answer.text
    assert f'value="{url}"' in answer.text


def test_a_webhook_without_an_address_cannot_be_active(developer):
    answer = developer.post(f"{PATH}70/", {"webhook_url": "", "webhook_active": "on"})

    assert answer.status_code == 422
    assert "Webhook URL required" in text_of(answer)


def test_two_who_change_a_shops_webhook_are_told(caller, developer):
    stamp = field_in(developer.get(f"{PATH}70/"), "stamp")
    developer.post(f"{PATH}70/", {"webhook_url": "https://one.example.com/", "stamp": stamp})

    told = developer.post(f"{PATH}70/", {"webhook_url": "https://two.example.com/", "stamp": stamp})

    assert told.status_code == 409
    assert "https://one.example.com/ (off)" in text_of(told)
    assert shop_of(caller).settings.webhook_url == "https://one.example.com/"


def test_a_new_key_is_shown_once(caller, developer):
    shown = developer.post(f"{PATH}70/key/", {"way": "new"})

    key = signature_key_of(shop_of(caller), caller.installation.vault)
    assert key
    assert key in shown.text
    assert "whsec_" in shown.text
    assert key not in developer.get(f"{PATH}70/").text
    assert key not in str(audit_of(caller))


def test_a_key_of_ones_own_is_checked_and_none_means_not_signed(caller, developer):
    wrong = developer.post(f"{PATH}70/key/", {"way": "own", "own_password": "naïve"})
    right = developer.post(f"{PATH}70/key/", {"way": "own", "own_password": "my own key"})
    key = signature_key_of(shop_of(caller), caller.installation.vault)
    developer.post(f"{PATH}70/key/", {"way": "none"})

    assert (wrong.status_code, right.status_code, key) == (422, 200, "my own key")
    assert signature_key_of(shop_of(caller), caller.installation.vault) is None


def test_a_test_is_sent_at_once_and_stands_in_the_log(caller, developer, outgoing):
    stamp = field_in(developer.get(f"{PATH}70/"), "stamp")
    developer.post(f"{PATH}70/", {"webhook_url": "https://shop.example.com/x", "stamp": stamp})

    led = developer.post(f"{PATH}70/test/").headers["location"]
    page = developer.get(led)

    assert [sent.url for sent in outgoing.sent] == ["https://shop.example.com/x"]
    assert "The test was received." in text_of(page)
    assert "webhook-signature" in text_of(page)


def test_a_test_without_an_address_says_what_to_do(developer):
    answer = developer.post(f"{PATH}70/test/")

    assert answer.status_code == 422
    assert "Set the webhook URL first." in text_of(answer)


# Connections


def test_a_connection_is_made_with_its_subscription_and_its_secrets_are_never_shown(caller, developer):
    led = connect(developer, auth_type="bearer", token_password="a-secret-token", extra_headers="X-Shop: 12")

    ((connection,), (subscription,)) = connections_of(caller)
    with caller.installation.database.read() as transaction:
        opened = get_connection(transaction, 1, connection.id, caller.installation.vault).configuration
    assert (opened.auth_config, opened.extra_headers) == ({"token": "a-secret-token"}, {"X-Shop": "12"})
    assert (subscription.event_type, subscription.is_active) == ("parcels.event.created", True)
    assert "a-secret-token" not in developer.get(led.headers["location"]).text
    assert "a-secret-token" not in str(audit_of(caller))


def test_the_same_form_makes_one_connection(caller, developer):
    for _ in range(2):
        developer.post(
            f"{PATH}connections/new/", {"url": "https://a.example.com/", "auth_type": "none"}, form_key="a" * 20
        )

    assert len(connections_of(caller)[0]) == 1
    assert [action for action, *_ in audit_of(caller)] == ["connection.add"]


@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"url": ""}, "url", "This field is required."),
        ({"url": "https://192.168.1.5/"}, "url", "is not an address of the public internet"),
        ({"auth_type": "bearer"}, "token_password", "This field is required."),
        ({"auth_type": "basic", "username": "me"}, "basic_password", "This field is required."),
        ({"auth_type": "api_key", "header_name": "a b", "key_password": "k"}, "header_name", "is not the name of a"),
        ({"extra_headers": "no colon"}, "extra_headers", "Write each as a name, a colon and a value"),
        ({"extra_headers": "Host: a"}, "extra_headers", "The header Host is set by Kolli."),
    ],
)
def test_what_could_not_be_sent_is_explained_beside_its_field(caller, developer, fields, name, message):
    answer = connect(developer, **fields)

    assert answer.status_code == 422
    assert f'id="{name}-wrong"' in answer.text
    assert message in text_of(answer)
    assert connections_of(caller) == ([], [])


def test_secrets_left_empty_stay_unless_the_connection_leads_to_somebody_else(caller, developer):
    led = connect(developer, auth_type="bearer", token_password="a-secret-token").headers["location"]
    ((connection,), _) = connections_of(caller)
    stamp = field_in(developer.get(led), "stamp")

    elsewhere = developer.post(led, {"url": "https://thief.example.com/", "auth_type": "bearer", "stamp": stamp})
    beside = developer.post(led, {"url": "https://hooks.example.com/other", "auth_type": "bearer", "stamp": stamp})

    with caller.installation.database.read() as transaction:
        opened = get_connection(transaction, 1, connection.id, caller.installation.vault).configuration
    assert (elsewhere.status_code, beside.status_code) == (422, 303)
    assert (opened.url, opened.auth_config) == ("https://hooks.example.com/other", {"token": "a-secret-token"})


def test_a_connection_that_somebody_has_changed_is_not_overwritten_unseen(caller, developer):
    led = connect(developer).headers["location"]
    given = {"url": "https://two.example.com/", "auth_type": "none", "stamp": "of an older one"}

    told = developer.post(led, given)

    assert told.status_code == 409
    assert connections_of(caller)[0][0].configuration.url == "https://hooks.example.com/kolli"


def test_a_subscription_is_switched_tested_removed_and_made_again(caller, developer, outgoing):
    led = connect(developer).headers["location"]
    subscription = connections_of(caller)[1][0]
    place = f"{PATH}subscriptions/{subscription.id}/"

    developer.post(f"{place}switch/", {"is_active": "no"})
    is_active = connections_of(caller)[1][0].is_active
    developer.post(f"{place}test/")
    developer.post(f"{place}remove/")
    without = connections_of(caller)[1]
    developer.post(f"{led}subscribe/", {"event_type": "parcels.event.created"})
    unknown = developer.post(f"{led}subscribe/", {"event_type": "weather.changed"})

    assert (is_active, without, len(connections_of(caller)[1])) == (False, [], 1)
    assert len(outgoing.sent) == 1
    assert unknown.status_code == 422


def test_a_connection_is_removed_with_its_subscriptions(caller, developer):
    led = connect(developer).headers["location"]

    developer.post(f"{led}remove/")

    assert connections_of(caller) == ([], [])


# The log


def test_the_log_is_filtered_and_turned_page_by_page(caller, developer):
    logged(caller, 120)

    first = developer.get(f"{LOG}?state=failed&receiver=integration+70&event_type=parcel_status_changed")
    older = re.findall(r'rel="next" href="([^"]+)"', first.text)[0].replace("&amp;", "&")
    second = developer.get(older)
    newer = re.findall(r'rel="prev" href="([^"]+)"', second.text)[0].replace("&amp;", "&")
    back = developer.get(newer)
    last = developer.get(re.findall(r'rel="next" href="([^"]+)"', second.text)[0].replace("&amp;", "&"))
    nothing = developer.get(f"{LOG}?state=delivered")

    shown = [re.findall(r'name="delivery" value="msg_(\d+)"', page.text) for page in (first, second, back, last)]
    assert [(len(page), page[0], page[-1]) for page in shown] == [
        (50, "0119", "0070"),
        (50, "0069", "0020"),
        (50, "0119", "0070"),
        (20, "0019", "0000"),
    ]
    assert 'rel="next"' not in last.text
    assert 'rel="prev"' not in back.text
    assert "No message matches the filter." in text_of(nothing)


def test_days_are_the_readers(caller, developer):
    logged(caller)
    day = NOW.date()

    on_it = developer.get(f"{LOG}?since={day}&until={day}")
    before = developer.get(f"{LOG}?until={day - timedelta(days=1)}")
    wrong = developer.get(f"{LOG}?since=yesterday")

    assert "msg_0000" in on_it.text
    assert "msg_0000" not in before.text
    assert wrong.status_code == 422
    assert "Write it as 2026-11-24." in text_of(wrong)


def test_a_message_is_shown_with_its_body_written_out(caller, developer):
    logged(caller, status_code=500, answer="Oh no")

    page = developer.get(f"{LOG}msg_0000/")

    assert "{\n  &#34;a&#34;: {\n    &#34;b&#34;: 1\n  }\n}" in page.text
    assert "Oh no" in text_of(page)
    assert "Sendcloud-Signature" in page.text


def test_one_message_is_sent_again_once_however_often_the_form_is_sent(caller, developer):
    logged(caller)

    answers = [developer.post(f"{LOG}msg_0000/replay/", form_key="replayed-by-a-double-click") for _ in range(2)]
    on_its_way = developer.post(f"{LOG}msg_0000/replay/")

    assert [answer.status_code for answer in answers] == [303, 303]
    assert on_its_way.status_code == 409
    assert "still on its way" in text_of(on_its_way)
    assert [action for action, *_ in audit_of(caller)].count("webhook.replay") == 2
    assert log_of(caller)[0].state == "waiting"


def test_selected_messages_are_counted_first_and_then_sent_again(caller, developer):
    logged(caller, 5)
    chosen = ["msg_0001", "msg_0003", "msg_9999"]

    asked = developer.post(f"{LOG}replay/", {"which": "selected", "delivery": chosen[:2]})
    before = log_of(caller, state="waiting")
    done = developer.post(f"{LOG}replay/", {"which": "selected", "delivery": chosen[:2], "confirmed": "yes"})

    assert "2 messages would be sent again." in text_of(asked)
    assert before == []
    assert done.status_code == 303
    assert sorted(each.id for each in log_of(caller, state="waiting")) == ["msg_0001", "msg_0003"]


def test_all_of_a_filter_are_counted_first_and_sent_again_once(caller, developer):
    logged(caller, 120)
    asked = developer.post(f"{LOG}replay/", {"which": "all", "state": "failed"})
    given = {"which": "all", "state": "failed", "confirmed": "yes", "until_at": field_in(asked, "until_at")}

    answers = [developer.post(f"{LOG}replay/", given, form_key="replayed-by-a-double-click") for _ in range(2)]

    assert "120 messages would be sent again." in text_of(asked)
    assert len(log_of(caller, state="waiting")) == 120
    assert [answer.status_code for answer in answers] == [303, 303]
    assert [action for action, *_ in audit_of(caller)].count("webhook.replay") == 1


def test_nothing_selected_is_said(caller, developer):
    logged(caller)

    answer = developer.post(f"{LOG}replay/", {"which": "selected"})

    assert answer.status_code == 422
    assert "No message is selected." in text_of(answer)


def test_nobody_sees_or_changes_what_is_another_accounts(caller, developer):
    led = connect(developer).headers["location"]
    subscription = connections_of(caller)[1][0]
    logged(caller)
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Stranger"))
    stranger = person(caller.installation, "owner", account_id=2)
    place = f"{PATH}subscriptions/{subscription.id}/"

    answers = [
        *(stranger.get(path) for path in (f"{PATH}70/", led, f"{LOG}msg_0000/")),
        *(stranger.post(f"{PATH}70/{verb}") for verb in ("", "test/", "key/")),
        *(stranger.post(f"{led}{verb}", {"url": "https://a.example.com/"}) for verb in ("", "remove/", "subscribe/")),
        *(stranger.post(f"{place}{verb}/") for verb in ("switch", "test", "remove")),
        stranger.post(f"{LOG}msg_0000/replay/"),
    ]
    stranger.post(f"{LOG}replay/", {"which": "selected", "delivery": ["msg_0000"], "confirmed": "yes"})

    assert {answer.status_code for answer in answers} == {404}
    assert "msg_0000" not in stranger.get(LOG).text
    assert "hooks.example.com" not in stranger.get(PATH).text
    assert (len(connections_of(caller)[0]), log_of(caller)[0].state) == (1, "failed")


@pytest.mark.parametrize("payload", HOSTILE[::8])
def test_hostile_texts_run_nothing(caller, developer, payload):
    logged(caller, answer=payload, body=payload)

    pages = [
        developer.get(LOG, params=dict.fromkeys(("receiver", "state", "event_type", "since", "older"), payload)),
        developer.get(f"{LOG}msg_0000/"),
        developer.get(f"{LOG}{'x' * 200}/"),
        developer.post(f"{PATH}70/", {"webhook_url": payload, "webhook_active": "on"}),
        connect(developer, url=payload, auth_type=payload, extra_headers=payload, username=payload),
    ]

    assert {page.status_code for page in pages} <= {200, 404, 422}
    assert [page for page in pages if payload in page.text and set("<>'\"&") & set(payload)] == []
