"""The page about tracking, docs/tracking.md, says what the code does."""

import re
from pathlib import Path

from kolli.carriers.sandbox.lives import LIVES
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import DECIDED_HERE
from kolli.shipments.tracking_csv import COLUMNS, REQUIRED

PAGE = (Path(__file__).parents[2] / "docs" / "tracking.md").read_text("utf-8")
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.+?) \| (\d+|–) \| `(\w+)` \| (Kolli|outside) \|$", re.MULTILINE)


def section(title):
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_the_table_has_every_status_with_its_number_and_phase():
    assert ROW.findall(PAGE) == [
        (
            status.value,
            status.message,
            "–" if status.number is None else str(status.number),
            status.phase,
            "Kolli" if status in DECIDED_HERE else "outside",
        )
        for status in ParcelStatus
    ]
    assert len(ParcelStatus) == 35


def test_every_column_of_a_file_is_described():
    described = re.findall(r"^\| `(\w+)` \| (yes|no) \|", section("From a CSV file"), re.MULTILINE)

    assert described == [(name, "yes" if name in REQUIRED else "no") for name in COLUMNS]


def test_every_life_is_described():
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section("The sandbox's lives"), re.MULTILINE)) == set(LIVES)
