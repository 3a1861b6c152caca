"""A carrier's nonsense never becomes a label: bad answers over a real connection, to a shipment in a real database."""

import json
import re
import resource
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.carriers.specimens import a_booking
from kolli.errors import CarrierError, CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable
from kolli.operations.reconcile import reconcile
from kolli.shipments.attempts import State
from kolli.shipments.model import ParcelStatus
from tests.conformance.carriers.bad_answers import BAD_ANSWERS, GOOD, GOOD_BYTES, NUMBER, PDF, altered, as_it_is
from tests.conformance.carriers.http_carrier import (
    HttpCarrier,
    a_response,
    says,
    sends,
    serving,
    streams,
)
from tests.factories import a_caller, an_installation, an_order
from tests.unit.operations.what_is_stored import ship, states, stored_shipments

STATES = {
    CarrierOutcomeUnknown: State.UNKNOWN,
    CarrierRejected: State.REJECTED,
    CarrierUnavailable: State.ABANDONED,
}


SOME = (
    "connection reset before a byte of the answer",
    "fewer bytes than announced",
    "502 with HTML",
    "200 with HTML",
    "a redirect",
    "404 with HTML",
    "400 with a reason",
    "429",
    "200 and nothing",
    "204",
    "half a document",
    "a gzip bomb",
    "NaN",
)
"""The bad answers that do not depend on what was asked."""


@pytest.fixture
def server():
    """A carrier's server that answers as it should, until a test has it do otherwise."""
    with serving(says(GOOD)) as server:
        yield server


@pytest.fixture
def carrier(server):
    carrier = HttpCarrier(server.url)
    yield carrier
    carrier.close()


@pytest.fixture
def caller(carrier, tmp_path):
    carriers = [carrier, SandboxCarrier(tmp_path), PostNL(tmp_path)]
    caller = a_caller(an_installation(tmp_path, carriers=carriers), default_shipping_option_code="wire:parcel")
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2"))
    return caller


def numbers_of(caller):
    return [parcel.tracking_number for shipment in stored_shipments(caller) for parcel in shipment.parcels]


def test_there_are_more_than_thirty_bad_answers():
    assert len(BAD_ANSWERS) >= 30


def test_a_good_answer_is_a_label(caller):
    """Else the bad ones would prove nothing."""
    shipment = ship(caller)

    assert [(parcel.status, parcel.tracking_number) for parcel in shipment.parcels] == [
        (ParcelStatus.READY_TO_SEND, NUMBER)
    ]


def test_a_good_answer_is_found_again(caller, server):
    server.send = sends(b"")
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)
    server.send = altered(as_it_is).send

    reconcile(caller.installation)

    assert (states(caller), numbers_of(caller)) == ([State.STORED], [NUMBER])


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_a_bad_answer_to_a_booking_is_never_a_label(caller, server, name):
    """And the carrier is asked once: whoever asks a second time may pay a second time."""
    server.send, means = BAD_ANSWERS[name]

    with pytest.raises(CarrierError) as raised:
        ship(caller)

    assert type(raised.value) is means, raised.value.message
    assert states(caller) == [STATES[means]]
    assert numbers_of(caller) == [None]
    assert [request.method for request in server.asked] == ["POST"]


@pytest.mark.parametrize("name", [name for name, bad in BAD_ANSWERS.items() if bad.means is CarrierOutcomeUnknown])
def test_a_bad_answer_to_a_look_up_settles_nothing(caller, server, name):
    server.send = sends(b"")
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)
    server.send = BAD_ANSWERS[name].send

    reconcile(caller.installation)

    assert states(caller) == [State.UNKNOWN]
    assert numbers_of(caller) == [None]


@pytest.mark.parametrize("name", SOME)
def test_a_bad_answer_to_a_cancellation_is_neither_yes_nor_no(caller, server, name):
    shipment = ship(caller)
    server.send = BAD_ANSWERS[name].send

    answer = caller.client.post(f"/api/v3/shipments/{shipment.id}/cancel")

    assert answer.status_code == 202
    assert states(caller) == [State.CANCELLING]


def test_what_a_bad_answer_has_left_open_is_found_by_the_next_look(caller, server):
    server.send = BAD_ANSWERS["502 with HTML"].send
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)
    server.send = says(GOOD)

    reconcile(caller.installation)

    assert (states(caller), numbers_of(caller)) == ([State.STORED], [NUMBER])


def test_a_page_that_is_not_found_is_no_word_about_the_booking(caller, server):
    server.send = BAD_ANSWERS["502 with HTML"].send
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)
    server.send = BAD_ANSWERS["404 with HTML"].send
    reconcile(caller.installation)
    before = states(caller)
    server.send = says({"error": {"code": "no such booking"}}, "404 Not Found")

    reconcile(caller.installation)

    assert (before, states(caller)) == ([State.UNKNOWN], [State.ABANDONED])


def test_the_number_of_another_parcel_is_not_given_to_a_second_one(caller, server):
    ship(caller)

    answer = caller.ship(order={"order_number": "ORDER-2"})

    assert answer.status_code == 400
    assert states(caller) == [State.STORED, State.UNKNOWN]
    assert sorted(numbers_of(caller), key=str) == [None, NUMBER]


def test_a_carrier_that_takes_no_connection_has_heard_nothing(caller, carrier):
    with serving(sends(b"")) as gone:
        carrier.url = gone.url

    with pytest.raises(CarrierUnavailable):
        ship(caller)

    assert states(caller) == [State.ABANDONED]


def test_ten_gigabytes_cost_neither_memory_nor_time(caller, server):
    server.send = streams
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)

    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # kB


# What nobody has thought of

_SMALL = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(NUMBER) | st.just(PDF),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["reference", "parcels", "number", "label", "error", "message"]), inner)
    ),
    max_leaves=12,
)
_PLACES = st.integers(0, len(GOOD_BYTES) - 1)
_CUT = _PLACES.map(lambda at: GOOD_BYTES[:at])
_FLIPPED = st.tuples(_PLACES, st.integers(1, 255)).map(
    lambda flip: GOOD_BYTES[: flip[0]] + bytes([GOOD_BYTES[flip[0]] ^ flip[1]]) + GOOD_BYTES[flip[0] + 1 :]
)
_BODIES = st.binary(max_size=300) | _SMALL.map(lambda value: json.dumps(value).encode()) | _CUT | _FLIPPED
_STATUSES = st.sampled_from(["200 OK", "201 Created", "202 Accepted", "400 No", "409 No", "500 Oops", "302 Found"])
_RESPONSES = st.binary(max_size=200) | st.builds(a_response, _BODIES, _STATUSES)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(response=_RESPONSES)
def test_any_bytes_are_a_foreseen_error_or_a_booking_of_ours_that_is_well_formed(carrier, server, response):
    """One flipped bit may make another number, or another picture on the label: nobody can see that."""
    booking = a_booking(carrier, {}, reference="REFERENCE")
    server.send = sends(response)

    for ask in (lambda: carrier.announce(booking), lambda: carrier.look_up("REFERENCE")):
        try:
            (number,) = ask().tracking_numbers
        except CarrierError:
            continue
        assert re.fullmatch("[0-9A-Za-z][0-9A-Za-z./_-]{0,11}", number)
        assert b"REFERENCE" in response
        assert re.match(rb"HTTP/1.1 20[012] ", response)
