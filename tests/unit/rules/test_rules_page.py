"""The page about rules lists every entry of the tables, and nothing else. `scripts/rules-page` writes it anew."""

import re
from pathlib import Path

from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS
from kolli.rules.operators import OPERATORS

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"


def rows(table):
    """The cells of each row of one of the generated tables, without its head."""
    text = PAGE.read_text("utf-8")
    inner = text.partition(f"<!-- {table}: begin -->")[2].partition(f"<!-- {table}: end -->")[0]
    return [re.findall(r"(?<=\| ).*?(?= \|)", line) for line in inner.strip().splitlines()[2:]]


def test_the_page_lists_every_condition():
    assert rows("conditions") == [
        [
            entry.name,
            f"`{entry.identifier}`",
            entry.help_text,
            " ".join(f"`{operator}`" for operator in entry.operators),
            "yes" if entry.for_multicollo else "no",
        ]
        for entry in CONDITIONS.values()
    ]


def test_the_page_lists_every_operator():
    assert rows("operators") == [[entry.name, f"`{entry.identifier}`", entry.help_text] for entry in OPERATORS.values()]


def test_the_page_lists_every_action():
    assert rows("actions") == [
        [
            entry.name,
            f"`{entry.identifier}`",
            entry.help_text,
            f"`{entry.result_key}`",
            "yes" if entry.for_multicollo else "no",
        ]
        for entry in ACTIONS.values()
    ]
