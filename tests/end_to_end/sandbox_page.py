"""The page about the sandbox: its table is that of the code, and its examples are what a real server does."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kolli.scenarios import ANY, SCENARIOS, SHIPPING, names_of
from tests.end_to_end.processes import KOLLI, Kolli

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"

_EXAMPLE = re.compile(r"^```sh\n((?:(?!```).*\n)+)```\n\n```text\n((?:(?!```).*\n)*)```$", re.MULTILINE)
_FIRST = re.compile(r"^```sh\nexport .*\n((?:(?!```).*\n)+)```$", re.MULTILINE)
_TABLE = re.compile(r"(?<=<!-- scenarios -->\n).*?(?=<!-- /scenarios -->)", re.DOTALL)

_DIFFERENT = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "…"),
    (re.compile(r"SCTEST[0-9A-Z]{8}"), "SCTEST…"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "…"),
    (re.compile(r"(?<=parcel_id\":)\d+|(?<=parcels/)\d+"), "…"),
    (re.compile(r"http://(127\.0\.0\.1|localhost):\d+"), "http://localhost:8080"),
    (re.compile(r"(?<=in )\d+(?= seconds)|(?<=retry_after\":)\d+"), "…"),
    (re.compile(r",\"tracking_url.*|,\"meta\":\{\"ship.*"), ",…"),
    (re.compile(r"(?<=after )\d+(?= milliseconds)"), "…"),
    (re.compile(r"\d+(?= bytes remaining)"), "…"),
    (re.compile(r"\d+ out of \d+ bytes"), "… out of … bytes"),
    (re.compile(r" +$", re.MULTILINE), ""),
)
"""What is different each time, and what stands in its place on the page."""


class Example(NamedTuple):
    """What is typed, and what comes back."""

    script: str
    shown: str


def examples() -> list[Example]:
    return [Example(*found) for found in _EXAMPLE.findall(PAGE.read_text("utf-8"))]


def answers(server: Kolli, data: Path) -> Iterator[str]:
    """What each example does, in turn."""
    (first,) = _FIRST.findall(PAGE.read_text("utf-8"))
    assert server.credentials
    known = {name: value for name, value in os.environ.items() if not name.startswith("KOLLI_")}
    environment = {
        **known,
        "PATH": f"{KOLLI.parent}:{known['PATH']}",
        "KOLLI_DATA": str(data),
        "URL": server.url,
        "KEY": f"{server.credentials.public_key}:{server.credentials.secret}",
        "no_proxy": "*",
    }
    folder = data.parent / "examples"
    folder.mkdir(exist_ok=True)
    for example in examples():
        done = subprocess.run(
            ["bash", "-c", first + example.script],
            capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=folder,
        )  # fmt: skip
        yield without_what_is_different(done.stdout + done.stderr)


def without_what_is_different(text: str) -> str:
    for pattern, instead in _DIFFERENT:
        text = pattern.sub(instead, text)
    return text


def table() -> str:
    """Every scenario, as the page shows it."""
    rows = [
        f"| `{row.usage}` | {row.what} | {row.bought if set(row.kinds) & set(SHIPPING) else ''} | {row.advice} |"
        f" {'all' if row.kinds == ANY else names_of(row.kinds)} |"
        for row in SCENARIOS.values()
    ]
    head = ["| scenario | what happens | bought | what to do | requests |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def table_on_the_page() -> str:
    found = _TABLE.search(PAGE.read_text("utf-8"))
    assert found
    return found[0]


def write_table() -> None:
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text("utf-8")), "utf-8")


def write_answers(found: list[str]) -> None:
    """Writes what the examples do under them."""
    left = iter(found)
    text = _EXAMPLE.sub(lambda known: f"```sh\n{known[1]}```\n\n```text\n{next(left)}```", PAGE.read_text("utf-8"))
    PAGE.write_text(text, "utf-8")
