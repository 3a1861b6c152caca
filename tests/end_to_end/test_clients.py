"""Programs of other people, as they would be written for the hosted service: only documented calls, a real socket."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
import pytest
from PIL import Image

from kolli.carriers.sandbox import LEDGER, Ledger
from kolli.documents.proof import codes_by_zbar, codes_by_zxing, picture_of
from tests.end_to_end.processes import PATIENCE_SECONDS, Kolli, prepared, serving

CLIENTS = Path(__file__).parent / "clients"
INTEGRATION = 70


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    data = tmp_path_factory.mktemp("clients") / "data"
    with serving(data, credentials=prepared(data)) as server:
        yield Installed(server, data)


class Installed(NamedTuple):
    """A running server and the folder with its data."""

    server: Kolli
    data: Path


def run(name: str, installed: Installed, *arguments: object) -> list[dict[str, Any]]:
    """Runs a client to its end and gives the lines of JSON it has printed."""
    credentials = installed.server.credentials
    assert credentials
    key = (credentials.public_key, credentials.secret)
    command = [sys.executable, CLIENTS / name, installed.server.url, *key, *arguments]
    ended = subprocess.run(
        [str(part) for part in command], capture_output=True, check=False, timeout=3 * PATIENCE_SECONDS
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return [json.loads(line) for line in ended.stdout.splitlines()]


def booked(installed: Installed) -> dict[str, list[str]]:
    """What the sandbox has booked, by its own ledger: order number → tracking numbers that were not taken back."""
    ledger = Ledger(installed.data / LEDGER)
    try:
        entries = ledger.entries()
    finally:
        ledger.close()
    numbers: dict[str, list[str]] = {}
    for entry in entries:
        numbers.setdefault(entry.order_number, [])
        if not entry.is_cancelled:
            numbers[entry.order_number].append(entry.tracking_number)
    return numbers


def quarters(pdf: bytes, page: int = 0) -> list[Image.Image]:
    """The four quarters of a page at 203 dpi, left to right and top to bottom."""
    with pypdfium2.PdfDocument(pdf) as document:
        sheet = document[page].render(scale=203 / 72, grayscale=True).to_pil()
    width, height = sheet.width // 2, sheet.height // 2
    return [sheet.crop((x, y, x + width, y + height)) for y in (0, height) for x in (0, width)]


class Printer:
    """A label printer on a TCP port: it takes what it is sent."""

    def __init__(self) -> None:
        self.received = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            while chunk := connection.recv(65536):
                self.received += chunk

    def close(self) -> bytes:
        self._thread.join(PATIENCE_SECONDS)
        self._listener.close()
        return self.received


def test_a_shop_that_polls_gets_one_label_for_each_of_its_orders(installed, tmp_path):
    shipped = run("shop.py", installed, INTEGRATION, tmp_path)

    assert [each["order_number"] for each in shipped] == ["WEB-501", "WEB-502", "WEB-503"]
    assert {each["order_number"]: [each["tracking_number"]] for each in shipped} == {
        number: numbers for number, numbers in booked(installed).items() if number.startswith("WEB")
    }
    for each in shipped:
        assert ("code128", each["tracking_number"]) in codes_by_zxing(picture_of(Path(each["label"]).read_bytes(), 203))
        assert each["tracked"] == each["tracking_number"]
        assert each["answer_to_the_second_click"] == "validation_error"


def test_a_warehouse_prints_the_boxes_of_an_order_on_one_sheet_and_on_a_label_printer(installed, tmp_path):
    printer = Printer()

    (printed,) = run("warehouse.py", installed, INTEGRATION, tmp_path, printer.port)

    numbers = printed["tracking_numbers"]
    zpl = printer.close()
    assert booked(installed)["WH-7001"] == numbers
    assert printed["refused"] == ["validation_error"]
    assert printed["content_types"] == ["application/pdf", "application/zpl"]
    assert len(set(numbers)) == 3
    assert zpl.count(b"^XA") == zpl.count(b"^XZ") == 3
    first, second, third, fourth = quarters(Path(printed["sheet"]).read_bytes())
    for quarter, number in zip((first, second, third), numbers, strict=True):
        assert ("code128", number) in codes_by_zbar(quarter)
    assert codes_by_zbar(fourth) == frozenset()


def test_an_erp_announces_every_delivery_once_however_often_it_runs(installed):
    (first,) = run("erp.py", installed)
    after_the_first = booked(installed)
    (second,) = run("erp.py", installed)

    references = ["ERP-2026-0001", "ERP-2026-0002", "ERP-2026-0003"]
    assert first["statuses"] == dict.fromkeys(references, 201)
    assert first["missing"] == second["missing"] == []
    assert first["by_reference"] == ["ERP-2026-0002"]
    assert first["ready"] == references
    assert first["cancelled"] == [200, "Cancelled"]
    assert first["in_version_2"] == [first["numbers"]["ERP-2026-0001"]]
    assert second["statuses"] == dict.fromkeys(references, 409)
    assert second["ids"] == first["ids"]
    assert second["cancelled"] == [409, "Cancelled"]
    assert [len(after_the_first[reference]) for reference in references] == [1, 0, 1]
    assert booked(installed) == after_the_first
