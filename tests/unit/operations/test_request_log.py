"""The writer of the request log: beside the requests, in batches, and never a reason to fail."""

import threading
import time

import pytest

from kolli.account.request_bodies import find_bodies
from kolli.account.requests import OLDEST, Exchange, LoggedRequest, OneSide, Wanted, list_requests
from kolli.database import Database
from kolli.migrations import create
from kolli.operations import request_log
from kolli.operations.request_log import BATCH, MOST_WAITING, RequestLog
from tests.factories import NOW

PATIENCE_SECONDS = 10


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        create(transaction)
    yield database
    database.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(request_log, "BATCH_SECONDS", 0.001)
    monkeypatch.setattr(request_log, "WAIT_AFTER_ERROR_SECONDS", 0.001)


def a_log(database, most=10_000):
    return RequestLog(database, most, lambda: NOW)


def a_request(path="/", at=NOW):
    return LoggedRequest(at, "GET", path, 200)


def paths(database):
    with database.read() as transaction:
        return [found.path for found in list_requests(transaction, Wanted(), 1_000_000)]


def until(holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds() and time.monotonic() < end:
        time.sleep(0.001)
    assert holds()


def test_what_is_noted_is_soon_written_down(database):
    log = a_log(database)
    log.start()

    log.note(a_request("/one"))

    until(lambda: paths(database) == ["/one"])
    log.stop(PATIENCE_SECONDS)


def test_what_waits_is_written_down_when_it_stops_in_the_order_in_which_it_came(database):
    log = a_log(database)
    numbers = [f"/{number}" for number in range(2 * BATCH + 1)]
    for number in numbers:
        log.note(a_request(number))

    log.start()
    log.stop(PATIENCE_SECONDS)

    assert paths(database) == numbers
    assert log.dropped == 0


def test_stopping_one_that_has_nothing_to_do_takes_no_time(database):
    log = a_log(database)
    log.start()

    begun = time.monotonic()
    log.stop(PATIENCE_SECONDS)

    assert time.monotonic() - begun < PATIENCE_SECONDS / 2
    assert "kolli-request-log" not in {thread.name for thread in threading.enumerate()}


def test_more_than_can_wait_is_dropped_and_counted(database, caplog):
    log = a_log(database)
    for _ in range(MOST_WAITING + 3):
        log.note(a_request())

    log.start()
    log.stop(PATIENCE_SECONDS)

    assert len(paths(database)) == MOST_WAITING
    assert (log.dropped, "3 requests are missing" in caplog.text) == (3, True)


def test_what_a_database_does_not_take_is_dropped_and_what_comes_later_is_written(database, caplog):
    with database.write() as transaction:
        transaction.exec_driver_sql("ALTER TABLE requests RENAME TO elsewhere")
    log = a_log(database)
    log.start()
    log.note(a_request("/lost"))
    until(lambda: log.dropped == 1)
    with database.write() as transaction:
        transaction.exec_driver_sql("ALTER TABLE elsewhere RENAME TO requests")

    log.note(a_request("/kept"))
    log.stop(PATIENCE_SECONDS)

    assert paths(database) == ["/kept"]
    assert "cannot be written down" in caplog.text


def test_what_is_too_much_or_too_old_is_swept(database):
    log = a_log(database, most=2)
    for request in (a_request("/old", NOW - 2 * OLDEST), a_request("/1"), a_request("/2"), a_request("/3")):
        log.note(request)

    log.start()
    log.stop(PATIENCE_SECONDS)

    assert paths(database) == ["/2", "/3"]


def test_what_is_too_much_is_swept_while_it_comes(database):
    log = a_log(database, most=2)
    log.start()
    log.note(a_request("/first"))
    until(lambda: paths(database) == ["/first"])

    for number in range(BATCH):
        log.note(a_request(f"/{number}"))

    until(lambda: paths(database) == [f"/{BATCH - 2}", f"/{BATCH - 1}"])
    log.stop(PATIENCE_SECONDS)


def test_noting_does_not_wait_for_the_writer_of_the_database(database):
    log = a_log(database)
    log.start()
    with database.write():
        begun = time.monotonic()
        for _ in range(100):
            log.note(a_request())
        took = time.monotonic() - begun

    log.stop(PATIENCE_SECONDS)

    assert took < PATIENCE_SECONDS / 2
    assert len(paths(database)) == 100


def an_exchange(size=0):
    asked = OneSide(b'{"password": "hush"}' + b" " * size, 20 + size, {"content-type": "application/json"})
    return Exchange(asked, OneSide(b"{}", 2, {}))


def with_bodies(exchange, path="/"):
    return LoggedRequest(NOW, "POST", path, 200, 1, exchange=exchange)


def bodies(database):
    with database.read() as transaction:
        found = list_requests(transaction, Wanted(), 1_000_000)
        return {each.path: find_bodies(transaction, 1, each.id) for each in found}


def test_bodies_are_written_down_with_their_requests_and_without_secrets(database):
    log = a_log(database)
    log.note(a_request("/none"))
    log.note(with_bodies(an_exchange(), "/one"))

    log.start()
    log.stop(PATIENCE_SECONDS)

    found = bodies(database)
    assert found["/none"] is None
    assert found["/one"].asked.text == '{"password":"‹redacted: 4 characters›"}'


def test_nobody_is_given_the_bodies_of_another_account(database):
    log = a_log(database)
    log.note(with_bodies(an_exchange()))

    log.start()
    log.stop(PATIENCE_SECONDS)

    with database.read() as transaction:
        (request,) = list_requests(transaction, Wanted(), 1)
        assert find_bodies(transaction, 2, request.id) is None


def test_bodies_go_with_their_requests(database):
    log = a_log(database, most=1)
    for path in ("/1", "/2", "/3"):
        log.note(with_bodies(an_exchange(), path))

    log.start()
    log.stop(PATIENCE_SECONDS)

    with database.read() as transaction:
        assert transaction.exec_driver_sql("SELECT count(*) FROM request_bodies").scalar() == 1


def test_bodies_that_would_fill_the_memory_are_left_out_and_their_requests_are_not(database, monkeypatch):
    monkeypatch.setattr(request_log, "MOST_BYTES_WAITING", 1_000)
    log = a_log(database)
    for number in range(3):
        log.note(with_bodies(an_exchange(400), f"/{number}"))

    log.start()
    log.stop(PATIENCE_SECONDS)

    assert [path for path, found in bodies(database).items() if found] == ["/0", "/1"]
    assert paths(database) == ["/0", "/1", "/2"]
