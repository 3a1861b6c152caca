"""The request log in the database: the latest, the failed, the tampered with; and what is too old or too much."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.account.requests import (
    OLDEST,
    Details,
    LoggedRequest,
    Wanted,
    add_requests,
    find_request,
    forget_requests,
    list_requests,
    list_tries,
)
from tests.factories import NOW, a_database

FULL = Details(38, "timeout-after", "first", "ORDER-1", "invalid", "No.", "/data", "curl/8")


@pytest.fixture
def transaction():
    with a_database().write() as transaction:
        yield transaction


def a_request(**changes):
    return LoggedRequest(**{"at": NOW, "method": "GET", "path": "/api/v3/orders", "status": 200, **changes})


def listed(transaction, most=100, **wanted):
    return [replace(found, id=0) for found in list_requests(transaction, Wanted(**wanted), most)]


def test_a_request_comes_back_as_it_was_noted(transaction):
    noted = [a_request(account_id=1, details=FULL), a_request(status=0)]

    add_requests(transaction, noted)

    assert listed(transaction) == noted


def test_the_latest_are_shown_with_the_newest_last(transaction):
    add_requests(transaction, [a_request(path=f"/{number}") for number in range(5)])

    assert [found.path for found in listed(transaction, most=2)] == ["/3", "/4"]


def test_who_follows_is_shown_what_came_later(transaction):
    add_requests(transaction, [a_request(), a_request()])
    last = list_requests(transaction, Wanted(), 1)[0].id
    add_requests(transaction, [a_request(path="/new")])

    assert [found.path for found in listed(transaction, after=last)] == ["/new"]


def test_no_account_sees_the_requests_of_another_or_of_nobody(transaction):
    add_requests(transaction, [a_request(account_id=1), a_request(account_id=2), a_request()])

    assert listed(transaction, account_id=2) == [a_request(account_id=2)]


@pytest.mark.parametrize(("status", "has_failed"), [(0, True), (200, False), (302, False), (400, True), (503, True)])
def test_a_request_has_failed_when_it_was_refused_or_not_answered(transaction, status, has_failed):
    add_requests(transaction, [a_request(status=status)])

    assert bool(listed(transaction, only_failed=True)) is has_failed


def test_only_what_the_sandbox_has_tampered_with_is_found_as_such(transaction):
    lookalike = a_request(details=Details(detail='He wrote "scenario":"slow" and \\"scenario":'))
    add_requests(transaction, [a_request(details=FULL), a_request(), lookalike])

    assert listed(transaction, only_tampered=True) == [a_request(details=FULL)]


def test_a_part_of_the_path_is_looked_for_and_nothing_else(transaction):
    add_requests(transaction, [a_request(path="/a_b"), a_request(path="/axb"), a_request(path="/a%b")])

    assert [found.path for found in listed(transaction, path="a_b")] == ["/a_b"]
    assert [found.path for found in listed(transaction, path="%")] == ["/a%b"]


def test_what_became_of_keys_is_looked_for(transaction):
    add_requests(transaction, [a_request(details=FULL), a_request(details=Details(detail='"key":"first"'))])

    assert listed(transaction, key="first") == [a_request(details=FULL)]


def test_older_ones_are_shown_and_only_among_so_many(transaction):
    numbers = add_requests(transaction, [a_request(path=f"/{number}") for number in range(10)])

    assert [found.path for found in listed(transaction, within=3)] == ["/7", "/8", "/9"]
    assert [found.path for found in listed(transaction, before=numbers[5], within=3)] == ["/3", "/4"]


def test_what_nobody_has_asked_the_api_is_shown_where_that_is_wanted(transaction):
    strangers = [a_request(path="/api/v3/orders"), a_request(path="/tracking/")]
    add_requests(transaction, [a_request(account_id=1), a_request(account_id=2), *strangers])

    assert listed(transaction, account_id=1, with_nobodys=True) == [a_request(account_id=1), strangers[0]]


def test_a_request_is_found_by_its_account_only(transaction):
    theirs, nobodys = add_requests(transaction, [a_request(account_id=1), a_request()])

    assert find_request(transaction, 1, theirs) == a_request(account_id=1, id=theirs)
    assert find_request(transaction, 2, theirs) is None
    assert find_request(transaction, 1, nobodys) is None
    assert find_request(transaction, 1, nobodys, with_nobodys=True) == a_request(id=nobodys)


def test_earlier_tries_are_those_of_the_account_to_the_same_place_lately(transaction):
    same = a_request(account_id=1, method="POST", path="/here")
    others = [
        replace(same, account_id=2),
        replace(same, method="GET"),
        replace(same, path="/there"),
        replace(same, at=NOW - timedelta(hours=1)),
    ]
    add_requests(transaction, [same, *others, same, same])
    (newest,) = list_requests(transaction, Wanted(), 1)

    found = list_tries(transaction, newest, NOW - timedelta(minutes=10), 5)

    assert [each.id for each in found] == [newest.id - 1, 1]


def test_too_many_and_too_old_ones_are_forgotten(transaction):
    add_requests(transaction, [a_request(path=f"/{number}") for number in range(5)])
    add_requests(transaction, [a_request(path="/old", at=NOW - OLDEST - timedelta(seconds=1))])

    forget_requests(transaction, 4, NOW)

    assert [found.path for found in listed(transaction)] == ["/2", "/3", "/4"]


def test_forgetting_in_an_empty_log_is_no_mistake(transaction):
    forget_requests(transaction, 4, NOW)

    assert listed(transaction) == []
