"""The page about addresses, docs/addresses.md, says what the code does."""

from dataclasses import fields
from pathlib import Path

import pytest

from kolli.addresses import USUAL_LIMITS, Reason
from kolli.addresses.shortening import SHORTENINGS
from kolli.orders.warnings import Trouble

PAGE = (Path(__file__).parents[3] / "docs" / "addresses.md").read_text("utf-8")
LENGTHS = {Reason.ADDRESS_TOO_LONG, Reason.HOUSE_NUMBER_TOO_LONG}  # told as TOO_LONG


@pytest.mark.parametrize("code", [*Trouble, *(reason for reason in Reason if reason not in LENGTHS)])
def test_every_warning_is_on_the_page(code):
    assert f"| `{code}` |" in PAGE


@pytest.mark.parametrize("rule", SHORTENINGS, ids=lambda rule: rule.name)
def test_every_shortening_is_on_the_page(rule):
    assert f"| `{rule.name}` | {rule.sentence} |" in PAGE


@pytest.mark.parametrize("part", fields(USUAL_LIMITS), ids=lambda part: part.name)
def test_every_usual_limit_is_on_the_page(part):
    assert f"| `{part.name}` | {getattr(USUAL_LIMITS, part.name)} |" in PAGE
