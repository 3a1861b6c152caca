"""Measures everything and prints one table; exits with 1 when a bar is missed."""

import platform
import sys

from rich.console import Console
from rich.table import Table

from benchmarks import deciding, inbox, labels, lists, panel, queue, service_points, shipping, testing, webhooks
from kolli import __version__


def main() -> None:
    """Runs all benchmarks but those that take minutes; `python -m benchmarks shipping` runs those of one part."""
    parts = {
        "labels": labels.measure,
        "shipping": shipping.measure,
        "queue": queue.measure,
        "lists": lists.measure,
        "inbox": inbox.measure,
        "panel": panel.measure,
        "webhooks": webhooks.measure,
        "deciding": deciding.measure,
        "service_points": service_points.measure,
        "testing": testing.measure,
    }
    long = {"million": lists.measure_a_million}
    wanted = sys.argv[1:] or list(parts)
    console = Console(width=max(120, Console().width))  # a table that wraps is hard to compare
    table = Table(title=f"Kolli {__version__}, Python {platform.python_version()}, {platform.machine()}")
    for heading in ("what", "figure", "bar", "met", "beside it"):
        table.add_column(heading)
    missed = False
    for name in wanted:
        with console.status(f"Measuring {name} …"):
            for row in (parts | long)[name]():
                bar = "" if row.bar is None else f"{'≥' if row.unit == '/s' else '≤'} {row.bar:g}"
                met = ("yes" if row.is_met else "NO") if bar else ""
                table.add_row(row.what, f"{row.figure:.2f} {row.unit}", bar, met, row.note)
                missed = missed or not row.is_met
    console.print(table)
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
