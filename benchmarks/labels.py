"""How long a label takes: one core, warm, every label different, layout included. Figures are medians.

And what many labels in one file take, in a process that begins with nothing.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from benchmarks import Row
from kolli.documents.barcodes import SYMBOLOGIES
from kolli.documents.fonts import Fonts
from kolli.documents.layouts.label import LabelContent, lay_out
from kolli.documents.render import A6, LABEL_4X6, render
from kolli.drawing import Drawing
from kolli.values import Address, Weight

Item = TypeVar("Item")

LABELS = 400
WARM_UP = 50
CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


RECIPIENTS = {
    "Latin": Address("Grażyna Müller", "Schönhauser Allee", "10435", "Berlin", "DE", company_name="Groß & Söhne GmbH"),
    "Greek": Address("Γεώργιος Παπαδόπουλος", "Λεωφόρος Βασιλίσσης Σοφίας", "115 21", "Αθήνα", "GR"),
    "Japanese": Address("山田 太郎", "芝公園四丁目", "105-0011", "港区", "JP", company_name="株式会社富士山"),
}


def labels(script: str, count: int = LABELS + WARM_UP) -> list[LabelContent]:
    """Labels of one sender: everything that differs between orders is different on each of them."""
    sender = Address("Jan de Vries", "Keizersgracht", "1015 CS", "Amsterdam", "NL", company_name="Fjord & Co B.V.")
    contents = []
    for number in range(count):
        tracking_number = f"3STEST{number:010}"
        recipient = RECIPIENTS[script]
        contents.append(
            LabelContent(
                sender=sender,
                recipient=replace(recipient, name=f"{recipient.name} {number}", house_number=str(number)),
                carrier_name="PostNL",
                service_name="Parcel Standard · Signature",
                tracking_number=tracking_number,
                tracking_url=f"https://track.example.com/t/{tracking_number}",
                order_number=f"#{100_000 + number}",
                reference=f"PO 2026/{number}",
                weight=Weight(Decimal(number) / 100, "kg"),
                shipped_on=date(2026, 11, 24),
                brand_name="Fjord & Co",
                band="TEST – NOT FOR POSTAGE",
            )
        )
    return contents


def timed(name: str, items: Sequence[Item], work: Callable[[Item], object]) -> Row:
    """Does the work for each item and times all but the first few."""
    times, result = [], None
    for index, item in enumerate(items):
        start = time.perf_counter()
        result = work(item)
        if index >= WARM_UP:
            times.append((time.perf_counter() - start) * 1000)
    size = len(result) if isinstance(result, bytes) else 0
    p95 = statistics.quantiles(times, n=20)[-1]
    note = f"p95 {p95:.2f} ms" + (f", {size:,} bytes" if size else "")
    return Row(name, statistics.median(times), "ms", BARS.get(name), note)


BARS = {"Latin, A6, PDF": 3.0, "Latin, A6, PNG 300 dpi": 9.0, "Latin, A6, ZPL 203 dpi": 0.3}

BATCH = 500
BATCH_SECONDS, BATCH_MEGABYTES = 2.0, 300.0

FORMATS = (
    ("PDF", "application/pdf", 300),
    ("PNG 300 dpi", "image/png", 300),
    ("PNG 150 dpi", "image/png", 150),
    ("ZPL 203 dpi", "application/zpl", 203),
    ("ZPL 300 dpi", "application/zpl", 300),
)


def measure() -> Iterator[Row]:
    """Every measurement, in the order in which it is printed."""
    has_cjk = CJK.exists()
    fonts = Fonts(CJK) if has_cjk else Fonts()
    for script in RECIPIENTS if has_cjk else ("Latin", "Greek"):
        contents = labels(script)
        for name, mime_type, dpi in FORMATS:
            fonts.shaped.cache_clear()

            def label(content: LabelContent, mime_type: str = mime_type, dpi: int = dpi) -> bytes:
                return render([lay_out(content, A6, fonts)], mime_type, dpi, fonts)

            yield timed(f"{script}, A6, {name}", contents, label)
    yield from batches()
    yield from parts(labels("Latin"), fonts)


def batches() -> Iterator[Row]:
    """Many labels in one PDF, each file made by a process of its own."""
    for paper in ("A6", "A4"):
        command = [sys.executable, "-m", "benchmarks.batch", paper, str(BATCH)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        seconds, megabytes, size = map(float, answer)
        what = f"{BATCH} labels in one PDF, {paper}"
        yield Row(what, seconds, "s", BATCH_SECONDS, f"nothing warm, scripts in turn, {size:,.0f} bytes")
        yield Row(f"{what}: memory", megabytes, "MB", BATCH_MEGABYTES, "at most, the whole process")


def parts(contents: list[LabelContent], fonts: Fonts) -> Iterator[Row]:
    """What the time of a Latin label goes into."""
    fonts.shaped.cache_clear()
    yield timed("part: layout", contents, lambda content: lay_out(content, A6, fonts))
    yield timed("part: layout, texts known", contents, lambda content: lay_out(content, A6, fonts))
    drawings = [lay_out(content, A6, fonts) for content in contents]
    for name, mime_type, dpi in FORMATS[:4]:

        def written(drawing: Drawing, mime_type: str = mime_type, dpi: int = dpi) -> bytes:
            return render([drawing], mime_type, dpi, fonts)

        yield timed(f"part: writing {name}", drawings, written)
    code128, qr = (SYMBOLOGIES[name].encode.__wrapped__ for name in ("code128", "qr"))  # type: ignore[attr-defined]
    yield timed("part: encoding Code 128", contents, lambda content: code128(content.tracking_number))
    yield timed("part: encoding QR", contents, lambda content: qr(content.tracking_url))
    large = [lay_out(content, LABEL_4X6, fonts) for content in contents]
    yield timed("part: writing PNG 300 dpi, 4x6", large, lambda drawing: render([drawing], "image/png", 300, fonts))
