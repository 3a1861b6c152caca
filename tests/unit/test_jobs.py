"""The queue: what is enqueued is run, at least once, by one thread at a time, and what fails is tried again or kept."""

import threading
import time
from asyncio import CancelledError
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, select, text

from kolli.account.accounts import Account, add_account, list_accounts
from kolli.database import Database
from kolli.errors import Invalid, NotFound, StorageFull, StorageUnavailable
from kolli.jobs import (
    Again,
    Job,
    Kind,
    Lane,
    call_off,
    count_waiting,
    enqueue,
    enqueue_one,
    find_longest_due,
    find_next_due,
    forget,
    is_all_done,
    is_enqueued,
    list_dead,
    list_in_lanes,
    release_leases,
    revive,
    steps,
    withdraw,
)
from kolli.jobs.workers import LONGEST_WAIT_SECONDS, MOST_CUT_OFF, POSTPONED_BY, Workers
from kolli.migrations import migrate
from kolli.room import Room
from kolli.schema import jobs
from tests.factories import a_database
from tests.unit.operations.scripted_carriers import Death

NOW = datetime(2020, 1, 1, tzinfo=UTC)
"""So long ago that what is due is due by the real clock too, which the tests with threads go by."""

LEASE = timedelta(minutes=10)
PATIENCE_SECONDS = 20
"""After this long something hangs. A busy machine is slow without anything being wrong."""


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now

    def move(self, **by):
        self.now += timedelta(**by)


class Script:
    """What the runs of a kind do: one thing after the other, and then nothing. It knows which jobs were run."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.ran: list[Job] = []

    def __call__(self, job):
        self.ran.append(job)
        return self.steps.pop(0)(job) if self.steps else None

    @property
    def names(self):
        return [job.body["name"] for job in self.ran]


def raises(error):
    def step(_):
        raise error

    return step


def gives(value):
    return lambda _: value


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def database():
    return a_database()


@pytest.fixture
def files(tmp_path):
    """A database in a file, as servers have it: readers beside a writer."""
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
    yield database
    database.close()


def workers_of(database, run, clock, *, delays=(), workers=4, **lane):
    return Workers(
        database,
        {"lane": Lane(workers=workers, **{"lease": LEASE, **lane})},
        {"kind": Kind(run, "lane", delays)},
        clock,
    )


def put(database, *names, due_at=None, subject="", lane="lane", kind="kind", now=NOW):
    with database.write() as transaction:
        bodies = [{"name": name} for name in names]
        enqueue(transaction, lane, kind, bodies, due_at or now, now=now, subject=subject)


def waiting(database):
    with database.read() as transaction:
        return count_waiting(transaction)


def dead(database):
    with database.read() as transaction:
        return list_dead(transaction)


def rows(database):
    with database.read() as transaction:
        return [(row.runs, row.is_running, row.reason) for row in transaction.execute(select(jobs).order_by(jobs.c.id))]


def until(what):
    """Waits for a condition, until patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < end, "still waiting"
        time.sleep(0.005)


# What is enqueued is run


def test_a_job_is_run_with_what_was_enqueued_and_then_it_is_gone(database, clock):
    run = Script()
    with database.write() as transaction:
        add_account(transaction, Account(7, "Seven"))
        enqueue(transaction, "lane", "kind", [{"a": [1, "é"]}], NOW, now=NOW, account_id=7, subject="it")

    count = workers_of(database, run, clock).run_due()

    (job,) = run.ran
    assert (count, job.kind, job.subject, job.body, job.account_id, job.runs) == (
        1,
        "kind",
        "it",
        {"a": [1, "é"]},
        7,
        1,
    )
    assert waiting(database) == {}


def test_jobs_are_run_in_the_order_in_which_they_are_due(database, clock):
    run = Script()
    put(database, "third", due_at=NOW - timedelta(seconds=1))
    put(database, "first", "second", due_at=NOW - timedelta(seconds=2))

    workers_of(database, run, clock).run_due()

    assert run.names == ["first", "second", "third"]


def test_a_transaction_that_is_undone_enqueues_nothing(database, clock):
    run = Script()

    def broken_off():
        with database.write() as transaction:
            enqueue(transaction, "lane", "kind", [{"name": "never"}], NOW, now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()

    assert workers_of(database, run, clock).run_due() == 0


def test_no_bodies_are_no_jobs(database):
    put(database)

    assert waiting(database) == {}


def test_a_job_is_not_run_before_it_is_due(database, clock):
    run = Script()
    put(database, "later", due_at=NOW + timedelta(seconds=60))
    workers = workers_of(database, run, clock)

    early = workers.run_due()
    clock.move(seconds=60)

    assert (early, workers.run_due()) == (0, 1)


def test_a_lane_runs_its_own_jobs_only(database, clock):
    run = Script()
    put(database, "elsewhere", lane="other")

    assert workers_of(database, run, clock).run_due() == 0
    assert waiting(database) == {"kind": 1}


def test_a_job_that_is_there_already_is_not_enqueued_again(database):
    with database.write() as transaction:
        for _ in range(2):
            enqueue_one(transaction, "lane", "kind", {}, NOW, now=NOW, subject="it")
        enqueue_one(transaction, "lane", "kind", {}, NOW, now=NOW, subject="something else")

    assert waiting(database) == {"kind": 2}


def test_exactly_one_job_can_be_looked_for_alive_or_dead(database, clock):
    put(database, "it")

    def found(name, *, or_dead):
        with database.read() as transaction:
            return is_enqueued(transaction, "lane", "kind", {"name": name}, or_dead=or_dead)

    alive = found("it", or_dead=False), found("other", or_dead=True)
    workers_of(database, Script(raises(Invalid("No."))), clock).run_due()

    assert alive == (True, False)
    assert (found("it", or_dead=False), found("it", or_dead=True)) == (False, True)


def test_exactly_one_job_can_be_called_off_unless_it_is_being_run(database, clock):
    def call_it_off(job):
        with database.write() as transaction:
            call_off(transaction, "lane", "kind", {"number": 1})

    script = Script(call_it_off)
    with database.write() as transaction:
        enqueue(transaction, "lane", "kind", [{"number": number} for number in (1, 2, 3)], NOW, now=NOW)
        call_off(transaction, "lane", "kind", {"number": 2})
        call_off(transaction, "lane", "kind", {"number": 4})
        call_off(transaction, "other", "kind", {"number": 3})

    workers_of(database, script, clock).run_due()

    assert [job.body["number"] for job in script.ran] == [1, 3]


def test_the_jobs_of_an_account_are_listed_by_lane_the_living_first(database):
    with database.write() as transaction:
        for account_id in (1, 2):
            add_account(transaction, Account(account_id, "Name"))
            for lane in ("first", "second", "third"):
                enqueue(transaction, lane, "kind", [{"number": account_id}], NOW, now=NOW, account_id=account_id)
        transaction.execute(jobs.update().where(jobs.c.lane == "first").values(died_at=str(NOW)))
        found = list_in_lanes(transaction, 1, ["first", "second"])

    assert [(job.account_id, job.died_at) for job in found] == [(1, None), (1, NOW)]


def test_all_jobs_of_a_kind_can_be_withdrawn(database):
    put(database, "a", "b")
    put(database, "c", kind="other")

    with database.write() as transaction:
        withdraw(transaction, "kind")

    assert waiting(database) == {"other": 1}


def test_what_waits_longest_can_be_told(database, clock):
    put(database, "b", due_at=NOW + timedelta(seconds=2))
    put(database, "a", due_at=NOW + timedelta(seconds=1))
    with database.read() as transaction:
        first = find_longest_due(transaction)
    clock.move(seconds=2)
    workers_of(database, Script(), clock).run_due()

    with database.read() as transaction:
        assert (first, find_longest_due(transaction)) == (NOW + timedelta(seconds=1), None)


# What fails is tried again, and kept when it has failed too often


def test_what_fails_is_tried_again_after_each_delay_and_then_it_is_dead(database, clock):
    run = Script(raises(Again("Not yet.")), raises(Invalid("Still not.")), raises(Again("Never.")))
    workers = workers_of(database, run, clock, delays=steps(10, 60))
    put(database, "it")
    counts = []

    for seconds in (0, 9, 1, 59, 1, 10_000):
        clock.move(seconds=seconds)
        counts.append(workers.run_due())

    assert counts == [1, 0, 1, 0, 1, 0]
    assert [job.runs for job in run.ran] == [1, 2, 3]
    assert [job.reason for job in run.ran] == ["", "Not yet.", "Still not."]
    (job,) = dead(database)
    assert (job.reason, job.runs, job.died_at) == ("Never.", 3, NOW + timedelta(seconds=70))
    assert waiting(database) == {}


@pytest.mark.parametrize("error", [ZeroDivisionError("secret"), SystemExit(3), CancelledError()])
def test_a_mistake_breaks_one_run_off_and_nothing_else(database, clock, error):
    run = Script(raises(error))
    put(database, "broken", "next")

    count = workers_of(database, run, clock).run_due()

    assert (count, run.names) == (2, ["broken", "next"])
    assert [job.reason for job in dead(database)] == ["It was broken off by an error that the log tells of."]


def test_a_kind_that_this_program_does_not_know_is_kept_for_one_that_does(database, clock):
    put(database, "it", kind="of tomorrow")

    workers_of(database, Script(), clock).run_due()

    assert [job.reason for job in dead(database)] == ["This program knows no jobs of the kind 'of tomorrow'."]


def test_a_reason_of_any_length_is_kept_in_part(database, clock):
    put(database, "it")

    workers_of(database, Script(raises(Again("x" * 5_000))), clock).run_due()

    assert [job.reason for job in dead(database)] == ["x" * 1_000]


def test_a_dead_job_can_be_revived_and_is_tried_as_often_as_a_new_one(database, clock):
    run = Script(raises(Again("1")), raises(Again("2")), raises(Again("3")))
    workers = workers_of(database, run, clock, delays=steps(10))
    put(database, "it")
    workers.run_due()
    clock.move(seconds=10)
    workers.run_due()
    (job,) = dead(database)

    with database.write() as transaction:
        revive(transaction, job.id, clock())
    workers.run_due()
    clock.move(seconds=10)
    workers.run_due()

    assert [job.runs for job in run.ran] == [1, 2, 1, 2]
    assert (waiting(database), dead(database)) == ({}, [])


def test_a_dead_job_can_be_removed(database, clock):
    put(database, "it")
    workers_of(database, Script(raises(Again())), clock).run_due()

    with database.write() as transaction:
        forget(transaction, 1)

    assert dead(database) == []


@pytest.mark.parametrize("change", [lambda transaction: revive(transaction, 1, NOW), lambda t: forget(t, 1)])
def test_only_dead_jobs_are_revived_or_removed(database, change):
    put(database, "alive")

    with pytest.raises(NotFound, match="There is no dead job 1"), database.write() as transaction:
        change(transaction)

    assert waiting(database) == {"kind": 1}


# Leases


def test_a_job_whose_process_died_is_run_again_when_its_lease_has_ended(database, clock):
    run = Script(raises(Death()))
    put(database, "it")
    with pytest.raises(Death):
        workers_of(database, run, clock).run_due()
    another = workers_of(database, run, clock)

    clock.move(minutes=9)
    early = another.run_due()
    clock.move(minutes=1)

    assert (early, another.run_due()) == (0, 1)
    assert [job.runs for job in run.ran] == [1, 2]
    assert waiting(database) == {}


def test_a_job_that_ends_its_process_each_time_is_dead_in_the_end_and_holds_up_nothing_else(database, clock):
    run = Script(*[raises(Death())] * 100)
    put(database, "deadly")

    deaths = 0
    while waiting(database) and deaths < 100:
        try:
            workers_of(database, run, clock, delays=steps(1)).run_due()
        except Death:
            deaths += 1
        clock.move(minutes=10)

    assert deaths == len(run.ran) == 2 + MOST_CUT_OFF
    assert [job.reason for job in dead(database)] == [
        "It was begun 12 times, and its process has died of it too often, or with it."
    ]


def test_where_no_other_process_can_be_running_leases_are_released_at_once(database, clock):
    run = Script(raises(Death()))
    put(database, "it")
    put(database, "later", due_at=NOW + timedelta(hours=1))
    with pytest.raises(Death):
        workers_of(database, run, clock).run_due()

    with database.write() as transaction:
        release_leases(transaction, clock())

    assert workers_of(database, run, clock).run_due() == 1
    assert run.names == ["it", "it"]


def test_a_run_that_has_lost_its_lease_has_nothing_to_say_any_more(database, clock):
    """Another process has taken the job up and failed, when the first one says that it is done."""
    other = workers_of(database, Script(raises(Again("Not yet."))), clock, delays=steps(60))
    told = []

    def outlive_the_lease(_):
        clock.move(minutes=11)
        assert other.run_due() == 1
        return lambda _: told.append("done")

    put(database, "it")
    workers_of(database, Script(outlive_the_lease), clock, delays=steps(60)).run_due()

    assert told == []
    assert rows(database) == [(2, False, "Not yet.")]


def test_a_run_that_outlives_its_lease_is_not_doubled_by_its_own_process(files, clock):
    release, run = threading.Event(), Script()

    def slow(job):
        run(job)
        assert release.wait(PATIENCE_SECONDS)

    workers = workers_of(files, slow, clock)
    put(files, "slow")
    workers.start()
    until(lambda: run.names == ["slow"])

    clock.move(hours=1)
    put(files, "next", now=clock())
    until(lambda: run.names == ["slow", "next"])
    release.set()

    assert workers.stop(PATIENCE_SECONDS)
    assert run.names == ["slow", "next"]
    assert waiting(files) == {}


def test_a_clock_that_is_set_back_does_not_keep_anything_waiting(database, clock):
    run = Script()
    workers = workers_of(database, run, clock)
    workers.run_due()
    put(database, "it")

    clock.move(days=-1)

    assert workers.run_due() == 1


def test_a_clock_that_was_set_back_during_a_restart_does_not_keep_anything_waiting(database, clock):
    run = Script()
    put(database, "it")
    clock.move(days=-1)

    with database.write() as transaction:
        release_leases(transaction, clock())

    assert workers_of(database, run, clock).run_due() == 1


# What is written down with the end of a run


def adds_account(number):
    return lambda transaction: add_account(transaction, Account(number, "Added"))


def accounts_in(database):
    with database.read() as transaction:
        return [account.id for account in list_accounts(transaction)]


def test_a_run_can_have_something_written_down_with_its_end(database, clock):
    run = Script(raises(Again("Not yet.", then=adds_account(1))), gives(adds_account(2)))
    workers = workers_of(database, run, clock, delays=steps(10))
    put(database, "it")

    workers.run_due()
    first = accounts_in(database)
    clock.move(seconds=10)
    workers.run_due()

    assert (first, accounts_in(database)) == ([1], [1, 2])
    assert waiting(database) == {}


@pytest.mark.parametrize("error", [ZeroDivisionError(), Invalid("Impossible.")])
def test_what_cannot_be_written_down_makes_its_run_one_that_has_failed_and_harms_no_other(database, clock, error):
    def half(transaction):
        add_account(transaction, Account(1, "Half"))
        raise error

    run = Script(gives(half), gives(adds_account(2)))
    put(database, "broken", "whole")

    workers_of(database, run, clock, delays=steps(10)).run_due()

    assert accounts_in(database) == [2]
    assert [(runs, is_running) for runs, is_running, _ in rows(database)] == [(1, False)]


def test_what_is_written_twice_fails_by_itself(database, clock):
    """Such as a row that another process has added: the database's own error, inside the transaction of all."""
    run = Script(gives(adds_account(1)), gives(adds_account(1)), gives(adds_account(2)))
    put(database, "first", "second", "third")

    workers_of(database, run, clock).run_due()

    assert accounts_in(database) == [1, 2]
    assert len(dead(database)) == 1


# Threads


class Crowd:
    """Runs that do not end before they are let go, and how many of which subject there are at a time."""

    def __init__(self):
        self.guard, self.go = threading.Lock(), threading.Event()
        self.present: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.done: Counter[str] = Counter()

    def __call__(self, job):
        with self.guard:
            self.present[job.subject] += 1
            self.most[job.subject] = max(self.most[job.subject], self.present[job.subject])
        assert self.go.wait(PATIENCE_SECONDS)
        with self.guard:
            self.present[job.subject] -= 1
            self.done[job.body["name"]] += 1


def test_a_subject_gets_no_more_runs_at_a_time_than_it_may_have(files):
    crowd = Crowd()
    workers = workers_of(files, crowd, lambda: datetime.now(UTC), workers=6, per_subject=2)
    put(files, *map(str, range(20)), subject="hanging")
    put(files, "a", "b", "c", subject="quick")
    workers.start()

    until(lambda: crowd.present == {"hanging": 2, "quick": 2})
    crowd.go.set()
    until(lambda: waiting(files) == {})

    assert workers.stop(PATIENCE_SECONDS)
    assert crowd.most == {"hanging": 2, "quick": 2}
    assert set(crowd.done.values()) == {1}


def test_a_subject_that_hangs_does_not_delay_what_others_have_to_do_later(files):
    """A lane whose only due jobs may not run yet still wakes when another one becomes due."""
    crowd, ran = Crowd(), threading.Event()

    def run(job):
        if job.subject == "quick":
            ran.set()
            return
        crowd(job)

    workers = workers_of(files, run, lambda: datetime.now(UTC), workers=2, per_subject=1)
    put(files, "1", "2", "3", subject="hanging")
    put(files, "it", subject="quick", due_at=datetime.now(UTC) + timedelta(seconds=0.3))
    began = time.monotonic()
    workers.start()

    assert ran.wait(PATIENCE_SECONDS)
    assert time.monotonic() - began < LONGEST_WAIT_SECONDS / 2
    crowd.go.set()
    assert workers.stop(PATIENCE_SECONDS)


def test_a_lane_never_has_more_runs_than_workers(files):
    crowd = Crowd()
    workers = workers_of(files, crowd, lambda: datetime.now(UTC), workers=3)
    put(files, *map(str, range(10)))
    workers.start()

    until(lambda: crowd.present[""] == 3)
    time.sleep(0.1)
    crowd.go.set()
    until(lambda: waiting(files) == {})

    assert workers.stop(PATIENCE_SECONDS)
    assert crowd.most[""] == 3


def test_what_is_enqueued_wakes_its_lane_at_once(files):
    ran = threading.Event()
    workers = workers_of(files, lambda _: ran.set(), lambda: datetime.now(UTC))
    workers.start()
    time.sleep(0.2)  # the lane has looked, and found nothing

    began = time.monotonic()
    put(files, "it")

    assert ran.wait(PATIENCE_SECONDS)
    assert time.monotonic() - began < LONGEST_WAIT_SECONDS / 2
    assert workers.stop(PATIENCE_SECONDS)


def test_of_two_processes_with_many_threads_each_job_is_run_by_one(files):
    """Two `Workers` share nothing but the database, as two processes do."""
    guard = threading.Lock()
    ran: Counter[str] = Counter()

    def run(job):
        with guard:
            ran[job.body["name"]] += 1

    names = [str(number) for number in range(400)]
    put(files, *names)
    both = [workers_of(files, run, lambda: datetime.now(UTC), workers=8) for _ in range(2)]
    began = time.monotonic()

    for workers in both:
        workers.start()
    until(lambda: waiting(files) == {})
    seconds = time.monotonic() - began

    assert [workers.stop(PATIENCE_SECONDS) for workers in both] == [True, True]
    assert ran == Counter(names)
    assert len(names) / seconds > 50  # a tenth of what an idle machine does


def test_stopping_waits_for_what_runs_and_takes_up_nothing_new(files):
    crowd = Crowd()
    workers = workers_of(files, crowd, lambda: datetime.now(UTC), workers=2)
    put(files, "1", "2", "3")
    workers.start()
    until(lambda: crowd.present[""] == 2)
    timer = threading.Timer(0.2, crowd.go.set)
    timer.start()

    stopped = workers.stop(PATIENCE_SECONDS)

    assert stopped
    assert (sum(crowd.done.values()), waiting(files)) == (2, {"kind": 1})


def test_stopping_does_not_wait_for_ever_and_says_so(files):
    crowd = Crowd()
    workers = workers_of(files, crowd, lambda: datetime.now(UTC))
    put(files, "it")
    workers.start()
    until(lambda: crowd.present[""] == 1)

    began = time.monotonic()
    stopped = workers.stop(0.1)
    seconds = time.monotonic() - began
    crowd.go.set()

    assert not stopped
    assert seconds < 2
    assert workers.stop(PATIENCE_SECONDS)


def test_several_lanes_share_the_time_that_stopping_may_take(files):
    crowd = Crowd()
    lanes = {name: Lane(workers=1, lease=LEASE) for name in ("one", "two", "three")}
    kinds = {name: Kind(crowd, name, ()) for name in lanes}
    workers = Workers(files, lanes, kinds, lambda: datetime.now(UTC))
    for name in lanes:
        put(files, name, lane=name, kind=name)
    workers.start()
    until(lambda: crowd.present[""] == 3)

    began = time.monotonic()
    stopped = workers.stop(0.5)
    seconds = time.monotonic() - began
    crowd.go.set()

    assert not stopped
    assert seconds < 1.2
    assert workers.stop(PATIENCE_SECONDS)


# A database that cannot be used


def rename(database, old, new):
    with database.write() as transaction:
        transaction.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_a_lane_outlives_a_database_that_cannot_be_used_for_a_while(files, caplog):
    ran = threading.Event()
    workers = workers_of(files, lambda _: ran.set(), lambda: datetime.now(UTC))
    put(files, "it", due_at=datetime.now(UTC) + timedelta(seconds=0.2))
    rename(files, "jobs", "lost")
    workers.start()
    until(lambda: "The lane lane waits" in caplog.text)

    rename(files, "lost", "jobs")

    assert ran.wait(PATIENCE_SECONDS)
    until(lambda: waiting(files) == {})
    assert workers.stop(PATIENCE_SECONDS)


def test_a_lane_outlives_an_error_that_nobody_foresaw(files, caplog):
    ran = threading.Event()
    broken = [ZeroDivisionError()]

    def clock():
        if broken and threading.current_thread().name == "kolli-lane":
            raise broken.pop()
        return datetime.now(UTC)

    workers = workers_of(files, lambda _: ran.set(), clock)
    put(files, "it")
    workers.start()

    assert ran.wait(PATIENCE_SECONDS)
    assert "nobody foresaw" in caplog.text
    until(lambda: waiting(files) == {})
    assert workers.stop(PATIENCE_SECONDS)


def test_an_outcome_that_could_not_be_written_down_is_written_down_later(files, caplog):
    crowd = Crowd()
    workers = workers_of(files, crowd, lambda: datetime.now(UTC))
    put(files, "it")
    workers.start()
    until(lambda: crowd.present[""] == 1)
    rename(files, "jobs", "lost")
    crowd.go.set()
    until(lambda: "The lane lane waits" in caplog.text)

    rename(files, "lost", "jobs")

    until(lambda: waiting(files) == {})
    assert crowd.done == {"it": 1}
    assert workers.stop(PATIENCE_SECONDS)


def test_the_next_job_is_due_when_the_first_of_those_that_count_is(database):
    assert next_due(database) is None
    put(database, "a", kind="a", due_at=NOW + timedelta(seconds=5))
    put(database, "b", kind="b", due_at=NOW + timedelta(seconds=9))

    assert next_due(database) == NOW + timedelta(seconds=5)
    assert next_due(database, besides=["a"]) == NOW + timedelta(seconds=9)
    assert next_due(database, besides=["a", "b"]) is None


def next_due(database, besides=()):
    with database.read() as transaction:
        return find_next_due(transaction, besides)


def test_all_is_done_when_nothing_is_due_and_nothing_runs(database, clock):
    put(database, "later", due_at=NOW + timedelta(seconds=5))
    assert is_done(database, NOW)
    put(database, "now")
    assert not is_done(database, NOW)

    workers = workers_of(database, lambda job: seen.append(is_done(database, NOW)), clock)
    seen: list[bool] = []
    workers.run_due()

    assert seen == [False]
    assert is_done(database, NOW)
    assert not is_done(database, NOW + timedelta(seconds=5))


def is_done(database, now):
    with database.read() as transaction:
        return is_all_done(transaction, now)


@pytest.mark.parametrize("error", [StorageFull(), StorageUnavailable()])
def test_a_run_that_cannot_use_the_database_is_no_try_and_goes_on_when_it_can(database, clock, error):
    script = Script(*[raises(error)] * 5)
    workers = workers_of(database, script, clock)  # one that fails is dead
    put(database, "it")

    for _ in range(6):
        workers.run_due()
        clock.move(seconds=POSTPONED_BY.total_seconds())

    assert [job.runs for job in script.ran] == [1] * 6
    assert (waiting(database), dead(database)) == ({}, [])


@pytest.fixture
def room(tmp_path, database, monkeypatch):
    """The room for answers on a disk that has no other."""
    database.room = Room(tmp_path / "room", 4096)
    monkeypatch.setattr("kolli.room.free_bytes", lambda _folder: 0)
    return database.room


def gives_up(room, then):
    """A run during which the disk becomes full, and another answer takes the room."""

    def step(_):
        with room.given_up():
            return then

    return step


def test_where_a_lane_has_room_what_its_runs_have_to_say_is_kept_on_a_full_disk(database, clock, room):
    kept: list[Connection] = []
    workers = workers_of(database, Script(gives_up(room, kept.append)), clock, has_room=True)
    put(database, "first")
    put(database, "second", due_at=NOW + timedelta(seconds=1))

    with suppress(StorageFull):
        workers.run_due()
    clock.move(seconds=1)
    with pytest.raises(StorageFull):
        workers.run_due()

    assert len(kept) == 1
    assert waiting(database) == {"kind": 1}  # and nothing new is begun


def test_where_a_lane_has_none_it_waits_with_what_its_runs_have_to_say(database, clock, room, monkeypatch):
    kept: list[Connection] = []
    workers = workers_of(database, Script(gives_up(room, kept.append)), clock)
    put(database, "it")

    with pytest.raises(StorageFull):
        workers.run_due()
    kept_while_full = len(kept)
    monkeypatch.setattr("kolli.room.free_bytes", lambda _folder: 10_000_000)
    workers.run_due()

    assert (kept_while_full, len(kept), waiting(database)) == (0, 1, {})


def test_a_disk_that_is_full_at_the_end_of_a_run_does_not_make_it_one_that_has_failed(database, clock):
    full = [StorageFull()]

    def then(_transaction):
        if full:
            raise full.pop()

    workers = workers_of(database, Script(gives(then)), clock)
    put(database, "it")

    with pytest.raises(StorageFull):
        workers.run_due()
    workers.run_due()

    assert (waiting(database), dead(database)) == ({}, [])
