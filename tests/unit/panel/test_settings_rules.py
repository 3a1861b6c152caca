"""Rules in the panel: listed, written by clicking, tried on past orders, and nobody's change vanishes."""

import re

import pytest

from kolli.account.accounts import Account, add_account
from kolli.account.audit import Wanted, list_entries
from kolli.operations.background import workers
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.model import ShipWith
from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS
from kolli.rules.model import Condition
from kolli.rules.queries import list_rules, update_rule
from kolli.rules.trials import list_trials
from tests.factories import NOW, an_order
from tests.people import person, text_of
from tests.unit.operations.ways import a_caller_with_ways, a_rule, give_rules

PATH = "/panel/settings/rules/"


@pytest.fixture
def caller(tmp_path):
    caller = a_caller_with_ways(tmp_path)
    caller.store(an_order())
    return caller


def rules_of(caller):
    with caller.installation.database.read() as transaction:
        return list_rules(transaction, 1)


def trials_of(caller):
    with caller.installation.database.read() as transaction:
        return list_trials(transaction, 1, 100)


def audit_of(caller):
    with caller.installation.database.read() as transaction:
        return [(each.action, each.subject, dict(each.details)) for each in list_entries(transaction, 1, Wanted(), 20)]


def ship(caller, option="ways:plain"):
    choice = Choice(ShipWith(option), applies_rules=True)
    return ship_order(ShipOrder(70, choice, order_number="ORDER-1"), caller.context)


def work(caller):
    """Does what waits in the background."""
    workers(caller.installation).run_due()


def stamp_in(answer):
    return re.findall(r'name="stamp" value="([^"]*)"', answer.text)[0]


def mark_in(answer):
    return re.findall(r'name="list_mark" value="([^"]*)"', answer.text)[0]


A_RULE = {
    "name": "Heavy ones",
    "is_active": "on",
    "joined": "and",
    "c0.property": "weight",
    "c0.operator": "gt",
    "c0.compare_to": "0.5",
    "a0.identifier": "ship_with",
    "a0.value": "ways:cheap",
}


def test_rules_are_listed_as_sentences_with_the_names_of_things(caller, owner):
    give_rules(caller, a_rule(1, ("use_contract", "601"), name="By the other contract"))

    text = text_of(owner.get(PATH))

    assert "By the other contract Active" in text
    assert "If To country is Netherlands → Use shipping contract Other" in text
    assert "Version 1" in text


def test_a_rule_that_names_what_is_gone_says_so(caller, owner):
    give_rules(caller, a_rule(1, ("use_contract", "999")))

    text = text_of(owner.get(PATH))

    assert "Passed over" in text
    assert "'999' is no contract of this account." in text


@pytest.mark.parametrize("role", ["packer", "viewer", "developer"])
def test_only_owners_may_see_and_change_rules(caller, role):
    somebody = person(caller.installation, role)

    assert somebody.get(PATH).status_code == 403
    assert somebody.get(f"{PATH}new/").status_code == 403
    assert somebody.post(f"{PATH}new/", {**A_RULE, "do": "save"}).status_code == 403
    assert rules_of(caller) == []


def test_a_rule_is_written_and_stands_in_the_audit_trail(caller, owner):
    answer = owner.post(f"{PATH}new/", {**A_RULE, "do": "save"})

    (rule,) = rules_of(caller)
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert (rule.name, rule.conditions, rule.is_active) == ("Heavy ones", (Condition("weight", "gt", "0.5"),), True)
    assert audit_of(caller)[0] == (
        "rule.add",
        "Heavy ones",
        {"now": "if Weight (kg) greater than '0.5': Ship with 'ways:cheap'"},
    )


def test_the_same_form_sent_twice_makes_one_rule(caller, owner):
    for _ in range(2):
        owner.post(f"{PATH}new/", {**A_RULE, "do": "save"}, form_key="one-and-the-same-form")

    assert len(rules_of(caller)) == 1


def test_rows_are_added_and_removed_with_all_that_was_typed_kept(owner):
    more = owner.post(f"{PATH}new/", {**A_RULE, "do": "add-condition"}).text
    fewer = owner.post(f"{PATH}new/", {**A_RULE, "do": "remove-condition:0"}).text

    assert 'value="Heavy ones"' in more
    assert 'name="c0.compare_to" id="c0.compare_to" value="0.5"' in more
    assert 'name="c1.property"' in more
    assert 'name="c0.property"' not in fewer
    assert "the rule holds for every order" in fewer


def test_with_scripts_only_the_form_comes_back(owner):
    answer = owner.post(f"{PATH}new/", {**A_RULE, "do": "add-action"}, headers={"hx-request": "true"})

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'name="a1.identifier"' in answer.text


def test_another_condition_gets_operators_that_fit_it(owner):
    answer = owner.post(f"{PATH}new/", {**A_RULE, "c0.property": "to_country"}, headers={"hx-request": "true"})

    assert '<option value="is" selected>' in answer.text
    assert '<option value="NL">Netherlands</option>' in answer.text


@pytest.mark.parametrize("identifier", CONDITIONS)
def test_every_condition_of_the_table_can_be_chosen(owner, identifier):
    fields = {"c0.property": identifier, "c0.operator": CONDITIONS[identifier].operators[-1], "c0.compare_to": ""}

    page = owner.post(f"{PATH}new/", {**A_RULE, **fields, "do": "update"})

    assert page.status_code == 200
    assert f'<option value="{identifier}" selected>' in page.text
    assert f'<option value="{CONDITIONS[identifier].operators[-1]}" selected>' in page.text
    assert len(page.content) < 100_000


@pytest.mark.parametrize("identifier", ACTIONS)
def test_every_action_of_the_table_can_be_chosen(owner, identifier):
    page = owner.post(f"{PATH}new/", {**A_RULE, "a0.identifier": identifier, "a0.value": "", "do": "update"})

    assert page.status_code == 200
    assert f'<option value="{identifier}" selected>' in page.text


def test_what_is_wrong_stands_beside_its_row(caller, owner):
    answer = owner.post(f"{PATH}new/", {**A_RULE, "c0.compare_to": "heavy", "a0.value": "", "do": "save"})

    assert answer.status_code == 422
    assert 'id="c0.compare_to-wrong"' in answer.text
    assert 'id="a0.value-wrong"' in answer.text
    assert 'value="heavy"' in answer.text
    assert rules_of(caller) == []


def test_a_country_may_be_typed_by_its_name_and_several_are_ticked(caller, owner):
    fields = {"c0.property": "to_country", "c0.operator": "in", "c0.compare_to": ["NL", "belgium", ""]}

    owner.post(f"{PATH}new/", {**A_RULE, **fields, "do": "save"})

    (rule,) = rules_of(caller)
    assert rule.conditions == (Condition("to_country", "in", "NL, BE"),)


def test_a_rule_is_changed_and_the_trail_has_the_old_and_the_new(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))
    stamp = stamp_in(owner.get(f"{PATH}1/"))

    owner.post(f"{PATH}1/", {**A_RULE, "stamp": stamp, "do": "save"})

    (rule,) = rules_of(caller)
    assert (rule.name, rule.revision) == ("Heavy ones", 2)
    assert audit_of(caller)[0][2] == {
        "was": "Rule 1: if To country is 'NL': Ship with 'ways:cheap'",
        "now": "Heavy ones: if Weight (kg) greater than '0.5': Ship with 'ways:cheap'",
    }


def test_two_who_change_one_rule_are_told_and_may_decide(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))
    stamp = stamp_in(owner.get(f"{PATH}1/"))
    with caller.installation.database.write() as transaction:
        update_rule(transaction, 1, a_rule(1, ("ship_with", "ways:cheap"), name="Theirs"), NOW)

    told = owner.post(f"{PATH}1/", {**A_RULE, "stamp": stamp, "do": "save"})
    between = rules_of(caller)[0].name
    owner.post(f"{PATH}1/", {**A_RULE, "stamp": stamp_in(told), "do": "save"})

    assert told.status_code == 409
    assert "Somebody else has saved this" in text_of(told)
    assert "Theirs: if To country is 'NL'" in text_of(told)
    assert 'value="Heavy ones"' in told.text
    assert (between, rules_of(caller)[0].name) == ("Theirs", "Heavy ones")


def test_a_rule_that_somebody_has_removed_can_be_saved_as_a_new_one(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))
    page = owner.get(f"{PATH}1/")
    owner.post(f"{PATH}1/remove/", {"stamp": stamp_in(page)})

    told = owner.post(f"{PATH}1/", {**A_RULE, "stamp": stamp_in(page), "do": "save"})

    assert told.status_code == 409
    assert "Somebody has removed this rule" in text_of(told)
    assert f'action="{PATH}new/"' in told.text


def test_rules_are_moved_and_two_who_do_so_at_once_are_told(caller, owner):
    give_rules(caller, *(a_rule(number, ("ship_with", "ways:cheap")) for number in (1, 2, 3)))
    mark = mark_in(owner.get(PATH))

    first = owner.post(f"{PATH}3/move/", {"to": "up", "list_mark": mark})
    second = owner.post(f"{PATH}1/move/", {"to": "down", "list_mark": mark})

    assert first.status_code == 303
    assert second.status_code == 409
    assert "Somebody else has changed the list" in text_of(second)
    assert [rule.id for rule in rules_of(caller)] == [1, 3, 2]
    assert audit_of(caller)[0] == ("rule.move", "Rule 3", {"was": "3", "to": "up"})


def test_in_a_long_list_a_rule_is_moved_to_a_place_by_its_number(caller, owner):
    give_rules(caller, *(a_rule(number, ("ship_with", "ways:cheap")) for number in range(1, 8)))
    page = owner.get(PATH)

    wrong = owner.post(f"{PATH}7/move/", {"to": "place", "place": "99", "list_mark": mark_in(page)})
    owner.post(f"{PATH}7/move/", {"to": "place", "place": "2", "list_mark": mark_in(page)})

    assert "Write the new place as a number from 1 to 7." in text_of(wrong)
    assert [rule.id for rule in rules_of(caller)] == [1, 7, 2, 3, 4, 5, 6]


def test_a_rule_is_switched_off_and_on(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))

    owner.post(f"{PATH}1/switch/", {"is_active": "no"})
    off = rules_of(caller)[0].is_active
    owner.post(f"{PATH}1/switch/", {"is_active": "yes"})

    assert (off, rules_of(caller)[0].is_active) == (False, True)


def test_a_copy_does_not_count_yet_and_is_made_once(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))

    for _ in range(2):
        owner.post(f"{PATH}1/copy/", form_key="copied-by-a-double-click")

    assert [(rule.name, rule.is_active) for rule in rules_of(caller)] == [("Rule 1", True), ("Copy of Rule 1", False)]


def test_a_rule_that_was_changed_meanwhile_is_not_removed(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))

    answer = owner.post(f"{PATH}1/remove/", {"stamp": "of an older one"})

    assert answer.status_code == 409
    assert len(rules_of(caller)) == 1


def test_what_is_exported_can_be_imported(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))
    file = owner.get(f"{PATH}rules.csv")

    answer = owner.post(f"{PATH}import/", {"where": "behind"}, files={"file": ("rules.csv", file.content)})

    assert answer.status_code == 303
    assert [rule.name for rule in rules_of(caller)] == ["Rule 1", "Rule 1"]


def test_of_a_file_with_a_mistake_nothing_is_imported(caller, owner):
    file = (
        b"Rule name,Condition and or,Condition,Operator,Condition Value,Action,Action Value\n"
        b"Good,and,To country,Is,NL,Ship with,ways:cheap\n"
        b"Bad,and,To country,Is,Mars,Ship with,ways:cheap\n"
    )

    answer = owner.post(f"{PATH}import/", {"where": "replace"}, files={"file": ("mine.csv", file)})

    assert answer.status_code == 422
    assert "1 mistake is in the file, so nothing of it was imported." in text_of(answer)
    assert "'Mars' is no country." in text_of(answer)
    assert rules_of(caller) == []


def test_a_file_that_is_no_table_is_refused_by_its_own_name(owner):
    answer = owner.post(f"{PATH}import/", files={"file": ("mine.csv", b"\xff\xfe\x00 nothing")})

    assert answer.status_code == 422
    assert "mine.csv" in text_of(answer)
    assert "/tmp" not in answer.text


# Dry runs


def test_a_dry_run_tells_what_would_go_otherwise_before_anything_is_saved(caller, owner):
    ship(caller)
    begun = owner.post(f"{PATH}new/", {**A_RULE, "do": "try", "days": "30", "most": "500"})
    waiting = owner.get(begun.headers["location"])

    work(caller)
    text = text_of(owner.get(begun.headers["location"]))

    assert "Looking at past orders" in text_of(waiting)
    assert "1 of 1 order would go another way" in text
    assert "1 Ways: Ways:Plain Ways: Ways:Cheap" in text
    assert "-2 EUR at today's rates: 7, would be 5" in text
    assert "because of “Heavy ones”" in text
    assert rules_of(caller) == []


def test_a_rule_that_was_tried_is_saved_from_there(caller, owner):
    place = owner.post(f"{PATH}new/", {**A_RULE, "do": "try", "days": "30", "most": "500"}).headers["location"]
    work(caller)

    for _ in range(2):
        owner.post(f"{place}save/", form_key="saved-by-a-double-click")

    assert [rule.name for rule in rules_of(caller)] == ["Heavy ones"]


def test_a_dry_run_leads_back_to_the_form_as_it_was(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:plain")))
    stamp = stamp_in(owner.get(f"{PATH}1/"))
    begun = owner.post(f"{PATH}1/", {**A_RULE, "stamp": stamp, "do": "try", "days": "30", "most": "500"})
    trial = trials_of(caller)[0]

    page = owner.get(f"{PATH}1/?trial={trial.id}")

    assert begun.status_code == 303
    assert 'value="Heavy ones"' in page.text
    assert stamp_in(page) == stamp


def test_a_rule_that_somebody_has_changed_since_is_not_overwritten_from_its_dry_run(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:plain")))
    stamp = stamp_in(owner.get(f"{PATH}1/"))
    begun = owner.post(f"{PATH}1/", {**A_RULE, "stamp": stamp, "do": "try", "days": "30", "most": "500"})
    with caller.installation.database.write() as transaction:
        update_rule(transaction, 1, a_rule(1, ("ship_with", "ways:cheap"), name="Theirs"), NOW)

    told = owner.post(f"{begun.headers['location']}save/")

    assert told.status_code == 409
    assert rules_of(caller)[0].name == "Theirs"


def test_one_rule_is_tried_switched_off(caller, owner):
    give_rules(caller, a_rule(1, ("set_weight", "2")))
    ship(caller)

    place = owner.post(f"{PATH}dry-runs/", {"rule": "1"}).headers["location"]
    work(caller)
    text = text_of(owner.get(place))

    assert "1 of 1 order would go another way" in text
    assert "2 kg → 0.7 kg because no rule says otherwise then" in text


def test_what_is_compared_are_the_rules_as_they_are_unless_one_asks_for_how_it_was_shipped(caller, owner):
    ship(caller)
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))
    another = {**A_RULE, "a0.identifier": "set_customs_notes", "a0.value": "Careful", "days": "30", "most": "500"}

    by_rules = owner.post(f"{PATH}new/", {**another, "do": "try"}).headers["location"]
    by_shipped = owner.post(f"{PATH}new/", {**another, "do": "try", "against": "shipped"}).headers["location"]
    work(caller)

    assert "shipping_option_code" not in text_of(owner.get(by_rules))
    assert "shipping_option_code" in text_of(owner.get(by_shipped))


def test_the_same_form_begins_one_dry_run_and_a_stopped_one_looks_no_further(caller, owner):
    ship(caller)
    fields = {**A_RULE, "do": "try", "days": "30", "most": "500"}
    places = {
        owner.post(f"{PATH}new/", fields, form_key="tried-by-a-double-click").headers["location"] for _ in range(2)
    }
    owner.post(f"{places.copy().pop()}stop/")

    work(caller)

    (trial,) = trials_of(caller)
    assert len(places) == 1
    assert (trial.state, trial.report.shipments) == ("stopped", 0)
    assert "It was stopped." in text_of(owner.get(places.pop()))


def test_a_dry_run_asks_for_itself_only_while_it_is_worked_out(caller, owner):
    place = owner.post(f"{PATH}dry-runs/").headers["location"]

    during = owner.get(f"{place}progress/", headers={"hx-request": "true"})
    work(caller)
    afterwards = owner.get(f"{place}progress/", headers={"hx-request": "true"})

    assert "hx-trigger" in during.text
    assert "hx-trigger" not in afterwards.text
    assert "No order was shipped in this time" in text_of(afterwards)


def test_a_dry_run_over_a_time_that_is_not_offered_is_refused_with_the_form_kept(owner):
    answer = owner.post(f"{PATH}new/", {**A_RULE, "do": "try", "days": "4000", "most": "500"})

    assert answer.status_code == 422
    assert 'value="Heavy ones"' in answer.text


# Others


def test_nobody_sees_or_changes_rules_and_dry_runs_of_another_account(caller, owner):
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap"), name="A secret"))
    place = owner.post(f"{PATH}dry-runs/", {"rule": "1"}).headers["location"]
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Stranger"))
    stranger = person(caller.installation, "owner", account_id=2)

    answers = [
        *(stranger.get(path) for path in (f"{PATH}1/", place, f"{place}progress/")),
        *(stranger.post(f"{PATH}1/{verb}/") for verb in ("switch", "move", "copy", "remove")),
        *(stranger.post(f"{place}{verb}/") for verb in ("stop", "save", "again")),
        stranger.post(f"{PATH}dry-runs/", {"rule": "1"}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert "A secret" not in stranger.get(PATH).text
    assert len(rules_of(caller)) == 1


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}"


def test_hostile_texts_are_shown_as_they_are_and_run_nothing(caller, owner):
    hostile = {**A_RULE, "name": HOSTILE, "c0.property": "item_name", "c0.operator": "is", "c0.compare_to": HOSTILE}

    owner.post(f"{PATH}new/", {**hostile, "do": "save"})
    (rule,) = rules_of(caller)
    pages = [
        owner.get(PATH),
        owner.get(f"{PATH}{rule.id}/"),
        owner.post(f"{PATH}new/", {**hostile, "c0.operator": HOSTILE, "a0.identifier": HOSTILE, "do": "save"}),
        owner.get(owner.post(f"{PATH}dry-runs/", {"rule": str(rule.id)}).headers["location"]),
    ]

    assert rule.name == HOSTILE
    assert [page for page in pages if "<script>alert" in page.text or "<img src=x" in page.text] == []
    assert HOSTILE in text_of(pages[0])


def test_a_list_of_thousands_is_shown_page_by_page(caller, owner):
    give_rules(caller, *(a_rule(number, ("ship_with", "ways:cheap")) for number in range(1, 2001)))

    first, last = owner.get(PATH), owner.get(f"{PATH}?from=1999")

    assert "1 to 25 of 2000" in text_of(first)
    assert "1976 to 2000 of 2000" in text_of(last)
    assert len(first.content) < 90_000
