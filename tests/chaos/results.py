"""What the tests of this folder have found, for docs/proof.md: rows of figures, never typed by hand.

    record("Kill loop", "60 kills", seeds="1", bookings=1204, lost=0, double=0, seconds=71.3)

`CHAOS_RESULTS` names the file that the rows are added to, one line of JSON each; without it they are only printed
(`pytest -rP` or `-s` shows them). `scripts/proof-page` makes the tables of the page out of such a file.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path


def record(table: str, row: str, **figures: object) -> None:
    """Says what was found: in a table of docs/proof.md, a row, and its columns in this order.

    The row says what was run, with its size (`60 kills`), so that a long run does not replace a short one; the same
    row found again does. A figure that is None is left to another record of the same row.
    """
    line = json.dumps({"table": table, "row": row, "day": f"{datetime.now(UTC):%Y-%m-%d}", "figures": figures})
    print(line)  # noqa: T201 - for whoever runs it by hand
    if path := os.environ.get("CHAOS_RESULTS"):
        with Path(path).open("a", encoding="utf-8") as file:  # processes of one run share it: a line is one write
            file.write(line + "\n")
