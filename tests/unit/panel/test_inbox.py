"""The inbox: what is listed, found, filtered, kept as a view and selected, and what becomes of that."""

import re
from html import unescape

import pytest

from kolli.account.accounts import Account, add_account
from kolli.account.audit import Wanted, list_entries
from kolli.orders.inbox import find_standing
from kolli.panel.inbox import PATH
from kolli.standing import Standing
from tests.factories import an_item, an_order, with_items
from tests.markup import HOSTILE, what_runs
from tests.people import person, text_of


def numbered(count: int, **changes):
    return [
        an_order(order_id=f"shop-{place}", order_number=f"ORDER-{place}", **changes) for place in range(1, count + 1)
    ]


def listed(answer) -> list[str]:
    """The numbers of the orders on the page, from the top down."""
    return re.findall(r'class="known" href="[^"]+">([^<]+)<', answer.text)


def address_of(direction: str, answer) -> str:
    (address,) = re.findall(rf'rel="{direction}" href="([^"]+)"', answer.text)
    return unescape(address)


@pytest.fixture
def stranger(caller):
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Somebody else"))
    return person(caller.installation, "owner", account_id=2)


def entries(caller, action: str):
    with caller.installation.database.read() as transaction:
        return list_entries(transaction, 1, Wanted(action=action), 20)


def test_orders_are_listed_newest_first_with_what_is_known_of_them(caller, owner):
    caller.store(*numbered(2))

    answer = owner.get(PATH)

    assert answer.status_code == 200
    assert listed(answer) == ["ORDER-2", "ORDER-1"]
    assert "Femke de Vries Amsterdam, Netherlands 2 pieces 0.7 kg" in text_of(answer)


def test_an_empty_inbox_says_where_orders_come_from(owner):
    assert "Orders appear here when your shop sends them" in text_of(owner.get(PATH))


@pytest.mark.parametrize("text", ["ORDER-2", "femke", "1012", "candle-9", "f.devries@example.com"])
def test_an_order_is_found_by_its_number_name_postal_code_sku_and_mail_address(caller, owner, text):
    address = {**an_order()["shipping_address"], "email": "f.devries@example.com"}
    mine = with_items(an_item(sku="candle-9"), order_id="shop-2", order_number="ORDER-2", shipping_address=address)
    other = {**address, "name": "Jan Bos", "postal_code": "3511 AB", "email": "jan@example.com"}
    caller.store(an_order(shipping_address=other), mine)

    assert listed(owner.get(PATH, params={"q": text})) == ["ORDER-2"]


def test_a_shipped_order_is_found_by_its_tracking_number_whatever_tab_is_open(caller, owner):
    caller.store(*numbered(2))
    shipped = caller.ship().json()["data"][0]["tracking_number"]

    answer = owner.get(PATH, params={"q": shipped})

    assert listed(answer) == ["ORDER-1"]
    assert shipped in answer.text


def test_a_script_gets_only_the_list(caller, owner):
    caller.store(an_order())

    answer = owner.get(PATH, params={"q": "ORDER"}, headers={"HX-Request": "true"})

    assert listed(answer) == ["ORDER-1"]
    assert "<html" not in answer.text


def test_tabs_count_what_passes_the_filters(caller, owner):
    caller.store(*numbered(3))
    caller.ship()

    text = text_of(owner.get(PATH))

    assert "Open 2 Shipping 0 Shipped 1 Failed 0 Unknown 0 All" in text
    assert listed(owner.get(PATH, params={"state": "shipped"})) == ["ORDER-1"]
    assert listed(owner.get(PATH, params={"state": "all"})) == ["ORDER-3", "ORDER-2", "ORDER-1"]


def test_filters_narrow_the_list(caller, owner):
    abroad = {**an_order()["shipping_address"], "country_code": "BE", "postal_code": "2000", "city": "Antwerpen"}
    no_weight = with_items(an_item(measurement=None), order_id="shop-3", order_number="ORDER-3")
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2", shipping_address=abroad), no_weight)

    assert listed(owner.get(PATH, params={"country": "BE"})) == ["ORDER-2"]
    assert listed(owner.get(PATH, params={"warnings": "on"})) == ["ORDER-3"]
    assert listed(owner.get(PATH, params={"shop": "70", "status": "unfulfilled"})) == ["ORDER-3", "ORDER-2", "ORDER-1"]
    assert listed(owner.get(PATH, params={"from": "2026-11-21"})) == []


@pytest.mark.parametrize(
    "query", ["?from=yesterday&to=x&shop=%00&after=99999999999999999999&state=nowhere", "?before=x&q=%22"]
)
def test_an_address_that_makes_no_sense_is_answered_all_the_same(caller, owner, query):
    caller.store(an_order())

    assert owner.get(PATH + query).status_code == 200


def test_a_long_list_has_pages_in_both_directions(caller, owner):
    caller.store(*numbered(60))

    first = owner.get(PATH)
    older = address_of("next", first)
    second = owner.get(older)
    newer = address_of("prev", second)

    assert (listed(first)[0], len(listed(first))) == ("ORDER-60", 50)
    assert listed(second) == [f"ORDER-{place}" for place in range(10, 0, -1)]
    assert listed(owner.get(newer)) == listed(first)


def test_filters_are_kept_as_a_view_opened_and_removed(caller, packer):
    caller.store(an_order())

    kept = packer.post(f"{PATH}views/", {"name": "To Belgium", "query": "?country=BE&state=failed&evil=1"})
    page = packer.get(PATH)
    (number,) = re.findall(r"/panel/inbox/views/(\d+)/remove/", page.text)

    assert kept.headers["location"] == f"{PATH}?country=BE&state=failed"
    assert f'<a href="{PATH}?country=BE&amp;state=failed">To Belgium</a>' in page.text
    assert packer.post(f"{PATH}views/{number}/remove/").status_code == 303
    assert "To Belgium" not in packer.get(PATH).text


def test_a_view_without_a_name_is_refused_beside_the_field(packer):
    answer = packer.post(f"{PATH}views/", {"name": " ", "query": "?country=BE"})

    assert answer.status_code == 422
    assert "A view needs a name." in text_of(answer)


def test_one_selected_order_is_shipped_at_once_and_its_page_opens(caller, packer):
    (order,) = caller.store(an_order())

    answer = packer.post(f"{PATH}ship/", {"order": str(order)})

    assert answer.headers["location"] == f"/panel/orders/{order}/"
    assert len(caller.sandbox.ledger_entries()) == 1
    assert [(entry.subject, entry.actor) for entry in entries(caller, "order.ship")] == [("ORDER-1", packer.user.name)]


def test_several_selected_orders_become_a_batch_once(caller, packer):
    orders = caller.store(*numbered(3))

    first, again = (
        packer.post(f"{PATH}ship/", {"order": [str(each) for each in orders]}, form_key="the-same-form-again")
        for _ in "12"
    )

    assert first.status_code == 303
    assert first.headers["location"].startswith("/panel/batches/")
    assert again.headers["location"] == first.headers["location"]


def test_shipping_nothing_says_so_and_keeps_the_search(caller, packer):
    caller.store(*numbered(2))

    answer = packer.post(f"{PATH}ship/", {"query": "?q=ORDER-2"})

    assert answer.status_code == 422
    assert "No order is selected" in text_of(answer)
    assert listed(answer) == ["ORDER-2"]


def test_selected_orders_make_a_pick_list_and_packing_slips(caller, packer):
    first, second = caller.store(*numbered(2))
    caller.ship()

    picked = packer.post(f"{PATH}pick-list.pdf", {"order": [str(first), str(second)]})
    slips = packer.post(f"{PATH}packing-slips.pdf", {"order": [str(first), str(second)]})
    none = packer.post(f"{PATH}packing-slips.pdf", {"order": str(second)})

    assert (picked.content[:5], slips.content[:5]) == (b"%PDF-", b"%PDF-")
    assert none.status_code == 422
    assert "None of these orders has a label yet" in text_of(none)


def test_a_viewer_looks_and_ships_nothing(caller, viewer):
    (order,) = caller.store(an_order())

    page = viewer.get(PATH)

    assert listed(page) == ["ORDER-1"]
    assert 'formaction="/panel/orders' not in page.text
    assert viewer.post(f"{PATH}ship/", {"order": str(order)}).status_code == 403
    assert caller.sandbox.ledger_entries() == []


def test_nobody_sees_or_ships_the_orders_of_another_account(caller, stranger):
    orders = caller.store(*numbered(2))

    assert listed(stranger.get(PATH, params={"state": "all"})) == []
    assert listed(stranger.get(PATH, params={"q": "ORDER-1"})) == []
    assert stranger.post(f"{PATH}ship/", {"order": str(orders[0])}).status_code == 404
    assert stranger.post(f"{PATH}ship/", {"order": [str(each) for each in orders]}).status_code == 422
    assert stranger.post(f"{PATH}packing-slips.pdf", {"order": str(orders[0])}).status_code == 422
    assert caller.sandbox.ledger_entries() == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(caller, owner, text):
    address = {**an_order()["shipping_address"], "name": text, "city": text, "company_name": text}
    caller.store(an_order(order_number=text, shipping_address=address))
    owner.post(f"{PATH}views/", {"name": text, "query": ""})

    answer = owner.get(PATH, params={"q": text, "status": text, "country": text, "state": "all"})
    everything = owner.get(PATH, params={"state": "all"})

    assert text in text_of(everything)
    assert what_runs(answer) == []
    assert what_runs(everything) == []


def test_what_is_on_the_screen_is_exported_and_no_cell_begins_a_formula(caller, owner):
    abroad = {**an_order()["shipping_address"], "name": "=1+1", "country_code": "BE", "postal_code": "2000"}
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2", shipping_address=abroad))

    answer = owner.get(f"{PATH}orders.csv", params={"country": "BE"})

    assert answer.headers["content-type"].startswith("text/csv")
    assert "ORDER-2" in answer.text
    assert "ORDER-1" not in answer.text
    assert "'=1+1" in answer.text
    assert 'filename="orders.csv"' in answer.headers["content-disposition"]


def test_a_list_that_is_old_cancels_the_label_that_it_shows_and_no_later_one(caller, packer):
    (order,) = caller.store(an_order())
    packer.post(f"/panel/orders/{order}/ship/")
    (shown,) = re.findall(r'cancel/" name="shipment" value="([^"]+)"', packer.get(f"{PATH}?state=shipped").text)
    sent = {"shipment": shown}
    packer.post(f"/panel/orders/{order}/cancel/", sent)
    packer.post(f"/panel/orders/{order}/ship/")  # by a colleague, in another window

    packer.post(f"/panel/orders/{order}/cancel/", sent)

    with caller.installation.database.read() as transaction:
        assert find_standing(transaction, 1, order) is Standing.SHIPPED
