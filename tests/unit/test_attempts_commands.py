"""`kolli attempts`: what is open is listed with what comes next, shown with its steps, and settled by a person."""

import re
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kolli.app import open_database
from kolli.carriers.sandbox import Fault
from kolli.cli import cli
from kolli.cli.attempts import MEANINGS
from kolli.doctor import examine
from kolli.schema import attempts, shipments
from kolli.settings import Settings
from kolli.shipments.attempts import UNSETTLED, State
from tests.factories import a_caller, an_installation, an_order
from tests.unit.operations.what_is_stored import booked, states, stored_shipments


@pytest.fixture
def caller(tmp_path, monkeypatch):
    """An account whose installation is a folder, as commands find it."""
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    database = open_database(Settings(data=tmp_path))
    yield a_caller(an_installation(tmp_path, database=database))
    database.close()


@pytest.fixture
def perhaps_paid(caller):
    """The id of a shipment that the carrier has booked without a word."""
    caller.store(an_order())
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    assert caller.ship().status_code == 400
    return stored_shipments(caller)[0].id


def kolli(*arguments):
    return CliRunner().invoke(cli, ["attempts", *map(str, arguments)])


def test_when_everything_is_known_that_is_said(caller):
    ended = kolli("list")

    assert (ended.exit_code, ended.output) == (0, "The outcome of every announcement is known.\n")


def test_what_is_perhaps_paid_is_listed_with_the_reason_and_what_comes_next(perhaps_paid):
    ended = kolli("list")

    first, reason, following, last = ended.output.splitlines()
    assert first == f"{perhaps_paid} unknown since 2026-11-24 12:00, 1 try, order ORDER-1, Sendcloud, account 1"
    assert reason.startswith("    the carrier may have booked it: perhaps paid: ")
    assert following == "    next: Sendcloud is asked what it has at 2026-11-24 12:00 (try 1)"
    assert last == "1 open. Settle one by hand with `kolli attempts exists` or `kolli attempts none`."


def test_the_list_of_one_account_has_nothing_of_another(caller, perhaps_paid):
    a_caller(caller.installation, account_id=2, integration_id=71)

    assert perhaps_paid in kolli("list", "--account", 1).output
    assert kolli("list", "--account", 2).output == "The outcome of every announcement is known.\n"


def test_one_is_shown_with_what_is_shipped_and_every_step(perhaps_paid):
    ended = kolli("show", perhaps_paid)

    assert ended.exit_code == 0
    assert f"shipment   {perhaps_paid}, which is also our reference towards the carrier" in ended.output
    assert "to         Femke de Vries, 1012 GJ Amsterdam, NL" in ended.output
    assert "parcel 1   no number yet, Being announced, id " in ended.output
    assert re.search(r"^2026-11-24 12:00:00 new → intended$", ended.output, re.MULTILINE)
    assert re.search(r"^2026-11-24 12:00:00 intended → unknown +\S", ended.output, re.MULTILINE)


def test_what_exists_is_stored_and_its_label_can_be_printed(caller, perhaps_paid):
    ((_, number, _),) = booked(caller)

    ended = kolli("exists", perhaps_paid, number)

    assert (ended.exit_code, states(caller)) == (0, ["stored"])
    (path,) = re.findall(r"^label +http://\S+?(/api\S+)$", ended.output, re.MULTILINE)
    assert caller.client.get(path).content.startswith(b"%PDF-")
    assert re.search(r"unknown → stored +Settled by hand by \S+: it exists\.", kolli("show", perhaps_paid).output)


def test_what_does_not_exist_needs_a_reason_and_lets_its_order_go(caller, perhaps_paid):
    without = kolli("none", perhaps_paid)
    ended = kolli("none", perhaps_paid, "--reason", "Ann has looked it up.")

    assert (without.exit_code, ended.exit_code) == (2, 0)
    assert states(caller) == ["abandoned"]
    assert "it does not exist. Ann has looked it up." in kolli("show", perhaps_paid).output
    assert caller.ship().status_code == 201


def test_what_is_settled_is_not_settled_again(perhaps_paid):
    kolli("none", perhaps_paid, "--reason", "I know.")

    ended = kolli("exists", perhaps_paid, "SCTEST00000000")

    assert ended.exit_code == 1
    assert "It is abandoned since" in ended.exception.message


def test_ten_thousand_are_listed_within_seconds(caller, perhaps_paid):
    with caller.installation.database.write() as transaction:
        shipment = transaction.execute(shipments.select()).one()._asdict()
        attempt = transaction.execute(attempts.select()).one()._asdict()
        ids = [f"00000000-0000-4000-8000-{number:012d}" for number in range(10_000)]
        transaction.execute(shipments.insert(), [{**shipment, "id": each} for each in ids])
        transaction.execute(attempts.insert(), [{**attempt, "shipment_id": each, "guard": None} for each in ids])
    began = time.monotonic()

    ended = kolli("list")

    assert time.monotonic() - began < 10
    assert ended.output.splitlines()[-1].startswith("10001 open.")
    assert ended.output.count(": perhaps paid: ") == 10_001


def test_what_a_carrier_says_commands_no_terminal(caller, perhaps_paid):
    with caller.installation.database.write() as transaction:
        transaction.execute(attempts.update().values(reason="\x1b[2J\nnothing here\u202e"))

    told = kolli("list").output + kolli("show", perhaps_paid).output

    assert "perhaps paid: \ufffd[2J\ufffdnothing here\ufffd\n" in told
    assert not {"\x1b", "\u202e"} & set(told)


@pytest.mark.usefixtures("perhaps_paid")
def test_the_doctor_says_where_to_look(tmp_path):
    texts = [finding.text for finding in examine(Settings(data=tmp_path)) if not finding.is_good]

    assert "1 announcements of unknown outcome; a running server looks into them: see `kolli attempts list`" in texts


def test_the_page_says_of_every_state_what_to_do():
    page = (Path(__file__).parents[2] / "docs" / "attempts.md").read_text("utf-8")

    assert set(re.findall(r"^\| `([a-z]+)`", page, re.MULTILINE)) == set(State)
    assert MEANINGS.keys() == UNSETTLED | {State.QUEUED}
