"""A carrier that is asked over HTTP, written like a plug-in for a real one, and a server that answers anything."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import ip_network

from kolli.carriers.answers import Answer, Call, Said, ask
from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.outgoing import Outgoing, Patience
from kolli.values import Weight

PATIENCE = Patience(connect=5, read=3, total=4)
MOST_BYTES = 200_000


class HttpCarrier:
    """A carrier with numbers of its own, which it gives in JSON, with the label as a PDF in base64 beside each."""

    code = "wire"
    name = "Wire"
    numbering = Numbering.NUMBER_AT_BOOKING
    needs_contract = False
    certain_after_seconds = 0
    longest_number = "WIRE99999999"
    options: tuple[ShippingOption, ...] = (
        ShippingOption("wire:parcel", "Parcel", heaviest=Weight(Decimal(30), "kg"), most_parcels=5),
    )

    def __init__(self, url: str) -> None:
        self.url = url
        self.outgoing = Outgoing([ip_network("127.0.0.0/8")], patience=PATIENCE)

    def announce(self, booking: Booking) -> Announced:
        wanted = {"reference": booking.reference, "boxes": len(booking.draft.boxes)}
        answer = self._ask(Call.BOOKING, "POST", "/bookings", wanted)
        said = answer.json(reason=lambda said: said["error"]["message"].text())
        return read_booking(answer, said, booking.reference, len(booking.draft.boxes))

    def look_up(self, reference: str) -> Announced | None:
        answer = self._ask(Call.QUESTION, "GET", f"/bookings/{reference}")
        said = answer.json(besides={404})
        if answer.status == 404:
            said["error"]["code"].check("no such booking")  # a page that is not found says nothing about the booking
            return None
        return read_booking(answer, said, reference, None)

    def cancel(self, booking: Booking) -> bool:
        answer = self._ask(Call.QUESTION, "DELETE", f"/bookings/{booking.reference}")
        answer.json()
        return True

    def printed(self, tracking_number: str) -> str:
        return tracking_number

    def close(self) -> None:
        self.outgoing.close()

    def _ask(self, call: Call, method: str, path: str, document: object = None) -> Answer:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        body = b"" if document is None else json.dumps(document).encode()
        return ask(self.outgoing, call, method, self.url + path, headers, body=body, most_bytes=MOST_BYTES)


def read_booking(answer: Answer, said: Said, reference: str, boxes: int | None) -> Announced:
    """A booking as the carrier writes it: reference, and a number and a label for each parcel."""
    said["reference"].check(reference)
    parcels = said["parcels"].each()
    for parcel in parcels:
        parcel["label"].file("application/pdf")
    longest = len(HttpCarrier.longest_number)
    return answer.announced([parcel["number"].text() for parcel in parcels], boxes=boxes, longest=longest)


Send = Callable[[socket.socket, "Request"], None]


@dataclass(frozen=True)
class Request:
    """What was asked."""

    method: str
    path: str
    body: bytes

    @property
    def reference(self) -> str:
        return str(json.loads(self.body)["reference"]) if self.body else self.path.rpartition("/")[2]


@dataclass
class FakeServer:
    """Answers every request on a connection of its own, with whatever `send` writes."""

    send: Send
    asked: list[Request] = field(default_factory=list)
    url: str = ""

    def answer(self, connection: socket.socket) -> None:
        # The one who asked may hang up in the middle, which is what most of this is about.
        with connection, suppress(OSError):
            connection.settimeout(5)
            request = read_request(connection)
            self.asked.append(request)
            self.send(connection, request)


@contextmanager
def serving(send: Send) -> Iterator[FakeServer]:
    """A server on a free port of this machine."""
    server = FakeServer(send)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = threading.Thread(target=_accept, args=(listener, server), daemon=True)
        thread.start()
        yield server
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def _accept(listener: socket.socket, server: FakeServer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=server.answer, args=(connection,), daemon=True).start()


def read_request(connection: socket.socket) -> Request:
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Request(method, path, body)


# Ways of answering


def a_response(body: bytes, status: str = "200 OK", content_type: str = "application/json", **headers: str) -> bytes:
    known = {"Content-Type": content_type, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {**known, **headers}.items() if value]
    return f"HTTP/1.1 {status}\r\n".encode() + "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(response: bytes) -> Send:
    """Writes these bytes, and hangs up."""
    return lambda connection, _: connection.sendall(response)


def says(document: object, status: str = "200 OK") -> Send:
    """Answers with a JSON document; the text REFERENCE in it is our reference."""

    def send(connection: socket.socket, request: Request) -> None:
        body = json.dumps(document).replace("REFERENCE", request.reference)
        connection.sendall(a_response(body.encode(), status))

    return send


def resets(connection: socket.socket, request: Request) -> None:
    """Breaks the connection off without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def streams(connection: socket.socket, request: Request) -> None:
    """Sends ten gigabytes in chunks, if anybody takes them."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
    mebibyte = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    for _ in range(10_000):
        connection.sendall(mebibyte)


def drips(connection: socket.socket, request: Request) -> None:
    """Sends a byte now and then, always in time for whoever waits for the next one only."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.1)


def hangs(connection: socket.socket, request: Request) -> None:
    """Has heard, and says nothing."""
    time.sleep(2)


def a_booking_document(*numbers: str, label: str, **changes: object) -> Mapping[str, object]:
    parcels = [{"number": number, "label": label} for number in numbers]
    return {"reference": "REFERENCE", "parcels": parcels, **changes}
