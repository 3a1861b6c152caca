"""A label that is looked at before it is bought: marked, with an example of a number, and without any trace."""

import re

import pypdfium2
import pytest

from kolli.errors import KolliError
from kolli.operations.preview_label import preview_label
from kolli.operations.print_labels import PREVIEW_BAND, Form
from kolli.operations.ship_order import Choice, ShipOrder
from kolli.orders.model import ShipWith
from tests.factories import an_item, an_order, with_items

PDF = Form("application/pdf", 72)
POSTNL = "postnl:standard"


def wanted(option: str | None = None) -> ShipOrder:
    return ShipOrder(70, Choice(ShipWith(option)), order_id="shop-1")


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        text = " ".join(page.get_textpage().get_text_range() for page in document)
    return re.sub(r"\s+", " ", text.replace("\ufffe", "-"))


def test_a_preview_says_in_large_letters_that_it_is_one(caller):
    caller.store(an_order())

    text = text_of(preview_label(wanted(), caller.context, PDF))

    assert PREVIEW_BAND in text
    assert "Femke de Vries" in text
    assert "NOT FOR POSTAGE" not in text


def test_a_preview_takes_no_number_of_the_contract_and_leaves_nothing_behind(caller):
    caller.store(an_order())
    previews = [preview_label(wanted(POSTNL), caller.context) for _ in range(3)]

    first = caller.ship(ship_with={"type": "shipping_option_code", "properties": {"shipping_option_code": POSTNL}})

    assert len(set(previews)) == 1
    assert first.json()["data"][0]["tracking_number"].endswith("00000001")
    assert caller.sandbox.ledger_entries() == []


def test_a_shipped_order_can_be_looked_at_all_the_same(caller):
    caller.store(an_order())
    caller.ship()

    assert preview_label(wanted(), caller.context)[:4] == b"\x89PNG"


def test_what_cannot_be_shipped_so_says_why(caller):
    caller.store(with_items(an_item(measurement=None)))

    with pytest.raises(KolliError, match="The order has no weight"):
        preview_label(wanted(), caller.context)
