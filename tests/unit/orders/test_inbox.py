"""Lists and counts of the inbox, what an order is found by, and saved views."""

from datetime import date

import pytest

from kolli.errors import Invalid, NotFound
from kolli.orders import inbox as inbox_module
from kolli.orders import terms
from kolli.orders.inbox import Count, InboxFilters, InboxPage, all_ids, count_inbox, find_standing, list_inbox
from kolli.orders.terms import terms_of, words_of
from kolli.orders.views import SavedView, list_views, remove_view, save_view
from kolli.standing import Standing
from tests.factories import NOW, a_caller, an_item, an_order, with_items


def found(caller, **filters):
    with caller.installation.database.read() as transaction:
        return [
            row.order_pk
            for row in list_inbox(transaction, caller.context.account_id, InboxFilters(**filters), InboxPage()).rows
        ]


def counts(caller, **filters):
    with caller.installation.database.read() as transaction:
        counted = count_inbox(transaction, caller.context.account_id, InboxFilters(**filters))
    return {state.value: str(count) for state, count in counted.items() if count.number}


def standing(caller, order_pk):
    with caller.installation.database.read() as transaction:
        return find_standing(transaction, caller.context.account_id, order_pk)


def an_order_for(name, number=1, **changes):
    address = {**an_order()["shipping_address"], "name": name}
    return an_order(order_id=f"shop-{number}", order_number=f"ORDER-{number}", shipping_address=address, **changes)


def test_an_order_is_open_until_its_label_is_stored(caller):
    (order_pk,) = caller.store(an_order())
    before = standing(caller, order_pk)

    caller.ship()

    assert (before, standing(caller, order_pk)) == (Standing.OPEN, Standing.SHIPPED)


def test_an_order_whose_carrier_says_no_has_failed_and_is_no_longer_when_it_is_shipped_after_all(caller):
    (order_pk,) = caller.store(an_order(order_number="ORDER-1~reject:address"))
    refused = caller.ship(order={"order_id": "shop-1"})
    after_refusal = standing(caller, order_pk)
    caller.store(an_order())

    caller.ship(order={"order_id": "shop-1"})

    assert (refused.status_code, after_refusal) == (400, Standing.FAILED)
    assert standing(caller, order_pk) is Standing.SHIPPED


def test_an_order_that_is_removed_and_sent_again_still_has_its_label(caller):
    (order_pk,) = caller.store(an_order())
    caller.ship()
    caller.client.delete(f"/api/v3/orders/{order_pk}")

    (sent_again,) = caller.store(an_order())

    assert (standing(caller, order_pk), standing(caller, sent_again)) == (None, Standing.SHIPPED)


def test_a_cancelled_label_puts_the_order_back(caller):
    (order_pk,) = caller.store(an_order())
    caller.ship()
    (shipment,) = caller.client.get("/api/v3/shipments").json()["data"]
    shipment_id = shipment["id"]

    caller.client.post(f"/api/v3/shipments/{shipment_id}/cancel")

    assert standing(caller, order_pk) is Standing.OPEN


@pytest.mark.parametrize(
    "text",
    [
        "ORDER-7",
        "order-7",
        "#order-7",
        "shop-7",
        "müller",
        "MÜLLER",
        "Mül",
        "sofie mül",
        "red",
        "1012",
        "post@example",
        "ｓｏｆｉｅ",
    ],
)
def test_an_order_is_found_by_the_beginning_of_each_of_its_words(caller, text):
    item = an_item(sku="CANDLE-RED")
    order = with_items(
        item, order_id="shop-7", order_number="#ORDER-7", customer_details={"name": "X", "email": "post@example.com"}
    )
    order["shipping_address"] = {**order["shipping_address"], "name": "Sofie Müller"}
    caller.store(an_order_for("Femke", 8))

    (wanted,) = caller.store(order)

    assert wanted in found(caller, text=text)


@pytest.mark.parametrize("text", ["ORDER-77", "sofie femke", "üller", "candle-blue", "%", "_", "' OR 1=1"])
def test_what_it_does_not_say_does_not_find_it(caller, text):
    (sofie, _) = caller.store(an_order_for("Sofie Müller", 7), an_order_for("Femke", 8))

    assert sofie not in found(caller, text=text)


def test_an_order_is_found_by_its_tracking_number_however_it_is_written(caller):
    (order_pk, _) = caller.store(an_order(), an_order_for("Femke", 8))
    number = caller.ship().json()["data"][0]["tracking_number"]

    assert found(caller, text=f" {number[:4].lower()} {number[4:].lower()} ") == [order_pk]


def test_what_an_order_no_longer_says_does_not_find_it(caller):
    (order_pk,) = caller.store(an_order_for("Sofie"))
    caller.store(an_order_for("Femke"))

    assert (found(caller, text="sofie"), found(caller, text="femke")) == ([], [order_pk])


def test_filters_hold_together(caller):
    german = {**an_order()["shipping_address"], "country_code": "DE", "postal_code": "10115"}
    (dutch, other) = caller.store(an_order(), an_order(order_id="b", order_number="B", shipping_address=german))
    caller.ship()

    assert found(caller) == [other, dutch]
    assert found(caller, country_code="de") == found(caller, states=frozenset({Standing.OPEN})) == [other]
    assert found(caller, states=frozenset({Standing.SHIPPED}), country_code="DE") == []
    assert found(caller, status="UNFULFILLED", integration_id=70) == [other, dutch]
    assert found(caller, created_from=date(2026, 11, 20), created_to=date(2026, 11, 20)) == [other, dutch]
    assert found(caller, created_from=date(2026, 11, 21)) == found(caller, integration_id=71) == []
    assert counts(caller) == {"open": "1", "shipped": "1"}
    assert counts(caller, country_code="DE") == {"open": "1"}
    assert counts(caller, text="b") == {"open": "1"}


def test_orders_to_look_at_are_found(caller):
    (_, without_weight) = caller.store(an_order(), with_items(an_item(measurement=None), order_id="b"))

    assert found(caller, with_warnings=True) == [without_weight]


def test_counts_end_where_nobody_looks_further(caller, monkeypatch):
    monkeypatch.setattr(inbox_module, "LOOKED_AT", 1)
    caller.store(an_order(), an_order_for("B", 8))

    assert counts(caller) == {"open": "1+"} or counts(caller) == {"open": "2+"}


def test_a_word_that_nearly_every_order_has_finds_them_all_the_same(caller, monkeypatch):
    first, second = caller.store(an_order(), an_order_for("Sofie", 8))
    monkeypatch.setattr(terms, "MANY", 0)

    assert found(caller, text="order") == [second, first]
    assert found(caller, text="order sofie") == [second]


def test_words_of_which_each_is_frequent_find_what_has_both(caller, monkeypatch):
    first, second = caller.store(an_order_for("Sofie de Boer"), an_order_for("Sofie Smit", 8))
    monkeypatch.setattr(terms, "FEW", 0)

    assert found(caller, text="sofie") == [second, first]
    assert found(caller, text="boer sofie") == [first]


def test_all_that_pass_can_be_selected(caller):
    first, second = caller.store(an_order(), an_order_for("B", 8))

    with caller.installation.database.read() as transaction:
        assert all_ids(transaction, 1, InboxFilters(), 10) == [second, first]
        assert all_ids(transaction, 1, InboxFilters(text="shop-8"), 10) == [second]


def test_nobody_finds_what_others_have(caller, installation):
    stranger = a_caller(installation, account_id=2, integration_id=80)
    (order_pk,) = caller.store(an_order())
    number = caller.ship().json()["data"][0]["tracking_number"]

    assert found(stranger) == found(stranger, text="ORDER-1") == found(stranger, text=number) == []
    assert (counts(stranger), standing(stranger, order_pk)) == ({}, None)


def test_words_are_bounded_and_compared_without_case_and_width():
    assert words_of("  STRASSE straße ﬁne Ａ1 ") == ["strasse", "fine", "a1"]
    assert [len(word) for word in words_of("x" * 500)] == [terms.LONGEST_TERM]
    assert len(terms_of(with_items(*(an_item(sku=f"s{number}") for number in range(500))))) == terms.MOST_TERMS


def test_a_count_says_when_there_are_more():
    assert (str(Count(12_000)), str(Count(10_000, is_more=True))) == ("12,000", "10,000+")


# Saved views


def test_a_view_is_kept_under_its_name_and_replaced_under_the_same(caller):
    with caller.installation.database.write() as transaction:
        first = save_view(transaction, 1, 5, " To  do ", {"state": "open"}, NOW)
        again = save_view(transaction, 1, 6, "To do", {"state": "failed"}, NOW)

        assert (first, again) == (5, 5)
        assert list_views(transaction, 1) == [SavedView(5, "To do", {"state": "failed"})]
        assert list_views(transaction, 2) == []


def test_a_view_without_a_name_is_refused(caller):
    with caller.installation.database.write() as transaction, pytest.raises(Invalid, match="needs a name"):
        save_view(transaction, 1, 5, "  ", {}, NOW)


def test_a_view_of_somebody_else_is_not_there(caller):
    with caller.installation.database.write() as transaction:
        view_id = save_view(transaction, 1, 5, "Mine", {}, NOW)

        with pytest.raises(NotFound):
            remove_view(transaction, 2, view_id)
        remove_view(transaction, 1, view_id)
