"""The Shipping Rules section does what its published pages say, and what was decided where they say nothing."""

import re
import threading
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from kolli.account.accounts import revision_of
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.api.description import describe
from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS
from kolli.rules.model import LONGEST_VALUE, MOST_ACTIONS, MOST_CONDITIONS, Condition
from kolli.rules.operators import OPERATORS
from kolli.rules.queries import get_rule, list_rules, update_rule
from kolli.schema import sender_addresses
from tests.factories import a_caller, an_address, an_order

URL = "/api/v3/shipping-rules/rules"
ABOUT = "/api/v3/shipping-rules"

HEAVY = {"property": "weight", "operator": "ge", "compare_to": "10"}
COMPARED = "/criteria/conditions/0/compare_to"
STANDARD = {"identifier": "ship_with", "value": "postnl:standard"}


def a_rule(**changes):
    """A rule as the API takes it. A keyword replaces a member; None removes it."""
    rule = {
        "name": "Heavy to NL",
        "criteria": {"is_and": True, "conditions": [HEAVY]},
        "actions": [STANDARD],
    }
    return {name: value for name, value in {**rule, **changes}.items() if value is not None}


def with_condition(**changes):
    return a_rule(criteria={"conditions": [{**HEAVY, **changes}]})


def with_action(identifier, value):
    return a_rule(actions=[{"identifier": identifier, "value": value}])


def create(caller, **changes):
    answer = caller.client.post(URL, json=a_rule(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


def create_some(caller, *names, **changes):
    return [create(caller, name=name, **changes)["id"] for name in names]


def everything(caller, **query):
    answer = caller.client.get(URL, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(caller, **query):
    return [rule["name"] for rule in everything(caller, **query)]


def problems_of(answer, status=400):
    """What stands in the way, by its places."""
    assert answer.status_code == status, answer.text
    return {error.get("source", {}).get("pointer"): error for error in answer.json()["errors"]}


# A rule


def test_a_rule_has_the_documented_members_and_two_of_ours(caller):
    created = create(caller)

    assert created == {
        "id": created["id"],
        "name": "Heavy to NL",
        "is_active": True,
        "is_invalid": False,
        "order": 1,
        "updated_at": "2026-11-24T12:00:00Z",
        "criteria": {"is_and": True, "conditions": [HEAVY]},
        "actions": [STANDARD],
        "revision": 1,
        "problems": [],
    }
    assert caller.client.get(f"{URL}/{created['id']}").json() == created
    assert everything(caller) == [created]


def test_the_members_of_ours_are_marked_so():
    members = describe()["components"]["schemas"]["RuleAnswer"]["properties"]

    assert [name for name, member in members.items() if member.get("x-kolli-extension")] == ["revision", "problems"]


@pytest.mark.parametrize("is_active", [True, False])
@pytest.mark.parametrize("is_and", [True, False])
def test_what_was_sent_comes_back(caller, is_and, is_active):
    criteria = {
        "is_and": is_and,
        "conditions": [HEAVY, {"property": "to_country", "operator": "in", "compare_to": "NL,BE"}],
    }
    actions = [STANDARD, {"identifier": "insurance_pc", "value": "50"}]

    created = create(caller, criteria=criteria, actions=actions, is_active=is_active)

    assert (created["criteria"], created["actions"], created["is_active"]) == (criteria, actions, is_active)


def test_a_rule_without_conditions_holds_always(caller):
    assert create(caller, criteria={"conditions": []})["criteria"] == {"is_and": True, "conditions": []}


@pytest.mark.parametrize(("sent", "stored"), [(10, "10"), (10.5, "10.5"), ("10", "10"), (" 10 ", "10")])
def test_a_number_is_as_good_as_its_text(caller, sent, stored):
    """Values are documented as texts, and numbers are sent all the same."""
    condition = {"property": "weight", "operator": "ge", "compare_to": sent}
    created = create(
        caller, criteria={"conditions": [condition]}, actions=[{"identifier": "set_weight", "value": sent}]
    )

    assert created["criteria"]["conditions"][0]["compare_to"] == stored
    assert created["actions"][0]["value"] == stored


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "'; DROP TABLE shipping_rules; --", "Zürich → Köln 🎁", '=1+1;"', "%00", "n" * 100],
)
def test_a_name_comes_back_as_it_was(caller, name):
    assert create(caller, name=name)["name"] == name


# Refused


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (a_rule(name=None), "/name"),
        (a_rule(criteria=None), "/criteria"),
        (a_rule(actions=None), "/actions"),
        (a_rule(criteria={}), "/criteria/conditions"),
        (with_condition() | {"actions": [{"value": "1"}]}, "/actions/0/identifier"),
        (a_rule(actions=[{"identifier": "ship_with"}]), "/actions/0/value"),
        (a_rule(criteria={"conditions": [{"operator": "ge"}]}), "/criteria/conditions/0/property"),
    ],
)
def test_what_is_missing_is_named(caller, body, pointer):
    found = problems_of(caller.client.post(URL, json=body))

    assert found[pointer]["code"] == "required"
    assert found[pointer]["detail"] == "This field is required."


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (a_rule(name=""), "/name"),
        (a_rule(name="   "), "/name"),
        (a_rule(name="n" * 101), "/name"),
        (a_rule(name="bell\u0007"), "/name"),
        (a_rule(name="turned \u202e round"), "/name"),
        (a_rule(name=7), "/name"),
        (a_rule(is_active="yes"), "/is_active"),
        (a_rule(criteria=[]), "/criteria"),
        (a_rule(criteria={"is_and": "and", "conditions": []}), "/criteria/is_and"),
        (a_rule(criteria={"conditions": {}}), "/criteria/conditions"),
        (a_rule(criteria={"conditions": [HEAVY] * (MOST_CONDITIONS + 1)}), "/criteria/conditions"),
        (a_rule(actions=[]), "/actions"),
        (a_rule(actions=STANDARD), "/actions"),
        (a_rule(actions=[STANDARD] * (MOST_ACTIONS + 1)), "/actions"),
        (with_condition(property="colour"), "/criteria/conditions/0/property"),
        (with_condition(operator="sounds_like"), "/criteria/conditions/0/operator"),
        (with_condition(operator="contains"), "/criteria/conditions/0/operator"),  # no operator of a number
        (with_condition(compare_to="heavy"), COMPARED),
        (with_condition(compare_to=""), COMPARED),
        (with_condition(compare_to="NaN"), COMPARED),
        (with_condition(compare_to="1e30"), COMPARED),
        (with_condition(compare_to=True), COMPARED),
        (with_condition(compare_to=None), COMPARED),
        (with_condition(compare_to=["NL"]), COMPARED),
        (with_condition(property="to_country", operator="is", compare_to="XX"), COMPARED),
        (with_condition(property="to_country", operator="in", compare_to="NL,XX"), COMPARED),
        (with_condition(property="carrier", operator="is", compare_to="pigeons"), COMPARED),
        (with_condition(property="integration", operator="is", compare_to="404"), COMPARED),
        (with_condition(property="item_sku", operator="is", compare_to="bell\u0007"), COMPARED),
        (with_condition(property="item_sku", operator="is", compare_to="x" * 5_000), COMPARED),
        (with_action("paint", "red"), "/actions/0/identifier"),
        (with_action("ship_with", "postnl:hovercraft"), "/actions/0/value"),
        (with_action("use_contract", "404"), "/actions/0/value"),
        (with_action("ship_with_address", "404"), "/actions/0/value"),
        (with_action("set_weight", "0"), "/actions/0/value"),
        (with_action("set_weight", "-1"), "/actions/0/value"),
        (with_action("set_weight", "1e30"), "/actions/0/value"),
        (with_action("set_weight", "NaN"), "/actions/0/value"),
        (with_action("set_weight", "2 lbs"), "/actions/0/value"),
        (with_action("set_number_of_parcels", "51"), "/actions/0/value"),
        (with_action("insurance_pc", "-5"), "/actions/0/value"),
        (with_action("set_customs_notes", "bell\u0007"), "/actions/0/value"),
        (with_action("set_customs_notes", "x" * 5_000), "/actions/0/value"),
        ([], ""),
        ("rule", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_where_it_stands(caller, body, pointer):
    found = problems_of(caller.client.post(URL, json=body))

    assert found.keys() == {pointer}
    assert everything(caller) == []


@pytest.mark.parametrize(
    ("body", "pointer", "says"),
    [
        (with_condition(operator="contains"), "/criteria/conditions/0/operator", ("'contains'", "weight", "eq, ne")),
        (with_condition(property="colour"), "/criteria/conditions/0/property", ("'colour'", "order_value")),
        (with_action("ship_with", "postnl:hovercraft"), "/actions/0/value", ("'postnl:hovercraft'", "postnl:standard")),
        (with_action("paint", "red"), "/actions/0/identifier", ("'paint'", "insurance_pc")),
    ],
)
def test_a_choice_that_is_none_says_which_there_are(caller, body, pointer, says):
    (error,) = problems_of(caller.client.post(URL, json=body)).values()

    assert (error["code"], error["source"]["pointer"]) == ("invalid_choice", pointer)
    assert [part for part in says if part not in error["detail"]] == []


def test_every_mistake_is_named_at_once(caller):
    body = a_rule(
        criteria={"conditions": [HEAVY, {**HEAVY, "operator": "is"}, {**HEAVY, "compare_to": "x"}]},
        actions=[STANDARD, {"identifier": "paint", "value": "red"}],
    )

    found = problems_of(caller.client.post(URL, json=body))

    assert found.keys() == {
        "/criteria/conditions/1/operator",
        "/criteria/conditions/2/compare_to",
        "/actions/1/identifier",
    }


def test_actions_that_overrule_each_other_in_one_rule_are_refused(caller):
    body = a_rule(actions=[{"identifier": "insurance", "value": "50"}, {"identifier": "insurance_pc", "value": "50"}])

    assert problems_of(caller.client.post(URL, json=body)).keys() == {"/actions/1/identifier"}


def test_the_longest_value_is_kept_whole(caller):
    sku = "s" * LONGEST_VALUE

    created = create(caller, criteria={"conditions": [{"property": "item_sku", "operator": "is", "compare_to": sku}]})

    assert caller.client.get(f"{URL}/{created['id']}").json()["criteria"]["conditions"][0]["compare_to"] == sku


@pytest.mark.parametrize("body", [b"", b"{", b'{"name": "\\u0000"}', b'{"name": "\\ud800"}', b'{"name": NaN}', b"\xff"])
def test_what_is_no_json_is_refused(caller, body):
    assert problems_of(caller.client.post(URL, content=body)).keys() == {None}


# Changing one


def test_a_change_leaves_what_it_does_not_name(caller):
    created = create(caller)

    changed = caller.client.patch(f"{URL}/{created['id']}", json={"name": "Heavy"}).json()

    assert changed == {**created, "name": "Heavy", "revision": 2}


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Light"},
        {"is_active": False},
        {"criteria": {"is_and": False, "conditions": [{**HEAVY, "operator": "lt"}]}},
        {"criteria": {"is_and": True, "conditions": []}},
        {"actions": [{"identifier": "insurance_pc", "value": "50"}]},
    ],
)
def test_what_a_change_names_is_replaced_as_a_whole(caller, change):
    created = create(caller, actions=[STANDARD, {"identifier": "set_weight", "value": "11"}])

    changed = caller.client.patch(f"{URL}/{created['id']}", json=change).json()

    assert changed == {**created, **change, "revision": 2}
    assert caller.client.get(f"{URL}/{created['id']}").json() == changed


def test_a_change_says_when_it_was_and_in_which_state_the_rule_is(caller):
    created = create(caller)
    later = caller.context.now().replace(hour=15)
    object.__setattr__(caller.installation, "clock", lambda: later)

    changed = caller.client.patch(f"{URL}/{created['id']}", json={"name": "Heavy"}).json()

    assert changed["updated_at"] == "2026-11-24T15:00:00Z"
    with caller.context.database.read() as transaction:
        assert get_rule(transaction, caller.context.account_id, created["id"]).revision == 2


def test_what_was_answered_can_be_sent_back(caller):
    created = create(caller)

    assert caller.client.patch(f"{URL}/{created['id']}", json=created).json() == created


@pytest.mark.parametrize("change", [{}, {"name": "Heavy to NL"}, {"is_active": True}, {"colour": "red"}])
def test_a_change_to_the_same_is_none(caller, change):
    created = create(caller)

    assert caller.client.patch(f"{URL}/{created['id']}", json=change).json() == created


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"criteria": None}, "/criteria"),
        ({"actions": []}, "/actions"),
        ({"criteria": {"is_and": True}}, "/criteria/conditions"),
        ({"actions": [{"identifier": "ship_with", "value": "gone"}]}, "/actions/0/value"),
        ({"criteria": {"conditions": [{**HEAVY, "operator": "is"}]}}, "/criteria/conditions/0/operator"),
    ],
)
def test_a_change_that_cannot_be_right_changes_nothing(caller, change, pointer):
    created = create(caller)

    assert problems_of(caller.client.patch(f"{URL}/{created['id']}", json=change)).keys() == {pointer}
    assert everything(caller) == [created]


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PATCH", {"name": "Mine"}), ("DELETE", None)], ids=["see", "change", "remove"]
)
@pytest.mark.parametrize("rule_id", [404, 10**30], ids=["unknown", "beyond all bounds"])
def test_a_rule_that_does_not_exist_is_a_404(caller, method, body, rule_id):
    answer = caller.client.request(method, f"{URL}/{rule_id}", json=body)

    assert problems_of(answer, 404)[None]["code"] == "not_found"


# What is not there any more


@pytest.fixture
def outdated(caller):
    """A rule that ships from an address which has been removed since."""
    with caller.context.database.write() as transaction:
        add_sender_address(transaction, caller.context.account_id, SenderAddress(99, an_address()))
    created = create(caller, actions=[{"identifier": "ship_with_address", "value": "99"}])
    with caller.context.database.write() as transaction:
        transaction.execute(sender_addresses.delete().where(sender_addresses.c.id == 99))
    return f"{URL}/{created['id']}"


def test_a_rule_that_refers_to_what_is_gone_is_invalid_and_says_why(caller, outdated):
    rule = caller.client.get(outdated).json()

    (found,) = rule["problems"]
    assert rule["is_invalid"] is True
    assert found["pointer"] == "/actions/0/value"
    assert "'99' is no sender address of this account" in found["detail"]
    assert everything(caller) == [rule]


def test_an_invalid_rule_can_be_renamed_and_made_inactive(caller, outdated):
    changed = caller.client.patch(outdated, json={"name": "Old", "is_active": False}).json()

    assert (changed["name"], changed["is_active"], changed["is_invalid"]) == ("Old", False, True)


def test_actions_that_contradict_each_other_are_refused_in_an_invalid_rule_too(caller):
    created = create(caller)
    with caller.context.database.write() as transaction:
        rule = get_rule(transaction, 1, created["id"])
        update_rule(
            transaction, 1, replace(rule, conditions=(Condition("integration", "is", "99"),)), caller.context.now()
        )

    answer = caller.client.patch(
        f"{URL}/{created['id']}",
        json={"actions": [{"identifier": "insurance", "value": "5"}, {"identifier": "insurance_pc", "value": "5"}]},
    )

    assert set(problems_of(answer, 400)) == {"/actions/1/identifier"}


def test_an_invalid_rule_is_mended_by_an_action_that_can_be_taken(caller, outdated):
    changed = caller.client.patch(outdated, json={"actions": [STANDARD]}).json()

    assert (changed["is_invalid"], changed["problems"]) == (False, [])


def test_a_rule_is_valid_again_when_what_it_refers_to_is_back(caller, outdated):
    with caller.context.database.write() as transaction:
        add_sender_address(transaction, caller.context.account_id, SenderAddress(99, an_address()))

    assert caller.client.get(outdated).json()["is_invalid"] is False


@pytest.mark.parametrize("of_stranger", ["use_contract 2517", "ship_with_address 2017"])
def test_what_belongs_to_another_account_is_not_there(caller, of_stranger):
    a_caller(caller.installation, account_id=2, integration_id=71)
    identifier, _, value = of_stranger.partition(" ")

    answer = caller.client.post(URL, json=with_action(identifier, value))

    assert problems_of(answer).keys() == {"/actions/0/value"}


def test_an_integration_of_another_account_is_not_there(caller):
    a_caller(caller.installation, account_id=2, integration_id=71)

    answer = caller.client.post(URL, json=with_condition(property="integration", operator="is", compare_to="71"))

    assert problems_of(answer).keys() == {"/criteria/conditions/0/compare_to"}


# The list


def test_a_new_rule_stands_at_the_end(caller):
    create_some(caller, "a", "b", "c")

    assert [(rule["name"], rule["order"]) for rule in everything(caller)] == [("a", 1), ("b", 2), ("c", 3)]


def test_those_behind_a_removed_rule_move_up(caller):
    _, second, _ = create_some(caller, "a", "b", "c")

    answer = caller.client.delete(f"{URL}/{second}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert [(rule["name"], rule["order"]) for rule in everything(caller)] == [("a", 1), ("c", 2)]
    assert caller.client.get(f"{URL}/{second}").status_code == 404
    assert caller.client.delete(f"{URL}/{second}").status_code == 404


@pytest.mark.parametrize(
    ("active", "shown"),
    [("true", ["a", "c"]), ("false", ["b"]), ("True", ["a", "c"]), ("0", ["b"]), ("", ["a", "b", "c"])],
)
def test_the_filter_leaves_what_it_asks_for(caller, active, shown):
    create(caller, name="a")
    create(caller, name="b", is_active=False)
    create(caller, name="c")

    assert names(caller, active=active) == shown


def test_a_filter_that_is_no_truth_is_refused(caller):
    answer = caller.client.get(URL, params={"active": "perhaps"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"] == {"parameter": "active"}


def pages(caller, relation="next", **query):
    """Every page from the first one on, and the query that led to the last."""
    found = []
    while True:
        answer = caller.client.get(URL, params=query)
        found.append([rule["name"] for rule in answer.json()])
        if relation not in answer.links:
            return found, query
        link = urlsplit(answer.links[relation]["url"])
        query = {name: value for name, (value,) in parse_qs(link.query).items()}


@pytest.mark.parametrize(
    ("size", "expected"),
    [(1, [["a"], ["b"], ["c"], ["d"], ["e"]]), (2, [["a", "b"], ["c", "d"], ["e"]]), (5, [["a", "b", "c", "d", "e"]])],
)
def test_pages_lead_through_the_list_and_back(caller, size, expected):
    create_some(caller, *"abcde")

    there, last = pages(caller, page_size=size)
    back, _ = pages(caller, "prev", **last)

    assert there == expected
    assert "".join(name for page in reversed(back) for name in page) == "abcde"


def test_links_keep_the_filter(caller):
    create_some(caller, "a", "b")
    create_some(caller, "x", "y", is_active=False)
    create_some(caller, "c")

    assert pages(caller, page_size=2, active="true")[0] == [["a", "b"], ["c"]]


def test_a_link_names_the_place_that_the_page_begins_behind(caller):
    """Source: the API's pagination page, the form of a cursor."""
    create_some(caller, *"abc")

    answer = caller.client.get(URL, params={"page_size": 2})

    url = urlsplit(answer.links["next"]["url"])
    assert (url.netloc, url.path) == ("kolli.test", URL)
    assert b64decode(parse_qs(url.query)["cursor"][0]) == b"p=2"


@pytest.mark.parametrize("size", ["0", "-1", "201", "x", ""])
def test_a_page_size_out_of_bounds_becomes_one_that_is_not(caller, size):
    create_some(caller, "a", "b")

    assert names(caller, page_size=size)[0] == "a"


@pytest.mark.parametrize("cursor", ["nonsense", "cD1h", "cD0xJnA9Mg==", "bz0x" * 3, "cD0tMQ=="])
def test_a_cursor_that_leads_nowhere_is_a_404(caller, cursor):
    answer = caller.client.get(URL, params={"cursor": cursor})

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["title"] == "Invalid cursor"


# The order


@pytest.mark.parametrize(
    "body",
    [lambda ids: ids, lambda ids: {"rules": ids}, lambda ids: {"ids": ids}, lambda ids: [{"id": one} for one in ids]],
    ids=["bare", "rules", "ids", "rules as they are listed"],
)
def test_rules_run_in_the_order_that_is_asked_for(caller, body):
    a, b, c = create_some(caller, "a", "b", "c")

    answer = caller.client.post(f"{URL}/reorder", json=body([c, a, b]))

    assert answer.status_code == 200, answer.text
    assert [(rule["name"], rule["order"]) for rule in answer.json()] == [("c", 1), ("a", 2), ("b", 3)]
    assert answer.json() == everything(caller)


def test_another_order_is_no_change_of_the_rules(caller):
    a, b = create_some(caller, "a", "b")

    caller.client.post(f"{URL}/reorder", json=[b, a])

    assert [rule["revision"] for rule in everything(caller)] == [1, 1]


@pytest.mark.parametrize("named", ["rules", "ids"])
@pytest.mark.parametrize(
    ("places", "says"), [([0, 1], "left out"), ([0, 1, 2, 3], "not there: 404"), ([0, 1, 2, 2], "more than once")]
)
def test_an_order_names_each_rule_once(caller, named, places, says):
    known = [*create_some(caller, "a", "b", "c"), 404]
    wanted = [known[place] for place in places][::-1]

    bare = problems_of(caller.client.post(f"{URL}/reorder", json=wanted))
    within = problems_of(caller.client.post(f"{URL}/reorder", json={named: wanted}))

    assert says in bare[""]["detail"]
    assert within.keys() == {f"/{named}"}
    assert names(caller) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ("1", ""),
        (["first"], "/0"),
        ([1, True], "/1"),
        ([0], "/0"),
        ([1.5], "/0"),
        ({"rules": [1, None]}, "/rules/1"),
        ({"ids": 7}, "/ids"),
        ([{"name": "a"}], "/0"),
    ],
)
def test_an_order_is_a_list_of_ids(caller, body, pointer):
    assert problems_of(caller.client.post(f"{URL}/reorder", json=body)).keys() == {pointer}


def test_no_rules_have_an_order_too(caller):
    assert caller.client.post(f"{URL}/reorder", json=[]).json() == []


# Other accounts


def test_nobody_sees_changes_removes_or_reorders_the_rules_of_another_account(caller):
    a, b = create_some(caller, "a", "b")
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    own = create(stranger, name="own")["id"]

    seen = stranger.client.get(f"{URL}/{a}")
    changed = stranger.client.patch(f"{URL}/{a}", json={"name": "mine"})
    removed = stranger.client.delete(f"{URL}/{a}")
    reordered = stranger.client.post(f"{URL}/reorder", json=[b, a])
    mixed = stranger.client.post(f"{URL}/reorder", json=[own, b])

    assert [answer.status_code for answer in (seen, changed, removed)] == [404, 404, 404]
    assert [answer.status_code for answer in (reordered, mixed)] == [400, 400]
    assert names(stranger) == ["own"]
    assert [(rule["name"], rule["order"], rule["revision"]) for rule in everything(caller)] == [
        ("a", 1, 1),
        ("b", 2, 1),
    ]


def test_each_account_counts_its_own_rules(caller):
    create_some(caller, "a", "b")
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert create(stranger)["order"] == 1
    stranger.client.delete(f"{URL}/{everything(stranger)[0]['id']}")
    assert [rule["order"] for rule in everything(caller)] == [1, 2]


# Many at once


def test_positions_are_dense_whatever_happens_at_the_same_time(caller):
    """Rules are added, removed and put in another order by several callers at once."""
    ids = create_some(caller, *"abcdef")
    statuses: list[int] = []

    def add(count):
        statuses.extend(caller.client.post(URL, json=a_rule(name=f"n{count}")).status_code for _ in range(4))

    def turn(_):
        for _ in range(4):
            wanted = [rule["id"] for rule in everything(caller)][::-1]
            statuses.append(caller.client.post(f"{URL}/reorder", json=wanted).status_code)

    def remove(count):
        statuses.extend(caller.client.delete(f"{URL}/{one}").status_code for one in ids[count * 2 : count * 2 + 2])

    threads = [threading.Thread(target=work, args=(count,)) for count in range(2) for work in (add, turn, remove)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rules = everything(caller)
    assert [rule["order"] for rule in rules] == list(range(1, 6 - 4 + 8 + 1))
    assert set(statuses) <= {200, 201, 204, 400}  # 400: an order that had been overtaken


@pytest.mark.parametrize(
    "change",
    [
        lambda client, first, second: client.post(URL, json=a_rule()),
        lambda client, first, second: client.patch(f"{URL}/{first}", json={"is_active": False}),
        lambda client, first, second: client.post(f"{URL}/reorder", json=[second, first]),
        lambda client, first, second: client.delete(f"{URL}/{first}"),
    ],
    ids=["added", "changed", "reordered", "removed"],
)
def test_every_change_counts_from_the_next_decision_on(caller, change):
    """What decisions are made from is kept in memory, and known by the revision of the account."""
    first, second = create_some(caller, "a", "b")
    configurations, account_id = caller.installation.configurations, caller.context.account_id
    with caller.context.database.read() as transaction:
        before = configurations.of(transaction, account_id)

    change(caller.client, first, second)

    with caller.context.database.read() as transaction:
        after = configurations.of(transaction, account_id)
        stored = list_rules(transaction, account_id)
        assert after.revision == revision_of(transaction, account_id) > before.revision
    assert after.rules.rules == tuple(stored)


def test_a_rule_made_here_decides_how_an_order_is_shipped(caller):
    create(caller, criteria={"conditions": [{"property": "to_country", "operator": "is", "compare_to": "nl"}]})
    caller.store(an_order())

    shipped = caller.ship(order={"order_number": "ORDER-1", "apply_shipping_rules": True})

    (label,) = shipped.json()["data"]
    shipment = caller.client.get(f"/api/v3/shipments/{label['shipment_id']}").json()["data"]
    assert shipment["ship_with"]["properties"]["shipping_option_code"] == "postnl:standard"


# The page about rules

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"

COMMAND = re.compile(
    r"""^curl --user "\$KEYS"(?: --request (\w+))? "\$KOLLI([^"]+)"(?: --json (?:'([^']*)'|"([^"]*)"))?$""",
    re.MULTILINE,
)


def test_the_commands_on_the_page_succeed(caller):
    """docs/rules.md, "The same through the API"."""
    section = PAGE.read_text("utf-8").partition("## The same through the API")[2]
    commands = COMMAND.findall(section)
    rule = ""

    statuses = []
    for method, path, single, double in commands:
        url, body = (text.replace("$RULE", rule) for text in (f"/api/v3{path}", single or double))
        answer = caller.client.request(method or "GET", url, content=body or None)
        rule = str(answer.json()["id"]) if answer.status_code == 201 else rule
        statuses.append(answer.status_code)

    assert len(commands) == section.count("curl --user")
    assert set(statuses) == {200, 201, 204}


# What rules are made of

METADATA = {
    "identifier", "name", "operators", "type", "help_text", "multiple", "delimiter", "trigger_update",
}  # fmt: skip


@pytest.mark.parametrize(("noun", "table"), [("conditions", CONDITIONS), ("actions", ACTIONS)])
def test_the_tables_are_listed_without_their_possibilities(caller, noun, table):
    listed = caller.client.get(f"{ABOUT}/{noun}").json()

    assert [entry["identifier"] for entry in listed] == list(table)
    assert {frozenset(entry) for entry in listed} == {frozenset(METADATA)}


def test_operators_are_listed(caller):
    listed = caller.client.get(f"{ABOUT}/operators").json()

    assert [entry["identifier"] for entry in listed] == list(OPERATORS)
    assert listed[0] == {
        "identifier": "eq",
        "name": OPERATORS["eq"].name,
        "multiple": False,
        "unary": False,
        "help_text": OPERATORS["eq"].help_text,
    }


@pytest.mark.parametrize("noun", ["conditions", "actions"])
def test_one_has_what_the_list_has_and_its_possibilities(caller, noun):
    listed = caller.client.get(f"{ABOUT}/{noun}").json()

    singles = [caller.client.get(f"{ABOUT}/{noun}/{entry['identifier']}").json() for entry in listed]

    possibilities = [single.pop("possibilities") for single in singles]
    assert singles == listed
    assert list(map(bool, possibilities)) == [entry["type"] == "SELECT" for entry in listed]
    assert {len(pair) for pairs in possibilities for pair in pairs} == {2}


@pytest.mark.parametrize(
    ("path", "possibility"),
    [
        ("conditions/carrier", ["postnl", "PostNL"]),
        ("conditions/to_country", ["NL", "Netherlands"]),
        ("conditions/integration", ["70", "Shop"]),
        ("conditions/payment_status", ["paid", "Paid"]),
        ("actions/use_contract", ["1517", "Test"]),
        ("actions/ship_with_address", ["1017", "Lumen & Was, Oudezijds Voorburgwal 218, Utrecht, NL"]),
        ("actions/set_item_origin_country", ["DE", "Germany"]),
    ],
)
def test_possibilities_are_what_the_account_has(caller, path, possibility):
    a_caller(caller.installation, account_id=2, integration_id=71)

    possibilities = caller.client.get(f"{ABOUT}/{path}").json()["possibilities"]

    assert possibility in possibilities
    assert not {"71", "2517", "2017"} & {key for key, _ in possibilities}


def test_shipping_options_are_possible_by_their_codes(caller):
    possibilities = caller.client.get(f"{ABOUT}/actions/ship_with").json()["possibilities"]

    assert {"sendcloud:letter", "postnl:standard"} <= {key for key, _ in possibilities}


@pytest.mark.parametrize("choice", ["actions/ship_with", "actions/use_contract", "actions/ship_with_address"])
def test_whatever_is_offered_is_accepted(caller, choice):
    possibilities = caller.client.get(f"{ABOUT}/{choice}").json()["possibilities"]
    identifier = choice.partition("/")[2]

    answers = [caller.client.post(URL, json=with_action(identifier, key)) for key, _ in possibilities]

    assert {answer.status_code for answer in answers} == {201}


@pytest.mark.parametrize(("noun", "path"), [("condition", "conditions/colour"), ("action", "actions/paint")])
def test_what_rules_do_not_know_is_a_404(caller, noun, path):
    (error,) = problems_of(caller.client.get(f"{ABOUT}/{path}"), 404).values()

    assert f"no {noun}" in error["detail"]
