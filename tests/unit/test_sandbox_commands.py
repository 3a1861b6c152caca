"""`kolli sandbox`: what waits for tests, and what was really booked."""

import pytest
from typer.testing import CliRunner

from kolli.account.accounts import Account, Pending, add_account, get_account
from kolli.account.contracts import Contract, add_contract
from kolli.account.pending import MOST
from kolli.app import open_database
from kolli.carriers.base import Booking
from kolli.carriers.sandbox import SandboxCarrier
from kolli.cli import cli
from kolli.errors import Impossible, Invalid, KolliError
from kolli.scenarios import SCENARIOS
from kolli.settings import Settings
from tests.unit.shipments.made import a_draft


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    database = open_database(Settings(data=tmp_path))
    with database.write() as transaction:
        add_account(transaction, Account(1, "Lumen & Was"))
    yield database
    database.close()


def run(*arguments):
    """What a command prints."""
    done = CliRunner().invoke(cli, ["sandbox", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def pending(database):
    with database.read() as transaction:
        return get_account(transaction, 1).pending


def test_every_scenario_is_listed():
    listed = run("list")

    assert all(f"{row.usage} " in listed and row.what in listed for row in SCENARIOS.values())


def test_what_waits_is_added_shown_and_cleared(database):
    assert run("waiting") == "Nothing waits.\n"
    run("next", "timeout-after", "--times", "3", "--route", "/create-label-sync")
    run("next", "slow:8s")

    assert pending(database) == (Pending("timeout-after", 3, "create-label-sync"), Pending("slow:8s"))
    assert run("waiting") == (
        "timeout-after: the next 3 requests, route create-label-sync\nslow:8s: the next request\n"
    )
    assert run("clear") == "Cleared: 4.\n"
    assert pending(database) == ()


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        (("nonsense",), Invalid, "There are: ok, slow:8s"),
        (("ok", "--route", "create-label-asinc"), Invalid, "No path ends in 'create-label-asinc'"),
        (("ok", "--account", "2"), KolliError, "Name one of the accounts"),
    ],
)
def test_what_cannot_wait_is_refused(database, arguments, error, says):
    with pytest.raises(error, match=says):
        run("next", *arguments)

    assert pending(database) == ()


@pytest.mark.parametrize("times", ["0", "10001", "often"])
def test_how_often_has_limits(database, times):
    assert CliRunner().invoke(cli, ["sandbox", "next", "ok", "--times", times]).exit_code == 2
    assert pending(database) == ()


def test_no_more_than_a_hundred_can_wait(database):
    with database.write() as transaction:
        add_account(transaction, Account(2, "Full", pending=(Pending("ok"),) * (MOST - 1)))

    run("next", "busy", "--account", "2")
    with pytest.raises(Impossible, match="sandbox clear"):
        run("next", "busy", "--account", "2")


def test_nothing_waits_for_an_account_with_a_live_contract(database):
    with database.write() as transaction:
        add_contract(transaction, 1, Contract(5, "postnl", "Live", is_live=True))

    with pytest.raises(Impossible, match="The contract 5 of this account is marked live"):
        run("next", "ok")


def test_nothing_waits_where_it_is_switched_off(database, monkeypatch):
    monkeypatch.setenv("KOLLI_SANDBOX", "false")

    with pytest.raises(Impossible, match="KOLLI_SANDBOX"):
        run("next", "ok")


def test_the_ledger_shows_what_was_booked_and_taken_back(database, tmp_path):
    sandbox = SandboxCarrier(tmp_path)
    (first,) = sandbox.announce(Booking("a", a_draft(order_number="A-1~timeout-after"), {})).tracking_numbers
    (second,) = sandbox.announce(Booking("b", a_draft(order_number="A-2"), {})).tracking_numbers
    sandbox.cancel(Booking("b", a_draft(), {}))
    sandbox.close()

    shown = run("ledger").splitlines()

    assert [line.split()[2:] for line in shown] == [
        ["booked", first, "A-1~timeout-after", "a"],
        ["cancelled", second, "A-2", "b"],
    ]
    assert run("ledger", "--order", "A-1").splitlines() == shown[:1]
    assert run("ledger", "--order", "A-2").splitlines() == shown[1:]
    assert run("ledger", "--order", "A").splitlines() == []
