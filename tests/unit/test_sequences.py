from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from kolli.errors import NotFound, NumbersExhausted
from kolli.sequences import BLOCK, IDS, LONGEST_STEP, Sequences, add_sequence, numbers_left
from tests.factories import a_database


@pytest.fixture
def database():
    database = a_database()
    with database.write() as transaction:
        add_sequence(transaction, "range", 1, 250)
    return database


def taken(sequences, amount):
    return [sequences.take("range") for _ in range(amount)]


def test_numbers_are_handed_out_from_first_to_last(database):
    assert taken(Sequences(database), 250) == list(range(1, 251))


def test_after_the_last_number_every_request_is_refused(database):
    sequences = Sequences(database)
    taken(sequences, 250)

    with pytest.raises(NumbersExhausted):
        sequences.take("range")
    with pytest.raises(NumbersExhausted):
        sequences.take("range")


def test_several_numbers_are_taken_together(database):
    sequences = Sequences(database)

    assert sequences.take_all("range", 99) == tuple(range(1, 100))
    assert sequences.take_all("range", 151) == tuple(range(100, 251))


def test_who_wants_more_than_are_left_uses_none_up(database):
    sequences = Sequences(database)
    taken(sequences, 90)

    with pytest.raises(NumbersExhausted):
        sequences.take_all("range", 161)

    assert sequences.take_all("range", 160) == tuple(range(91, 251))


def test_a_process_that_died_leaves_a_gap_and_never_a_repeat(database):
    died = taken(Sequences(database), 3)

    assert died == [1, 2, 3]
    assert taken(Sequences(database), 2) == [BLOCK + 1, BLOCK + 2]


def test_threads_never_get_the_same_number(database):
    sequences = Sequences(database)
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(sequences.take, ["range"] * 250))

    assert sorted(numbers) == list(range(1, 251))


def test_what_is_left_counts_what_no_process_has_reserved(database):
    Sequences(database).take("range")

    with database.read() as transaction:
        assert numbers_left(transaction, "range") == 250 - BLOCK


def test_an_unknown_sequence_is_named(database):
    with pytest.raises(NotFound, match="no sequence elsewhere"):
        Sequences(database).take("elsewhere")


def test_ids_grow_in_small_random_steps():
    sequences = Sequences(a_database())
    ids = [sequences.take_id() for _ in range(2_000)]
    steps = {later - earlier for earlier, later in pairwise(ids)}

    assert min(steps) >= 1
    assert len(steps) > LONGEST_STEP // 2
    assert ids[0] >= 1
    assert IDS == "ids"


@pytest.mark.parametrize(("before", "count"), [(0, 3), (98, 5), (100, 3), (248, 2)])
def test_what_comes_next_is_foreseen_and_not_used_up(database, before, count):
    sequences = Sequences(database)
    taken(sequences, before)

    with database.read() as transaction:
        foreseen = sequences.foresee(transaction, "range", count)

    assert foreseen == sequences.take_all("range", count)


def test_no_more_is_foreseen_than_there_is(database):
    sequences = Sequences(database)
    taken(sequences, 249)

    with database.read() as transaction:
        assert sequences.foresee(transaction, "range", 3) == (250,)
        assert sequences.foresee(transaction, "elsewhere", 3) == ()
