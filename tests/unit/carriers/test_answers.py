"""Answers of carriers are read without belief, whatever network library they came through."""

import http.client
import json
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from kolli.carriers.answers import Answer, Call, Said, ask, asking, connecting, problem_with_numbers, receive
from kolli.carriers.base import Announced
from kolli.errors import (
    CarrierError,
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    KolliError,
    Unreachable,
)
from kolli.outgoing import NotReached, Outgoing

JSON = {"Content-Type": "application/json; charset=utf-8"}


def an_answer(document: object, status: int = 200, call: Call = Call.BOOKING) -> Answer:
    return receive(call, status, JSON, [json.dumps(document).encode()])


def why(said: Said) -> str:
    return said["error"].text()


# Reading


def test_an_answer_is_put_together_from_its_chunks():
    answer = receive(Call.BOOKING, 200, {"CONTENT-TYPE": "Application/JSON;charset=x"}, [b'{"a"', b": ", b'"b"}'])

    assert answer == Answer(Call.BOOKING, 200, "application/json", b'{"a": "b"}')
    assert answer.json()["a"].text() == "b"


@pytest.mark.parametrize(
    ("call", "error"), [(Call.BOOKING, CarrierOutcomeUnknown), (Call.QUESTION, CarrierUnavailable)]
)
def test_what_is_too_large_is_read_no_further(call, error):
    read = []

    def endless() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 1024

    with pytest.raises(error, match="more than 10000 bytes"):
        receive(call, 200, JSON, endless(), most_bytes=10_000)

    assert len(read) == 10


def test_a_bomb_that_a_library_unpacks_is_defused():
    packed = zlib.compress(b"\0" * 200_000_000)

    def unpacked() -> Iterator[bytes]:
        unpacking = zlib.decompressobj()
        left = packed
        while left:
            yield unpacking.decompress(left, 65536)
            left = unpacking.unconsumed_tail

    tracemalloc.start()
    with pytest.raises(CarrierOutcomeUnknown):
        receive(Call.BOOKING, 200, JSON, unpacked(), most_bytes=1_000_000)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 10_000_000


def test_what_comes_too_slowly_is_not_waited_for(monkeypatch):
    times = iter(range(0, 1000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: next(times))

    with pytest.raises(CarrierOutcomeUnknown, match="not complete after 60 seconds"):
        receive(Call.BOOKING, 200, JSON, iter([b" "] * 100))


@pytest.mark.parametrize("encoding", ["gzip", "br", "GZIP, deflate"])
def test_what_is_compressed_was_not_asked_for(encoding):
    with pytest.raises(CarrierOutcomeUnknown, match="compressed"):
        receive(Call.BOOKING, 200, {**JSON, "Content-Encoding": encoding}, [b"{}"])


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), TimeoutError(), EOFError(), http.client.IncompleteRead(b""), OSError("tls")]
)
def test_a_connection_that_breaks_in_the_middle_may_have_carried_the_request(error):
    def breaking() -> Iterator[bytes]:
        yield b"{"
        raise error

    with pytest.raises(CarrierOutcomeUnknown):
        receive(Call.BOOKING, 200, JSON, breaking())
    with pytest.raises(CarrierUnavailable):
        receive(Call.QUESTION, 200, JSON, breaking())


@pytest.mark.parametrize(
    ("raised", "call", "error"),
    [
        (NotReached("No connection."), Call.BOOKING, CarrierUnavailable),
        (Unreachable("No answer."), Call.BOOKING, CarrierOutcomeUnknown),
        (Unreachable("No answer."), Call.QUESTION, CarrierUnavailable),
        (KeyError("of another library"), Call.BOOKING, CarrierOutcomeUnknown),
    ],
)
def test_only_what_was_certainly_not_sent_is_booked_by_nobody(raised, call, error):
    with pytest.raises(error), asking(call, KeyError):
        raise raised


def test_while_connecting_nothing_is_sent():
    with pytest.raises(CarrierUnavailable), connecting():
        raise ConnectionRefusedError
    with pytest.raises(CarrierUnavailable), connecting(KeyError):
        raise KeyError


def test_what_is_no_matter_of_the_network_is_let_through():
    with pytest.raises(ZeroDivisionError), asking(Call.BOOKING):
        raise ZeroDivisionError


@pytest.mark.parametrize("url", ["http://carrier.example/", "https://127.0.0.1/", "https://user:pw@x.example/", "no"])
def test_an_address_that_may_not_be_called_is_not_called(url):
    with pytest.raises(CarrierUnavailable, match="Nothing was sent"):
        ask(Outgoing(), Call.BOOKING, "POST", url, {})


# What a status means


@pytest.mark.parametrize(
    ("status", "after_a_booking"),
    [
        *((status, CarrierOutcomeUnknown) for status in (100, 301, 302, 307, 408, 500, 502, 503, 504, 599)),
        *((status, CarrierRejected) for status in (400, 401, 403, 404, 409, 422)),
        (429, CarrierUnavailable),
    ],
)
def test_a_status_means_what_is_true_then(status, after_a_booking):
    """408: "the server did not receive a complete request" is what it thinks. Its words do not matter then."""
    document = {} if status == 408 else {"error": "No bicycle goes there."}

    with pytest.raises(CarrierError) as booking:
        an_answer(document, status).json(reason=why)
    with pytest.raises(CarrierError) as question:
        an_answer(document, status, Call.QUESTION).json(reason=why)

    assert (type(booking.value), type(question.value)) == (after_a_booking, CarrierUnavailable)


def test_a_reason_is_told_in_the_carriers_words_without_its_control_characters():
    long = {"error": "No \x1b[31m\n\u202ebicycle\t goes\0there. " + "x" * 10_000}

    with pytest.raises(CarrierRejected) as raised:
        receive(Call.BOOKING, 400, JSON, [json.dumps(long).encode()]).json(reason=lambda s: str(s["error"].value))

    assert raised.value.message.startswith("No [31m bicycle goes there. xxx")
    assert len(raised.value.message) == 500


def test_a_status_that_was_asked_for_is_read():
    assert an_answer({"a": "b"}, 404, Call.QUESTION).json(besides={404})["a"].text() == "b"


# What is said


def test_what_is_not_there_says_where_it_should_be():
    said = an_answer({"parcels": [{"number": "A1"}, {}]}).json()

    assert [parcel["number"].text() for parcel in said["parcels"].each()[:1]] == ["A1"]
    with pytest.raises(CarrierOutcomeUnknown, match="the document, 'parcels', 1, 'number'"):
        said["parcels"][1]["number"].text()


def test_a_member_may_be_looked_for():
    said = an_answer({"a": [1]}).json()

    assert ("a" in said, "b" in said, "a" in said["a"]) == (True, False, False)


@pytest.mark.parametrize("value", [None, 1, "", [], {}, True, "a\0b", "\ud800"])
def test_a_text_is_a_text(value):
    with pytest.raises(CarrierOutcomeUnknown):
        an_answer({"a": value}).json()["a"].text()


def test_exact_numbers_stay_exact():
    answer = receive(Call.BOOKING, 200, JSON, [b'{"price": 4.10}'])

    assert str(answer.json()["price"].value) == "4.10"


@pytest.mark.parametrize("depth", [31, 32])
def test_a_document_may_be_as_deep_as_any_that_there_is(depth):
    assert len(an_answer(json.loads("[" * depth + "]" * depth)).json().each()) == 1


def test_a_document_that_is_deeper_is_refused():
    with pytest.raises(CarrierOutcomeUnknown, match="nested too deeply"):
        an_answer(json.loads("[" * 34 + "]" * 34)).json()


# Numbers


def test_numbers_that_are_numbers_are_a_yes():
    answer = an_answer({})

    assert answer.announced(["A-1", "b/2"], boxes=2, told=["A-1", "b/2"], longest=3) == Announced(("A-1", "b/2"))


@pytest.mark.parametrize(
    ("numbers", "changes"),
    [
        ([], {}),
        (["A1"], {"boxes": 2}),
        (["A1", "A2"], {"boxes": 1}),
        (["A1", "a1"], {"boxes": 2}),
        (["A1"], {"told": ["A2"]}),
        (["A1", "A2"], {"told": ["A2", "A1"]}),
        (["A123"], {"longest": 3}),
        (["A" * 41], {"longest": 99}),
        *(([bad], {}) for bad in ("", " ", "A 1", "A\n", "^XZ", "=1", "-1", ".", "é", "\uff11", "A\0", "A~HS", 'A"')),
    ],
)
def test_numbers_that_are_none_are_no_yes(numbers, changes):
    assert problem_with_numbers(numbers, **changes)
    with pytest.raises(CarrierOutcomeUnknown):
        an_answer({}).announced(numbers, **changes)


# Files


def test_a_file_is_of_the_type_that_was_asked_for():
    label = b"^XA^FDHello^FS^XZ\n"
    answer = receive(Call.BOOKING, 200, {"content-type": "application/zpl"}, [label])

    assert answer.file("application/zpl") == label
    with pytest.raises(CarrierOutcomeUnknown, match="with application/zpl, not with application/pdf"):
        answer.file("application/pdf")
    with pytest.raises(CarrierOutcomeUnknown):
        receive(Call.BOOKING, 502, {"content-type": "application/zpl"}, [label]).file("application/zpl")


def test_a_file_in_a_document_is_base64():
    said = an_answer({"good": "XlhBXlha", "bad": "Xlh*"}).json()

    assert said["good"].file("application/zpl") == b"^XA^XZ"
    with pytest.raises(CarrierOutcomeUnknown):
        said["bad"].file("application/zpl")
    with pytest.raises(CarrierOutcomeUnknown, match="does not begin like a PDF"):
        said["good"].file("application/pdf")


def test_every_error_is_one_that_kolli_knows():
    assert issubclass(NotReached, KolliError)
