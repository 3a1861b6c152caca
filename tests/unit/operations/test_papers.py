"""What the papers around a parcel say about real orders and shipments, and about nobody else's."""

import csv
import io
import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pypdfium2
import pytest

from kolli.documents.render import A6
from kolli.errors import NotFound
from kolli.operations.boxes import WantedBox
from kolli.operations.papers import (
    PDF,
    control_sheet,
    end_of_day,
    end_of_day_csv,
    end_of_day_pdf,
    packing_slips,
    pick_list,
    picks_of,
)
from kolli.operations.print_labels import Form
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.model import ShipWith
from kolli.orders.queries import find_orders
from tests.factories import NOW, a_caller, an_item, an_order, with_items

UTC_ZONE = ZoneInfo("Etc/UTC")
TODAY = NOW.date()


def text_of(pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        text = " ".join(page.get_textpage().get_text_range() for page in document)
    return re.sub(r"\s+", " ", text.replace("\ufffe", "-"))


def pages_in(pdf):
    with pypdfium2.PdfDocument(pdf) as document:
        return len(document)


def shipped(caller, document, **body):
    """The parcel ids of an order that is stored and shipped."""
    caller.store(document)
    answer = caller.ship(order={"order_number": document["order_number"]}, **body)
    assert answer.status_code == 201, answer.text
    return [label["parcel_id"] for label in answer.json()["data"]]


def the_orders(caller, ids):
    with caller.installation.database.read() as transaction:
        return find_orders(transaction, 1, ids)


# Packing slips


def test_a_packing_slip_says_what_was_ordered_and_by_whom(caller):
    ids = shipped(caller, with_items(an_item(sku="CANDLE-20", quantity=2)))

    text = text_of(packing_slips(ids, PDF, caller.context))

    expected = ["Packing slip", "Lumen & Was", "Femke de Vries", "ORDER-1", "CANDLE-20", "Candle", "0.35 kg"]
    assert [each for each in expected if each not in text] == []


def test_each_box_has_a_slip_with_its_own_content(caller):
    document = with_items(
        an_item(item_id="a", name="Candle", quantity=2), an_item(item_id="b", name="Holder", quantity=1)
    )
    caller.store(document)
    boxes = (WantedBox((("a", 2),)), WantedBox((("b", 1),)))
    choice = Choice(ShipWith("postnl:standard"), boxes=boxes)
    shipment = ship_order(ShipOrder(70, choice, order_number="ORDER-1"), caller.context)
    ids = [parcel.id for parcel in shipment.parcels]

    first, second = (text_of(packing_slips([parcel_id], PDF, caller.context)) for parcel_id in ids)

    assert ("Box 1 of 2" in first, "Candle" in first, "Holder" in first) == (True, True, False)
    assert ("Box 2 of 2" in second, "Candle" in second, "Holder" in second) == (True, False, True)


def test_slips_come_in_the_sequence_in_which_they_were_asked_for(caller):
    one, two = (shipped(caller, an_order(order_id=f"id-{place}", order_number=f"ORDER-{place}"))[0] for place in (1, 2))

    text = text_of(packing_slips([two, one], PDF, caller.context))

    assert text.index("ORDER-2") < text.index("ORDER-1")


def test_a_name_that_the_parcel_has_cut_is_whole_on_the_slip(caller):
    name = " ".join(f"word{place}" for place in range(200))
    ids = shipped(caller, with_items(an_item(name=name)))

    assert name in text_of(packing_slips(ids, PDF, caller.context))


def test_a_slip_for_a_label_printer_has_its_format(caller):
    ids = shipped(caller, an_order())

    assert packing_slips(ids, Form("application/zpl", 203, A6), caller.context).startswith(b"^XA")


def test_nobody_gets_the_slips_of_another_account(caller):
    ids = shipped(caller, an_order())
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    with pytest.raises(NotFound):
        packing_slips(ids, PDF, stranger.context)


# Pick lists


def test_a_pick_list_sums_up_what_several_orders_need(caller):
    ids = caller.store(
        with_items(
            an_item(sku="A", quantity=2), an_item(item_id="2", sku="B", name="Holder", quantity=1), order_id="1"
        ),
        with_items(an_item(sku="A", quantity=3), order_id="2", order_number="ORDER-2"),
    )

    picks = picks_of(the_orders(caller, ids))

    assert [(pick.quantity, pick.sku, pick.name, pick.orders) for pick in picks] == [
        (5, "A", "Candle", (("ORDER-1", 2), ("ORDER-2", 3))),
        (1, "B", "Holder", (("ORDER-1", 1),)),
    ]


def test_two_names_of_one_sku_are_both_on_the_list(caller):
    ids = caller.store(with_items(an_item(sku="A"), an_item(item_id="2", sku="A", name="Kerze")))

    assert [pick.name for pick in picks_of(the_orders(caller, ids))] == ["Candle / Kerze"]


def test_things_without_a_sku_are_told_apart_by_their_names_and_come_last(caller):
    ids = caller.store(with_items(an_item(name="B"), an_item(item_id="2", name="A"), an_item(item_id="3", sku="Z")))

    assert [(pick.sku, pick.name) for pick in picks_of(the_orders(caller, ids))] == [
        ("Z", "Candle"),
        ("", "A"),
        ("", "B"),
    ]


def test_a_pick_list_can_follow_the_shelves(caller):
    ids = caller.store(
        with_items(
            an_item(sku="A", properties={"Location": "R9"}),
            an_item(item_id="2", sku="B", properties={"location": "R1"}),
            an_item(item_id="3", sku="0"),
        )
    )

    assert [(pick.location, pick.sku) for pick in picks_of(the_orders(caller, ids), "location")] == [
        ("R1", "B"),
        ("R9", "A"),
        ("", "0"),
    ]


def test_a_pick_list_says_which_orders_are_not_in_it(caller):
    (order_id,) = caller.store(an_order())
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    text = text_of(pick_list([order_id, 4711], stranger.context, title="batch 17"))

    assert f"Order {order_id} is not there any more." in text
    assert "Order 4711 is not there any more." in text
    assert "Candle" not in text


def test_a_pick_list_of_two_hundred_orders_is_whole(caller):
    orders = [an_order(order_id=f"id-{place}", order_number=f"NO-{place:03}") for place in range(100)]
    ids = caller.store(*orders)

    text = text_of(pick_list(ids, caller.context))

    assert [order["order_number"] for order in orders if order["order_number"] not in text] == []
    assert "100 orders · 1 articles · 200 pieces" in text


# The end of the day


def test_the_list_of_a_day_has_the_parcels_of_that_day_and_carrier(caller):
    shipped(caller, an_order())

    assert "Amsterdam, NL (TEST)" in text_of(end_of_day_pdf("sendcloud", TODAY, UTC_ZONE, caller.context))
    for code, day in (("postnl", TODAY), ("sendcloud", TODAY - timedelta(days=1))):
        assert end_of_day(code, day, UTC_ZONE, caller.context).parcels == ()


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Etc/UTC", date(2026, 11, 24)), ("Pacific/Auckland", date(2026, 11, 25)), ("Europe/Berlin", date(2026, 11, 24))],
)
def test_a_day_is_what_the_clocks_of_the_account_say(caller, zone, day):
    shipped(caller, an_order())

    found = end_of_day("sendcloud", day, ZoneInfo(zone), caller.context)
    assert len(found.parcels) == 1


def test_cancelled_labels_are_counted_and_not_listed(caller):
    shipped(caller, an_order())
    with_label = shipped(caller, an_order(order_id="2", order_number="ORDER-2"))
    found = end_of_day("sendcloud", TODAY, UTC_ZONE, caller.context)
    first = found.parcels[0][0].id
    assert caller.client.post(f"/api/v3/shipments/{first}/cancel").status_code == 200

    left = end_of_day("sendcloud", TODAY, UTC_ZONE, caller.context)

    assert ([parcel.id for _, parcel in left.parcels], left.void) == (with_label, 1)
    text = text_of(end_of_day_pdf("sendcloud", TODAY, UTC_ZONE, caller.context))
    assert "1 label of this day was cancelled and is not in this list." in text


def test_the_table_says_the_same_and_starts_no_formula(caller):
    shipped(caller, an_order(order_number="=1+1"))

    (row,) = csv.DictReader(io.StringIO(end_of_day_csv("sendcloud", TODAY, UTC_ZONE, caller.context)))

    assert (row["order_number"], row["city"], row["country"], row["test"]) == ("'=1+1", "Amsterdam", "NL", "yes")
    assert row["announced_at"] == "2026-11-24T12:00:00+00:00"


def test_nobody_sees_what_another_account_hands_over(caller):
    shipped(caller, an_order())
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert end_of_day("sendcloud", TODAY, UTC_ZONE, stranger.context).parcels == ()


def test_the_control_sheet_is_one_page(caller):
    assert pages_in(control_sheet(caller.context)) == 1
