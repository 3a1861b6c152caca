"""The table of scenarios, and how their names are read."""

from datetime import timedelta

import pytest

from kolli.errors import Invalid
from kolli.scenarios import ANY, KINDS, SCENARIOS, SHIPPING, at_the_end_of, names_of, parse


@pytest.mark.parametrize("row", SCENARIOS.values(), ids=lambda row: row.name)
def test_every_scenario_can_be_asked_for_as_it_is_listed(row):
    scenario = parse(row.usage)

    assert (scenario.row, scenario.name) == (row, row.usage)
    assert at_the_end_of(f"ORDER-1~{row.usage}") == scenario
    assert row.kinds
    assert set(row.kinds) <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("slow:1ms", timedelta(milliseconds=1)),
        ("slow:8s", timedelta(seconds=8)),
        ("slow:2m", timedelta(minutes=2)),
        ("hook:late:168h", timedelta(days=7)),
        ("order-late:60m", timedelta(hours=1)),
        ("busy", timedelta(0)),
    ],
)
def test_times_have_units(text, delay):
    assert parse(text).delay == delay


@pytest.mark.parametrize(("text", "number"), [("partial:2", 2), ("partial:50", 50), ("partial:002", 2), ("busy", 0)])
def test_numbers_are_numbers(text, number):
    assert parse(text).number == number


@pytest.mark.parametrize(
    "text",
    [
        "", "~ok", "ok ", "Ok", "okay", "ok:1", "reject", "reject:", "reject:moon", "slow", "slow:", "slow:8",
        "slow:8S", "slow:0s", "slow:-1s", "slow:2.5s", "slow:121s", "slow:99999999s", "slow:8s:8s", "hook:late",
        "hook:late:0h", "hook:late:169h", "order-late:61m", "partial", "partial:0", "partial:1", "partial:51",
        "partial:-2", "partial:99999", "partial:२", "slow:८s", "track:eternal", "http:404", "timeout-after\n",
    ],
)  # fmt: skip
def test_what_is_no_scenario_is_refused_with_all_there_are(text):
    with pytest.raises(Invalid) as refused:
        parse(text)

    assert all(row.usage in refused.value.message for row in SCENARIOS.values())


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("~ok", "ok"),
        ("ORDER-1~slow:8s", "slow:8s"),
        ("A~gift~busy", "busy"),
        ("A~busy~ok", "ok"),
        ("A~hook:late:5m", "hook:late:5m"),
    ],
)
def test_an_order_number_can_end_in_a_scenario(number, name):
    found = at_the_end_of(number)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "number", ["", "ORDER-1", "~", "A~B", "A~busy ", "A~busy-", "A~BUSY", "A~gift:ok", "A~ok~B", "A~1"]
)
def test_other_order_numbers_are_ordinary_ones(number):
    assert at_the_end_of(number) is None


@pytest.mark.parametrize(
    ("number", "limit"),
    [("A~slow:3h", "at most 120s"), ("A~partial:51", "from 2 to 50"), ("A~hook:late:9999h", "at most 604800s")],
)
def test_a_mistyped_end_is_refused_with_those_of_its_kind_and_their_limits(number, limit):
    with pytest.raises(Invalid, match=limit) as refused:
        at_the_end_of(number)

    assert refused.value.field == "order_number"
    assert "timeout-before" not in refused.value.message


def test_what_waits_waits_for_requests_that_it_is_mainly_about():
    waits = {row.name: [kind for kind in ANY if parse(row.usage).waits_for(kind)] for row in SCENARIOS.values()}

    assert waits["http:500"] == list(ANY)
    assert waits["timeout-after"] == list(SHIPPING)
    assert waits["order-late"] == list(SHIPPING)
    assert waits["garbage-pdf"] == ["label"]
    assert waits["cancel:late"] == ["cancel"]


def test_kinds_of_requests_are_named_for_people():
    assert names_of(ANY) == "all requests"
    assert names_of(("label", "document")) == "labels at once, downloads of documents"


def test_what_fails_for_a_while_can_be_told_from_what_stays():
    passing = {row.family for row in SCENARIOS.values() if row.passes}

    assert passing == {
        *("timeout-before", "timeout-after", "busy", "limit", "http", "truncate", "garbage-pdf", "partial", "carrier")
    }


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("slow:9h", "slow takes a time of at most 120s, such as slow:8s."),
        ("slow", "slow takes a time of at most 120s, such as slow:8s."),
        ("partial:1", "partial takes a number from 2 to 50, such as partial:2."),
    ],
)
def test_of_a_wrong_parameter_it_is_said_what_it_can_be(text, limit):
    with pytest.raises(Invalid, match=f"There is no scenario '{text}'. {limit}"):
        parse(text)
