"""From the pointer of an error to the place in the body that was sent, as far as there is one."""

import pytest

from kolli.api.pointing import Pointed, resolved, walked, written

SYNC = {"integration_id": 70, "order": {"order_number": "A-1"}}


@pytest.mark.parametrize(
    ("pointer", "body", "root", "place", "value"),
    [
        ("/data/attributes/order/order_number", SYNC, "/data/attributes", ("order", "order_number"), "A-1"),
        ("/data/attributes/order/order_number", SYNC, "", ("order", "order_number"), "A-1"),
        ("/data/integration_id", SYNC, "/data", ("integration_id",), 70),
        ("/integration_id", SYNC, "", ("integration_id",), 70),
        ("/data", SYNC, "", (), SYNC),
        ("", SYNC, "", (), SYNC),
        ("/data/attributes/[1]/order_id", [{}, {"order_id": 5}], "/data/attributes", (1, "order_id"), 5),
        ("/data/attributes/orders/0/a", {"orders": [{"a": 1}]}, "", ("orders", 0, "a"), 1),
        ("/data/attributes/order/order_number", {"order": [{"order_number": 1}]}, "", ("order", 0, "order_number"), 1),
        ("/data/attributes/order/order_id", {"orders": [{"order_id": 1}]}, "", ("orders", 0, "order_id"), 1),
        ("/data/attributes/label_details/dpi", {"label": {"dpi": 1}}, "", ("label", "dpi"), 1),
        ("/address/city", {"address": {"city": "A"}}, "/address", ("address", "city"), "A"),
        ("/data/a~1b/c~0d", {"a/b": {"c~d": 1}}, "/data", ("a/b", "c~d"), 1),
        ("/data/attributes", {"data": {"attributes": 3}}, "", ("data", "attributes"), 3),
        ("/a/0", {"a": {"0": "name"}}, "", ("a", "0"), "name"),
    ],
)
def test_a_pointer_leads_to_a_value(pointer, body, root, place, value):
    assert resolved(pointer, body, root) == Pointed(place, value)


@pytest.mark.parametrize(
    ("pointer", "body", "place", "missing"),
    [
        ("/data/attributes/order/order_id", SYNC, ("order",), ("order_id",)),
        ("/data/attributes/order/shipping_address/city", SYNC, ("order",), ("shipping_address", "city")),
        ("/data/attributes/[7]", [{}], (), ("[7]",)),
        ("/data/attributes/integration_id/deeper", SYNC, ("integration_id",), ("deeper",)),
        ("/data/attributes/x", None, (), ("x",)),
        ("/data/attributes/x", {}, (), ("x",)),
        ("/data/attributes/99999999", [1], (), ("99999999",)),
    ],
)
def test_a_pointer_that_leads_nowhere_says_how_far_it_leads_and_what_is_missing(pointer, body, place, missing):
    found = resolved(pointer, body, "/data/attributes")

    assert (found.place, found.missing, found.is_there) == (place, missing, False)


def test_every_place_of_a_body_is_found_by_its_own_pointer():
    body = {"a": [{"b/c": 1}, []], "": {"~": None}}

    assert [resolved(written(place), body).place for place, _ in walked(body)] == [place for place, _ in walked(body)]
