"""What a scan means: the scan and the table as it is, to what happens. No database, no carrier, no printer."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from kolli.account.packings import Begun, Entry, OnTable, OpenBox, Opened, Packing, Said
from kolli.operations.boxes import WantedBox
from kolli.operations.packing_boxes import kilograms_of, left_of, wanted_boxes, wares_of
from kolli.operations.packing_table import Found, FoundOrder, Scan, chosen, decide
from kolli.orders.model import Order
from kolli.shipments.model import Box, Draft, Parcel, ParcelStatus, Shipment
from kolli.standing import Standing
from kolli.values import Weight
from tests.factories import NOW, an_address, an_item, with_items

CANDLE = an_item(item_id="candle", name="Candle", sku="CAN-1", quantity=2, ean="4006381333931")
MATCH = an_item(item_id="match", name="Matches", sku="MAT-1", quantity=1)


def an_order(order_pk: int = 5, *items, number: str = "ORDER-1", status: str = "unfulfilled") -> Order:
    document = with_items(*(items or (CANDLE, MATCH)), order_number=number, order_id=f"shop-{order_pk}")
    document["order_details"]["status"] = {"code": status}
    return Order(order_pk, 70, NOW, NOW, 1, document)


def a_shipment(*statuses: ParcelStatus, order: Order | None = None) -> Shipment:
    order = order or an_order()
    parcels = tuple(
        Parcel(100 + place, place, status, f"SC{place}", NOW, updated_at=NOW)
        for place, status in enumerate(statuses or (ParcelStatus.READY_TO_SEND,), start=1)
    )
    draft = Draft(
        sender=an_address(),
        recipient=an_address(),
        carrier_code="c",
        carrier_name="C",
        shipping_option_code="c:x",
        shipping_option_name="X",
        contract_id=None,
        is_live=False,
        boxes=tuple(Box(Weight(Decimal(1), "kg")) for _ in parcels),
        shipped_on=NOW.date(),
        tracking_base="",
        integration_id=70,
        order_id=order.id,
        shop_order_id=order.order_id,
        order_number=order.order_number,
        order_revision=1,
        reference=order.order_id,
    )
    return Shipment("the-shipment", 1, NOW, draft, parcels)


def found(standing: Standing = Standing.OPEN, shipment: Shipment | None = None, order: Order | None = None) -> Found:
    order = order or an_order()
    return Found(orders=[FoundOrder(order, standing, shipment)])


def a_table(**changes) -> Packing:
    return replace(Packing(), **changes)


def scan(text: str, packing: Packing = Packing(), known: Found = Found(), now: datetime = NOW, **changes):  # noqa: B008 - frozen
    return decide(Scan("key-of-this-scan", text, **changes), packing, known, now)


# One order, one label


@pytest.mark.parametrize("standing", [Standing.OPEN, Standing.FAILED])
def test_an_order_without_a_label_is_shipped(standing):
    begun = scan("ORDER-1", known=found(standing)).outcome

    assert begun == Begun("key-of-this-scan", "ORDER-1", "ship", 5, "ORDER-1")


def test_an_order_of_unknown_outcome_is_looked_into_and_that_is_remembered():
    begun = scan("ORDER-1", known=found(Standing.UNKNOWN, a_shipment())).outcome

    assert isinstance(begun, Begun)
    assert (begun.verb, begun.was_unknown) == ("ship", True)


def test_a_shipped_order_is_only_ever_printed_again():
    begun = scan("ORDER-1", known=found(Standing.SHIPPED, a_shipment())).outcome

    assert isinstance(begun, Begun)
    assert (begun.verb, begun.parcel_ids, begun.said) == ("print", (101,), Said.AGAIN)


def test_all_labels_of_a_shipped_order_are_printed_again():
    two = a_shipment(ParcelStatus.READY_TO_SEND, ParcelStatus.READY_TO_SEND)

    begun = scan("ORDER-1", known=found(Standing.SHIPPED, two)).outcome

    assert isinstance(begun, Begun)
    assert begun.parcel_ids == (101, 102)


def test_a_tracking_number_prints_that_parcel_only():
    two = a_shipment(ParcelStatus.READY_TO_SEND, ParcelStatus.READY_TO_SEND)

    begun = scan("SC2", known=Found(parcel=(two, two.parcels[1]))).outcome

    assert isinstance(begun, Begun)
    assert (begun.verb, begun.parcel_ids) == ("print", (102,))


def test_a_void_label_is_not_printed_again():
    void = a_shipment(ParcelStatus.CANCELLED)

    assert scan("SC1", known=Found(parcel=(void, void.parcels[0]))).outcome.said is Said.LABEL_VOID


def test_an_order_that_somebody_else_ships_at_this_moment_is_left_alone():
    assert scan("ORDER-1", known=found(Standing.SHIPPING)).outcome.said is Said.BUSY


@pytest.mark.parametrize("status", ["cancelled", "Canceled", "on_hold"])
def test_what_the_shop_has_called_off_is_not_shipped(status):
    assert scan("ORDER-1", known=found(order=an_order(status=status))).outcome.said is Said.CALLED_OFF


def test_an_order_whose_label_was_cancelled_is_shipped_when_it_is_scanned_twice():
    known = found(Standing.OPEN, a_shipment(ParcelStatus.CANCELLED))

    first = scan("ORDER-1", known=known)
    second = scan("ORDER-1", first.packing, known)

    assert first.outcome.said is Said.LABEL_CANCELLED
    assert isinstance(second.outcome, Begun)
    assert second.outcome.verb == "ship"


def test_two_shops_with_one_number_are_told_apart_by_a_digit():
    here, there = an_order(5), an_order(6)
    both = Found(orders=[FoundOrder(here, Standing.OPEN), FoundOrder(there, Standing.OPEN)])

    asked = scan("ORDER-1", known=both)

    assert asked.outcome.said is Said.CHOOSE
    assert chosen(Scan("k", "2"), asked.packing) == 6
    assert chosen(Scan("k", "3"), asked.packing) is None


def test_an_unknown_code_is_told_with_what_it_looks_like():
    entry = scan("4006381333931").outcome

    assert (entry.said, entry.values) == (Said.NOT_FOUND, {"guess": "article"})


# Controls


ON_TABLE = a_table(on_table=OnTable(5, "ORDER-1", "the-shipment"))


def test_cancel_asks_first_and_cancels_when_it_is_scanned_again():
    known = Found(shipment=a_shipment())

    first = scan("%KOLLI%CANCEL%", ON_TABLE, known)
    second = scan("%KOLLI%CANCEL%", first.packing, known, NOW + timedelta(seconds=9))

    assert first.outcome.said is Said.CANCEL_ASKED
    assert isinstance(second.outcome, Begun)
    assert (second.outcome.verb, second.outcome.shipment_id) == ("cancel", "the-shipment")


def test_cancel_that_comes_too_late_asks_again():
    known = Found(shipment=a_shipment())
    first = scan("%KOLLI%CANCEL%", ON_TABLE, known)

    assert scan("%KOLLI%CANCEL%", first.packing, known, NOW + timedelta(seconds=11)).outcome.said is Said.CANCEL_ASKED


def test_anything_in_between_takes_the_question_back():
    known = Found(shipment=a_shipment())
    asked = scan("%KOLLI%CANCEL%", ON_TABLE, known).packing

    other = scan("NOTHING", asked).packing

    assert scan("%KOLLI%CANCEL%", other, known).outcome.said is Said.CANCEL_ASKED


@pytest.mark.parametrize("control", ["%KOLLI%CANCEL%", "%KOLLI%REPRINT%", "%KOLLI%LAST%"])
def test_a_control_without_an_order_on_the_table_says_so(control):
    assert scan(control).outcome.said is Said.NOTHING_THERE


def test_reprint_prints_the_order_on_the_table_again():
    begun = scan("%kolli%reprint%", ON_TABLE, Found(shipment=a_shipment())).outcome

    assert isinstance(begun, Begun)
    assert (begun.verb, begun.said) == ("print", Said.REPRINTED)


def test_last_prints_the_one_label_that_came_out_last():
    shipment = a_shipment(ParcelStatus.READY_TO_SEND, ParcelStatus.READY_TO_SEND)

    begun = scan("%KOLLI%LAST%", known=Found(last_label=(shipment, shipment.parcels[1]))).outcome

    assert isinstance(begun, Begun)
    assert begun.parcel_ids == (102,)


def test_stop_puts_everything_away():
    busy = a_table(opened=Opened(5, "ORDER-1"), on_table=OnTable(4, "ORDER-0", "x"))

    stopped = scan("%KOLLI%STOP%", busy)

    assert stopped.outcome.said is Said.STOPPED
    assert (stopped.packing.opened, stopped.packing.on_table) == (None, None)


def test_next_box_on_an_empty_table_has_orders_packed_into_boxes():
    assert scan("%KOLLI%NEXTBOX%").packing.into_boxes
    assert not scan("%KOLLI%STOP%", a_table(into_boxes=True)).packing.into_boxes


# Boxes


OPEN = a_table(into_boxes=True, opened=Opened(5, "ORDER-1"))
ITS_ITEMS = Found(opened=an_order())


def in_boxes(*texts: str, packing: Packing = OPEN) -> Packing:
    for text in texts:
        packing = scan(text, packing, ITS_ITEMS).packing
    return packing


def boxes_of(packing: Packing) -> tuple[OpenBox, ...]:
    assert packing.opened
    return packing.opened.boxes


def test_an_order_is_opened_and_not_shipped_when_it_goes_into_boxes():
    opened = scan("ORDER-1", a_table(into_boxes=True), found())

    assert opened.outcome.said is Said.OPENED
    assert opened.packing.opened == Opened(5, "ORDER-1")


@pytest.mark.parametrize("code", ["CAN-1", "can-1", "4006381333931", "]E04006381333931", "candle"])
def test_an_item_goes_into_the_box_by_any_of_its_codes(code):
    assert boxes_of(in_boxes(code)) == (OpenBox({"candle": 1}),)


def test_items_go_into_the_box_that_is_being_filled():
    packing = in_boxes("CAN-1", "%KOLLI%NEXTBOX%", "CAN-1", "MAT-1")

    assert boxes_of(packing) == (OpenBox({"candle": 1}), OpenBox({"candle": 1, "match": 1}))


def test_one_piece_too_many_is_refused():
    assert scan("CAN-1", in_boxes("CAN-1", "CAN-1"), ITS_ITEMS).outcome.said is Said.ALL_PACKED


def test_what_was_not_ordered_is_refused():
    assert scan("MUG-9", OPEN, ITS_ITEMS).outcome.said is Said.NOT_IN_ORDER


def test_another_order_is_refused_while_one_is_open():
    other = replace(ITS_ITEMS, orders=[FoundOrder(an_order(6, number="ORDER-2"), Standing.OPEN)])

    assert scan("ORDER-2", OPEN, other).outcome.said is Said.STILL_OPEN


def test_a_second_empty_box_is_refused_once_items_are_in_boxes():
    assert scan("%KOLLI%NEXTBOX%", in_boxes("CAN-1", "%KOLLI%NEXTBOX%"), ITS_ITEMS).outcome.said is Said.EMPTY_BOX


def test_a_piece_is_taken_out_again():
    packing = in_boxes("CAN-1", "MAT-1")

    taken = decide(Scan("k", press="take", item="match"), packing, ITS_ITEMS, NOW).packing

    assert boxes_of(taken) == (OpenBox({"candle": 1}),)


def test_the_order_scanned_once_more_ships_its_boxes():
    packing = in_boxes("CAN-1", "CAN-1", "%KOLLI%NEXTBOX%", "MAT-1")

    begun = scan("ORDER-1", packing, replace(ITS_ITEMS, orders=found().orders)).outcome

    assert isinstance(begun, Begun)
    assert begun.boxes == (OpenBox({"candle": 2}), OpenBox({"match": 1}))


def test_what_is_not_packed_yet_is_asked_about():
    known = replace(ITS_ITEMS, orders=found().orders)

    first = scan("ORDER-1", in_boxes("CAN-1"), known)
    second = scan("ORDER-1", first.packing, known)

    assert (first.outcome.said, first.outcome.values["left"]) == (Said.NOT_ALL, "2")
    assert isinstance(second.outcome, Begun)


def test_an_order_that_is_gone_is_put_away():
    assert scan("CAN-1", OPEN, Found()).packing.opened is None


def test_a_weight_that_is_none_is_refused_and_nothing_changes():
    decided = decide(Scan("k", press="weigh", value="heavy"), OPEN, ITS_ITEMS, NOW)

    assert decided.outcome.said is Said.BAD_WEIGHT
    assert decided.packing.opened == OPEN.opened


@pytest.mark.parametrize(
    ("typed", "kept"), [("1.25", "1.25"), ("1,25", "1.25"), ("2 kg", "2"), ("0", None), ("-1", None)]
)
def test_weights_are_read_as_people_type_them(typed, kept):
    assert kilograms_of(typed) == kept


def test_boxes_hold_what_was_scanned_into_them():
    boxes = wanted_boxes(an_order(), (OpenBox({"candle": 2}, "1.5"), OpenBox({"match": 1}), OpenBox()))

    assert boxes == (
        WantedBox((("candle", 2),), Weight(Decimal("1.5"), "kg")),
        WantedBox((("match", 1),)),
    )


def test_boxes_that_are_only_counted_share_the_weight_upwards():
    boxes = wanted_boxes(an_order(), (OpenBox(), OpenBox(), OpenBox()))

    assert [str(box.weight) for box in boxes] == ["350 g", "350 g", "350 g"]


def test_one_box_is_the_whole_order():
    assert wanted_boxes(an_order(), (OpenBox(),)) == ()


def test_lines_of_one_item_are_one_ware():
    order = an_order(5, CANDLE, {**CANDLE, "quantity": 3})

    (ware,) = wares_of(order)

    assert (ware.quantity, left_of([ware], [OpenBox({"candle": 4})])) == (5, {"candle": 1})


def test_an_answer_is_kept_for_whoever_sends_the_scan_again():
    decided = scan("NOTHING")

    assert isinstance(decided.outcome, Entry)
    assert decided.packing.answered("key-of-this-scan") == decided.outcome


def test_counts_begin_anew_every_day():
    counted = Packing().counted("2026-11-24").counted("2026-11-24").counted("2026-11-25")

    assert (counted.day, counted.shipped) == ("2026-11-25", 1)
