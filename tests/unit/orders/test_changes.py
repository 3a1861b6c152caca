"""What a partial update makes of an order."""

from time import thread_time

import pytest

from kolli.errors import Invalid
from kolli.orders.changes import changed, places_of
from tests.factories import an_item, an_order, with_items


def items_of(document):
    return document["order_details"]["order_items"]


def test_no_change_changes_nothing():
    assert changed(an_order(), {}) == an_order()


def test_objects_merge():
    result = changed(an_order(), {"shipping_address": {"city": "Utrecht"}})

    assert result == an_order(shipping_address={**an_order()["shipping_address"], "city": "Utrecht"})


def test_an_object_that_was_not_there_appears():
    result = changed(an_order(), {"customer_details": {"name": "Jo", "email": None}})

    assert result == an_order(customer_details={"name": "Jo"})


def test_null_removes():
    assert changed(an_order(customer_details={"name": "Jo"}), {"customer_details": None}) == an_order()


def test_lists_are_replaced():
    document = an_order(customs_details={"tax_numbers": {"sender": [{"name": "VAT"}]}})

    result = changed(document, {"customs_details": {"tax_numbers": {"sender": [{"name": "EORI"}]}}})

    assert result == an_order(customs_details={"tax_numbers": {"sender": [{"name": "EORI"}]}})


def test_the_document_and_the_change_stay_as_they_were():
    document, change = an_order(), {"order_details": {"order_items": [an_item(quantity=9)], "notes": None}}

    changed(document, change)

    assert (document, change) == (
        an_order(),
        {"order_details": {"order_items": [an_item(quantity=9)], "notes": None}},
    )


def test_an_item_is_found_by_its_id_whatever_its_name():
    document = with_items(an_item(item_id="a"), an_item(item_id="b"))

    result = changed(document, {"order_details": {"order_items": [{"item_id": "b", "name": "Lamp"}]}})

    assert items_of(result) == [an_item(item_id="a"), an_item(item_id="b", name="Lamp")]


def test_an_item_is_found_by_its_name_when_the_change_has_no_id():
    """Source: Orders, "Update an order": the name is required so that the correct item is updated."""
    document = with_items(an_item(name="Candle"), an_item(name="Lamp", item_id="b"))

    result = changed(document, {"order_details": {"order_items": [{"name": "Lamp", "quantity": 5}]}})

    assert items_of(result) == [an_item(name="Candle"), an_item(name="Lamp", item_id="b", quantity=5)]


def test_items_of_one_name_are_told_apart_by_their_sequence_when_all_are_listed():
    first, second = an_item(item_id=None, quantity=1), an_item(item_id=None, quantity=2)

    result = changed(
        with_items(first, second),
        {"order_details": {"order_items": [{"name": "Candle", "sku": "x"}, {"name": "Candle", "sku": "y"}]}},
    )

    assert items_of(result) == [{**first, "sku": "x"}, {**second, "sku": "y"}]


def test_an_empty_list_of_items_changes_none():
    assert changed(an_order(), {"order_details": {"order_items": []}}) == an_order()


@pytest.mark.parametrize(
    "change",
    [
        {"item_id": "unknown"},
        {"item_id": "unknown", "name": "Candle"},
        {"name": "Unknown"},
        {"quantity": 2},
        {"item_id": 5},
        {"name": ["Candle"]},
        {"name": "Twin"},
    ],
)
def test_an_item_that_is_not_found_or_could_be_several_is_refused(change):
    items = [an_item(), an_item(item_id="t1", name="Twin"), an_item(item_id="t2", name="Twin")]

    with pytest.raises(Invalid, match="Could not find specified item"):
        places_of([change], items)


def test_two_changes_cannot_be_about_one_item():
    with pytest.raises(Invalid, match="Could not find specified item"):
        places_of([{"item_id": "line-1"}, {"item_id": "line-1"}], [an_item()])


@pytest.mark.parametrize("key", ["item_id", "name"])
def test_forty_thousand_items_are_found_within_seconds(key):
    """Half of the changes name the item's id, half its name. Looked for one by one, 40,000 would take half a minute."""
    items = [{"item_id": str(number), "name": str(number)} for number in range(40_000)]
    changes = [{"item_id": item["item_id"]} if place % 2 else {key: item[key]} for place, item in enumerate(items)]
    begun = thread_time()

    found = places_of(changes, items)

    assert found == list(range(40_000))
    assert thread_time() - begun < 3


@pytest.mark.parametrize("unreadable", [5, [5], {"a": 1}, "items"])
def test_unreadable_items_are_left_to_be_refused(unreadable):
    assert items_of(changed(an_order(), {"order_details": {"order_items": unreadable}})) == unreadable


def test_another_service_point_takes_nothing_over_from_the_former():
    document = an_order(service_point_details={"id": "5", "latitude": "51.4", "type": "packstation"})

    result = changed(document, {"service_point_details": {"carrier_service_point_id": "91233"}})

    assert result == an_order(service_point_details={"carrier_service_point_id": "91233"})


def test_a_detail_of_the_service_point_is_merged():
    document = an_order(service_point_details={"id": "5", "latitude": "51.4"})

    result = changed(document, {"service_point_details": {"post_number": "7"}})

    assert result == an_order(service_point_details={"id": "5", "latitude": "51.4", "post_number": "7"})


def ship_with(**properties):
    return {"ship_with": {"type": "shipping_option_code", "properties": properties}}


def test_another_shipping_option_does_not_keep_the_contract_of_the_former():
    document = an_order(shipping_details=ship_with(shipping_option_code="a:1", contract_id=4))

    result = changed(document, {"shipping_details": ship_with(shipping_option_code="b:2")})

    assert result == an_order(shipping_details=ship_with(shipping_option_code="b:2"))


def test_another_contract_keeps_the_shipping_option():
    document = an_order(shipping_details=ship_with(shipping_option_code="a:1", contract_id=4))

    result = changed(document, {"shipping_details": ship_with(contract_id=5)})

    assert result == an_order(shipping_details=ship_with(shipping_option_code="a:1", contract_id=5))
