"""What carriers and what stands before them have been seen to answer, and what they could: none of it is a label."""

import base64
import gzip
import json
import socket
from collections.abc import Callable
from typing import NamedTuple

from kolli.errors import CarrierError, CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable
from tests.conformance.carriers.http_carrier import (
    Request,
    Send,
    a_booking_document,
    a_response,
    drips,
    hangs,
    resets,
    says,
    sends,
    streams,
)


def a_pdf() -> bytes:
    """The smallest PDF with a page."""
    objects = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n"
    objects += b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 298 420]>>\nendobj\n"
    start = len(b"%PDF-1.7\n" + objects)
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 4/Root 1 0 R>>\n"
    return b"%PDF-1.7\n" + objects + table + f"startxref\n{start}\n%%EOF\n".encode()


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


PDF = in_base64(a_pdf())
NUMBER = "WIRE00000001"
HTML = b"<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"
GOOD = a_booking_document(NUMBER, label=PDF)
GOOD_BYTES = json.dumps(GOOD).encode()

UNKNOWN, REJECTED, UNAVAILABLE = CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable


class BadAnswer(NamedTuple):
    """One answer to the booking of one parcel, and what it means."""

    send: Send
    means: type[CarrierError] = UNKNOWN


def unreadable(
    body: bytes, status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> BadAnswer:
    return BadAnswer(sends(a_response(body, status, content_type, **headers)))


def altered(
    alter: Callable[[bytes], bytes], status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> BadAnswer:
    """A booking of ours in which nothing is wrong but what is done to its bytes, or said of them."""

    def send(connection: socket.socket, request: Request) -> None:
        body = alter(GOOD_BYTES.replace(b"REFERENCE", request.reference.encode()))
        connection.sendall(a_response(body, status, content_type, **headers))

    return BadAnswer(send)


def as_it_is(good: bytes) -> bytes:
    return good


def misnumbered(*numbers: object) -> BadAnswer:
    return BadAnswer(says(a_booking_document(*numbers, label=PDF)))  # type: ignore[arg-type]


def mislabelled(label: object) -> BadAnswer:
    return BadAnswer(says(a_booking_document(NUMBER, label=label)))  # type: ignore[arg-type]


def refused(document: object, status: str, means: type[CarrierError] = UNKNOWN) -> BadAnswer:
    return BadAnswer(says(document, status), means)


WHY = {"error": {"message": "The postal code 1012 GJ is not served."}}

BAD_ANSWERS: dict[str, BadAnswer] = {
    # Not a word, or not to the end
    "connection reset before a byte of the answer": BadAnswer(resets),
    "connection closed before a byte of the answer": BadAnswer(sends(b"")),
    "nothing but a status line": BadAnswer(sends(b"HTTP/1.1 200 OK\r\n")),
    "fewer bytes than announced": altered(as_it_is, Content_Length="100000"),
    "a chunk that never ends": BadAnswer(
        sends(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n{}")
    ),
    "silence": BadAnswer(hangs),
    "a byte now and then": BadAnswer(drips),
    "ten gigabytes in chunks": BadAnswer(streams),
    "more than is read": altered(lambda good: good + b" " * 300_000),
    "no HTTP": BadAnswer(sends(b"SSH-2.0-OpenSSH_9.7\r\n")),
    "headers without end": BadAnswer(sends(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 500_000)),
    # From somebody who stands before the carrier
    "502 with HTML": unreadable(HTML, "502 Bad Gateway", "text/html"),
    "503 with JSON": refused(WHY, "503 Service Unavailable"),
    "504 and nothing": unreadable(b"", "504 Gateway Timeout", ""),
    "500 with a stack trace": unreadable(b"java.lang.NullPointerException\n\tat X", "500 Oops", "text/plain"),
    "500 with a good booking": altered(as_it_is, "500 Internal Server Error"),
    "200 with HTML": unreadable(HTML, content_type="text/html; charset=utf-8"),
    "200 with HTML that says it is JSON": unreadable(HTML),
    "a redirect": unreadable(b"", "302 Found", "text/html", Location="/bookings/1"),
    "a redirect that keeps the method": unreadable(b"", "307 Temporary Redirect", "", Location="https://example.com/"),
    "304": unreadable(b"", "304 Not Modified", ""),
    "403 with HTML of a firewall": unreadable(HTML, "403 Forbidden", "text/html"),
    "404 with HTML": unreadable(HTML, "404 Not Found", "text/html"),
    "400 and nothing": unreadable(b"", "400 Bad Request"),
    "400 with a reason in another place": refused({"errors": ["no"]}, "400 Bad Request"),
    "400 with an empty reason": refused({"error": {"message": " \u200b\n"}}, "400 Bad Request"),
    "408": refused({}, "408 Request Timeout"),
    "429": refused(WHY, "429 Too Many Requests", UNAVAILABLE),
    "400 with a reason": refused(WHY, "400 Bad Request", REJECTED),
    "422 with a reason": refused(WHY, "422 Unprocessable", REJECTED),
    # No document
    "200 and nothing": unreadable(b""),
    "204": BadAnswer(sends(b"HTTP/1.1 204 No Content\r\n\r\n")),
    "blanks": unreadable(b" \n\t "),
    "half a document": altered(lambda good: good[: len(good) // 2]),
    "a document and more": altered(lambda good: good + b"}"),
    "three hundred thousand blanks": altered(lambda good: good[:-1] + b" " * 300_000 + b"}"),
    "forty deep": altered(lambda good: b'{"deep": ' + b"[" * 40 + b"]" * 40 + b", " + good[1:]),
    "302 with a booking": altered(as_it_is, "302 Found"),
    "two documents": altered(lambda good: good + good),
    "a good document of no type": altered(as_it_is, content_type=""),
    "a good document as plain text": altered(as_it_is, content_type="text/plain"),
    "a byte order mark": altered(lambda good: b"\xef\xbb\xbf" + good),
    "UTF-16": altered(lambda good: good.decode().encode("utf-16"), content_type="application/json; charset=utf-16"),
    "Latin-1": altered(lambda good: good.replace(b"{", b'{"name": "\xe9", ', 1)),
    "gzip that nobody asked for": altered(gzip.compress, Content_Encoding="gzip"),
    "a gzip bomb": unreadable(gzip.compress(b" " * 50_000_000), Content_Encoding="gzip"),
    "gzip that does not say so": altered(gzip.compress),
    "a document a hundred thousand deep": altered(
        lambda good: b'{"deep": ' + b"[" * 50_000 + b"]" * 50_000 + b", " + good[1:]
    ),
    "NaN": altered(lambda good: b'{"price": NaN, ' + good[1:]),
    "Infinity": altered(lambda good: b'{"price": -Infinity, ' + good[1:]),
    "a number of ten thousand digits": altered(lambda good: b'{"price": ' + b"9" * 10_000 + b", " + good[1:]),
    "an exponent beyond all bounds": altered(lambda good: b'{"price": 1e99999999999999999999, ' + good[1:]),
    # A document of another shape
    "null": BadAnswer(says(None)),
    "a list": BadAnswer(says([GOOD])),
    "a text": BadAnswer(says("OK")),
    "true": BadAnswer(says(True)),
    "no members": BadAnswer(says({})),
    "an error with status 200": BadAnswer(says(WHY)),
    "parcels that are no list": BadAnswer(says({**GOOD, "parcels": {"number": NUMBER, "label": PDF}})),
    "parcels that are texts": BadAnswer(says({**GOOD, "parcels": [NUMBER]})),
    "parcels that are null": BadAnswer(says({**GOOD, "parcels": None})),
    "parcels named twice": altered(lambda good: b'{"parcels": [], ' + good[1:]),
    "another reference": BadAnswer(says({**GOOD, "reference": "0c8f3f0e-6e0d-4a53-9c4f-3f1f5a0d9b11"})),
    "no reference": BadAnswer(says({"parcels": GOOD["parcels"]})),
    # Numbers that are none
    "no number": misnumbered(),
    "one number too many": misnumbered(NUMBER, "WIRE00000002"),
    "the same number twice": misnumbered(NUMBER, NUMBER),
    "a number that is null": misnumbered(None),
    "a number that is a number": misnumbered(12345678),
    "an empty number": misnumbered(""),
    "a blank number": misnumbered(" "),
    "a number with a blank at its end": misnumbered(NUMBER[:-1] + " "),
    "a number with a line break": misnumbered("WIRE0001\r\nX"),
    "a number with U+0000": misnumbered("WIRE\0"),
    "a number with half a character": misnumbered("WIRE\ud800"),
    "a number in full-width digits": misnumbered("WIRE\uff11"),
    "a number that changes direction": misnumbered("WIRE\u202e1"),
    "a number that ends the label": misnumbered("A^XZ^XA^FD"),
    "a number that is a formula": misnumbered("=1+1"),
    "a number that is a path": misnumbered("../../x"),
    "a number that is HTML": misnumbered("<b>1</b>"),
    "a number longer than the carrier's longest": misnumbered("WIRE000000001"),
    "a number without end": misnumbered("9" * 100_000),
    # Labels that are none
    "no label": mislabelled(None),
    "an empty label": mislabelled(""),
    "a label that is no base64": mislabelled("JVBERi0*"),
    "half a label": mislabelled(in_base64(a_pdf()[:150])),
    "a label without its first half": mislabelled(in_base64(a_pdf()[150:])),
    "a label without its middle": mislabelled(in_base64(a_pdf()[:60] + a_pdf()[90:])),
    "a label that is HTML": mislabelled(in_base64(HTML)),
    "a label that is ZPL": mislabelled(in_base64(b"^XA^FDX^FS^XZ")),
    "a label that is a PDF in name only": mislabelled(in_base64(b"%PDF-1.7\n%%EOF")),
}
"""What it is → the answer. Half of them are what comes when a carrier has booked."""
