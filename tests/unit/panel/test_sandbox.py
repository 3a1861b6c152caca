"""The sandbox in the panel: a button for each scenario, what waits, and where nothing may go wrong on purpose."""

import re

import pytest

from kolli.account.accounts import get_account
from kolli.account.audit import Wanted, list_entries
from kolli.account.contracts import Contract, add_contract
from kolli.account.pending import MOST
from kolli.scenarios import SCENARIOS
from tests.factories import a_caller, an_installation, an_order
from tests.people import person, text_of

PATH = "/panel/sandbox/"


def pending(installation, account_id=1):
    with installation.database.read() as transaction:
        return [(each.scenario, each.times, each.route) for each in get_account(transaction, account_id).pending]


def test_every_scenario_has_its_sentence_and_a_button(developer):
    page = developer.get(PATH)

    assert re.findall(r'<button name="scenario" value="(.*?)"', page.text) == list(SCENARIOS)
    assert [row.name for row in SCENARIOS.values() if row.what not in text_of(page)] == []
    assert len(page.content) < 90_000


@pytest.mark.parametrize("row", SCENARIOS.values(), ids=lambda row: row.name)
def test_the_button_of_a_scenario_has_it_wait(developer, caller, row):
    parameter = {f"parameter-{row.name}": row.example} if row.example else {}

    answer = developer.post(PATH, {"scenario": row.name, "times": "2", "route": "", **parameter})

    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert pending(caller.installation) == [(row.usage, 2, "")]


def test_what_waits_acts_on_the_next_request_and_is_over(developer, caller):
    caller.store(an_order())
    developer.post(PATH, {"scenario": "busy", "times": "1", "route": "create-label-sync"})

    statuses = [caller.ship().status_code for _ in range(2)]

    assert (statuses, pending(caller.installation)) == ([400, 201], [])


def test_what_waits_is_listed_and_one_of_it_is_removed(developer, caller):
    developer.post(PATH, {"scenario": "busy", "times": "3", "route": "create-label-sync"})
    developer.post(PATH, {"scenario": "slow", "parameter-slow": "2s", "times": "1"})

    listed = text_of(developer.get(PATH))
    developer.post(f"{PATH}remove/", {"scenario": "busy", "route": "create-label-sync", "way": ""})

    assert "busy : the next 3 requests, route create-label-sync" in listed
    assert pending(caller.installation) == [("slow:2s", 1, "")]


def test_removing_what_does_not_wait_any_more_is_no_mistake(developer, caller):
    assert developer.post(f"{PATH}remove/", {"scenario": "busy"}).status_code == 303


def test_all_is_removed_at_once(developer, caller):
    for name in ("busy", "limit"):
        developer.post(PATH, {"scenario": name})

    developer.post(f"{PATH}clear/")

    assert pending(caller.installation) == []
    assert "Nothing waits." in text_of(developer.get(PATH))


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"scenario": "slow", "parameter-slow": "3h"}, "slow takes a time of at most 120s"),
        ({"scenario": "slow", "parameter-slow": ""}, "There is no scenario"),
        ({"scenario": "nonsense"}, "There is no scenario"),
        ({"scenario": ""}, "There is no scenario"),
        ({"scenario": "busy", "times": "0"}, "Write a number from 1 to 10,000."),
        ({"scenario": "busy", "times": "many"}, "Write a number from 1 to 10,000."),
        ({"scenario": "busy", "route": "nowhere-at-all"}, "No path ends in"),
    ],
)
def test_what_cannot_be_is_told_and_what_was_typed_stays(developer, caller, form, told):
    answer = developer.post(PATH, {"route": "orders", **form})

    assert answer.status_code == 422
    assert told in text_of(answer)
    assert f'value="{form.get("route", "orders")}"' in answer.text
    assert pending(caller.installation) == []


def test_too_much_cannot_wait(developer, caller):
    for _ in range(MOST):
        developer.post(PATH, {"scenario": "busy"})

    answer = developer.post(PATH, {"scenario": "busy"})

    assert (answer.status_code, len(pending(caller.installation))) == (422, MOST)
    assert f"At most {MOST} can wait." in text_of(answer)


def test_nothing_goes_wrong_on_purpose_where_a_contract_is_live(developer, caller):
    with caller.installation.database.write() as transaction:
        sealed = caller.installation.vault.seal({"customer_code": "LIVE"})
        add_contract(transaction, 1, Contract(9, "postnl", "Real", is_live=True, sealed_data=sealed))

    page, answer = developer.get(PATH), developer.post(PATH, {"scenario": "busy"})

    assert "marked live, so nothing goes wrong on purpose here" in text_of(page)
    assert 'name="scenario" value="busy"' not in page.text
    assert (answer.status_code, pending(caller.installation)) == (422, [])


def test_nothing_goes_wrong_on_purpose_where_the_sandbox_is_off(tmp_path):
    caller = a_caller(an_installation(tmp_path, sandbox=False))
    developer = person(caller.installation, "developer")

    page, answer = developer.get(PATH), developer.post(PATH, {"scenario": "busy"})

    assert "KOLLI_SANDBOX is off" in text_of(page)
    assert 'name="scenario" value="busy"' not in page.text
    assert (answer.status_code, pending(caller.installation)) == (422, [])


def test_each_account_has_its_own(caller):
    a_caller(caller.installation, account_id=2, integration_id=71)
    other = person(caller.installation, "developer", account_id=2)

    other.post(PATH, {"scenario": "busy"})

    assert (pending(caller.installation, 1), pending(caller.installation, 2)) == ([], [("busy", 1, "")])


@pytest.mark.parametrize("path", [PATH, f"{PATH}remove/", f"{PATH}clear/"])
def test_who_packs_makes_nothing_go_wrong(packer, path):
    assert packer.post(path, {"scenario": "busy"}).status_code == 403


def test_who_made_what_go_wrong_is_in_the_audit_trail(developer, caller):
    developer.post(PATH, {"scenario": "busy", "times": "2"})

    with caller.installation.database.read() as transaction:
        (entry,) = list_entries(transaction, 1, Wanted(action="sandbox."), 10)

    assert (entry.action, entry.subject, entry.details["times"]) == ("sandbox.next", "busy", "2")
