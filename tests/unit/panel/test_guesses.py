"""Five wrong guesses in an hour, about one thing, from one place; then none until the first of them is an hour old."""

from datetime import timedelta

import pytest

from kolli.panel import guesses as module
from kolli.panel.guesses import MOST, Guesses
from tests.factories import NOW

HERE = "192.0.2.1"


def guessed(times=MOST, about="number", caller=HERE, guesses=None):
    guesses = guesses or Guesses()
    for minute in range(times):
        guesses.note(about, caller, NOW + timedelta(minutes=minute))
    return guesses


def test_the_fifth_wrong_guess_is_the_last_for_an_hour():
    assert guessed(4).wait("number", HERE, NOW + timedelta(minutes=10)) == 0
    assert guessed(5).wait("number", HERE, NOW + timedelta(minutes=10)) == 50 * 60


def test_the_hour_begins_with_the_first_of_them():
    guesses = guessed()

    assert guesses.wait("number", HERE, NOW + timedelta(minutes=59, seconds=59)) == 1
    assert guesses.wait("number", HERE, NOW + timedelta(hours=1)) == 0


def test_after_it_has_passed_one_guess_makes_the_next_wait():
    guesses = guessed()
    at = NOW + timedelta(hours=1)
    guesses.note("number", HERE, at)

    assert guesses.wait("number", HERE, at) == 60  # until the second of the first five is an hour old


@pytest.mark.parametrize(("about", "caller"), [("another", HERE), ("number", "192.0.2.2"), ("number", "")])
def test_other_things_and_other_places_are_counted_for_themselves(about, caller):
    assert guessed().wait(about, caller, NOW + timedelta(minutes=10)) == 0


def test_all_addresses_of_one_ipv6_network_are_one_place():
    guesses = guessed(caller="2001:db8::1")

    assert guesses.wait("number", "2001:db8::ffff", NOW + timedelta(minutes=5)) > 0
    assert guesses.wait("number", "2001:db8:0:1::1", NOW + timedelta(minutes=5)) == 0


def test_no_more_is_remembered_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(module, "ROOM", 3)
    guesses = guessed()
    for number in range(3):
        guesses.note(f"other {number}", HERE, NOW)

    assert guesses.wait("number", HERE, NOW + timedelta(minutes=5)) == 0
    assert len(guesses._times) == 3
