"""The page of an order: what it shows, and what is done there, once and not twice."""

import json
import re
from html import unescape

import pytest

from kolli.account.accounts import Account, add_account
from kolli.account.audit import Wanted, list_entries
from kolli.carriers.sandbox import Fault
from kolli.operations.printing import add_new_printer
from kolli.orders.queries import get_order
from kolli.panel.order_words import ADDRESS
from kolli.printing.model import Profile
from tests.factories import a_caller, an_item, an_order, with_items
from tests.markup import HOSTILE, what_runs
from tests.people import person, text_of


@pytest.fixture
def order(caller):
    (order,) = caller.store(an_order())
    return order


@pytest.fixture
def stranger(caller):
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Somebody else"))
    return person(caller.installation, "owner", account_id=2)


@pytest.fixture
def printer(caller):
    return add_new_printer("Label printer", Profile(way="download"), caller.context, is_default=True)


def found(pattern: str, text: str) -> str:
    """The first thing that the pattern's group finds."""
    return str(re.findall(pattern, text)[0])


def page_of(order: int, rest: str = "") -> str:
    return f"/panel/orders/{order}/{rest}"


def booked(caller) -> list[str]:
    return [entry.tracking_number for entry in caller.sandbox.ledger_entries()]


def stored(caller, order: int):
    with caller.installation.database.read() as transaction:
        return get_order(transaction, 1, order)


def done(caller, action: str = "order."):
    with caller.installation.database.read() as transaction:
        return [entry.action for entry in list_entries(transaction, 1, Wanted(action=action), 20)]


# What it shows


def test_an_order_shows_what_was_ordered_where_it_goes_and_why_it_goes_so(caller, packer):
    item = an_item(sku="CANDLE-9", hs_code="3406.00", country_of_origin="NL")
    document = with_items(item)
    document["order_details"]["notes"] = "Leave it with the neighbours"
    (order,) = caller.store(document)

    text = text_of(packer.get(page_of(order)))

    assert "2 × Candle CANDLE-9 · 0.35 kg · HS code 3406.00 · from Netherlands" in text
    assert "Femke de Vries Oudezijds Voorburgwal 218 1012 GJ Amsterdam Netherlands" in text
    assert "Leave it with the neighbours" in text
    assert "Shipping option" in text
    assert "Default of the account" in text


def test_a_preview_is_drawn_and_nothing_is_bought(caller, packer, order):
    answer = packer.get(page_of(order, "preview.png"))

    assert (answer.status_code, answer.content[:4]) == (200, b"\x89PNG")
    assert booked(caller) == []
    assert caller.client.get("/api/v3/shipments").json()["data"] == []


def test_what_is_chosen_is_decided_anew_for_a_script(caller, packer, order):
    options = {"shipping_option_code": "sendcloud:letter"}

    answer = packer.get(page_of(order), params=options, headers={"HX-Request": "true"})

    assert "Chosen by hand" in text_of(answer)
    assert "preview.png?shipping_option_code=sendcloud" in answer.text
    assert "<html" not in answer.text
    assert packer.csrf not in answer.text


def test_an_order_that_cannot_be_shipped_says_what_where_and_what_to_do(caller, packer):
    (order,) = caller.store(with_items(an_item(measurement=None)))

    answer = packer.get(page_of(order))

    assert "weight: The order has no weight." in text_of(answer).replace("Weight", "weight")
    assert f'href="{page_of(order)}edit/#weight"' in answer.text


def test_a_warning_stands_beside_the_address_with_its_suggestion(caller, packer):
    address = {**an_order()["shipping_address"], "address_line_1": "Keizersgracht 12 hs", "house_number": None}
    (order,) = caller.store(an_order(shipping_address={name: value for name, value in address.items() if value}))

    page = packer.get(page_of(order))
    form = packer.get(page_of(order, "edit/?suggest=house-number"))

    assert "The house number stands in the street line." in text_of(page)
    assert page_of(order, "edit/?suggest=house-number") in page.text
    assert 'value="Keizersgracht"' in form.text
    assert 'value="12 hs"' in form.text
    assert "address_line_1" in stored(caller, order).document["shipping_address"]
    assert stored(caller, order).revision == 1


# Shipping


def test_shipping_books_once_and_the_page_shows_the_label(caller, packer, order):
    answer = packer.post(page_of(order, "ship/"))
    page = packer.get(answer.headers["location"])
    parcel = found(r"parcels/(\d+)/label\.pdf", page.text)

    assert answer.status_code == 303
    assert booked(caller)[0] in text_of(page)
    assert "Print the label again" in text_of(page)
    assert packer.get(page_of(order, f"parcels/{parcel}/label.pdf")).content[:5] == b"%PDF-"
    assert packer.get(page_of(order, f"parcels/{parcel}/label.png")).content[:4] == b"\x89PNG"
    assert packer.get(page_of(order, f"parcels/{parcel}/label.zpl")).content[:3] == b"^XA"
    assert packer.get(page_of(order, "packing-slip.pdf")).content[:5] == b"%PDF-"
    assert done(caller) == ["order.ship"]


def test_the_same_form_sent_twice_makes_one_label(caller, packer, order):
    first, again = (packer.post(page_of(order, "ship/"), form_key="pressed-twice-12345") for _ in "12")

    assert (first.status_code, again.status_code) == (303, 303)
    assert len(booked(caller)) == 1


def test_another_form_for_a_shipped_order_is_refused_and_books_nothing(caller, packer, order):
    packer.post(page_of(order, "ship/"))

    answer = packer.post(page_of(order, "ship/"))

    assert answer.status_code == 422
    assert "already" in text_of(answer)
    assert len(booked(caller)) == 1


def test_a_chosen_option_that_does_not_exist_is_refused_on_the_page(caller, packer, order):
    answer = packer.post(page_of(order, "ship/"), {"shipping_option_code": "nobody:nothing"})

    assert answer.status_code == 422
    assert "There is no shipping option 'nobody:nothing'" in text_of(answer)
    assert booked(caller) == []


def test_shipping_and_printing_makes_a_print_job(caller, packer, order, printer):
    answer = packer.post(page_of(order, "ship/"), {"prints": "on"})
    page = packer.get(answer.headers["location"])

    assert "?job=" in answer.headers["location"]
    assert "/panel/print-jobs/" in page.text
    assert sorted(done(caller)) == ["order.print", "order.ship"]


def test_without_a_printer_the_label_is_there_all_the_same(caller, packer, order):
    answer = packer.post(page_of(order, "ship/"), {"prints": "on"})

    assert answer.headers["location"] == page_of(order)
    assert len(booked(caller)) == 1


def test_printing_again_never_books(caller, packer, order, printer):
    packer.post(page_of(order, "ship/"))

    answers = [packer.post(page_of(order, "print/")) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {303}
    assert len(booked(caller)) == 1


def test_an_order_whose_carrier_says_no_tells_why_and_can_be_shipped_again(caller, packer, order):
    caller.sandbox.ledger.fail_next(Fault.REFUSE)

    answer = packer.post(page_of(order, "ship/"))
    page = packer.get(page_of(order))

    assert answer.status_code == 422
    assert "The last try has failed; nothing was booked." in text_of(page)
    assert packer.post(page_of(order, "ship/")).status_code == 303


def test_an_order_nobody_knows_about_leads_to_the_list_of_what_is_perhaps_paid(caller, packer, order):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)

    packer.post(page_of(order, "ship/"))
    page = packer.get(page_of(order))

    assert "Nobody knows yet whether the carrier has booked this order." in text_of(page)
    assert "/panel/lists/perhaps-paid/" in page.text
    assert f'{page_of(order)}ship/"' not in page.text


def test_a_page_that_waits_is_told_when_it_is_over(caller, packer, order):
    packer.post(page_of(order, "ship/"))

    answer = packer.get(page_of(order, "standing/?was=shipping"), headers={"HX-Request": "true"})

    assert answer.headers["hx-redirect"] == page_of(order)


# Cancelling, and another label


def test_a_cancelled_label_is_gone_and_the_order_can_be_shipped_again(caller, packer, order):
    packer.post(page_of(order, "ship/"))

    answer = packer.post(page_of(order, "cancel/"))
    page = packer.get(page_of(order))

    assert answer.status_code == 303
    assert caller.sandbox.ledger_entries()[0].is_cancelled
    assert packer.get(page_of(order, "label.pdf")).status_code == 400
    assert f'action="{page_of(order)}ship/"' in page.text
    assert done(caller, "order.cancel") == ["order.cancel"]


def test_a_shipment_of_another_order_is_not_cancelled_here(caller, packer, order):
    (other,) = caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    packer.post(page_of(other, "ship/"))
    shipment = found(r'name="shipment" value="([^"]+)"', packer.get(page_of(other)).text)

    answer = packer.post(page_of(order, "cancel/"), {"shipment": shipment})

    assert answer.status_code == 404
    assert not caller.sandbox.ledger_entries()[0].is_cancelled


def test_another_label_is_made_once_for_a_reason_and_linked_with_the_first(caller, packer, order):
    packer.post(page_of(order, "ship/"))
    sent = {"reason": "other", "text": "The second candle was forgotten"}

    answers = [packer.post(page_of(order, "another-label/"), sent, form_key="another-one-12345") for _ in "12"]
    page = packer.get(page_of(order))

    assert {answer.status_code for answer in answers} == {303}
    assert len(booked(caller)) == 2
    assert "Made on purpose beside another label: other: The second candle was forgotten." in text_of(page)
    assert len(re.findall(r'id="shipment-', page.text)) == 2
    first = found(r'href="#shipment-([^"]+)"', page.text)
    assert f'id="shipment-{first}"' in page.text
    assert "order.another_label" in done(caller)


@pytest.mark.parametrize("sent", [{}, {"reason": "because"}, {"reason": "other", "text": " "}])
def test_another_label_wants_a_reason(caller, packer, order, sent):
    packer.post(page_of(order, "ship/"))

    answer = packer.post(page_of(order, "another-label/"), sent)

    assert answer.status_code == 422
    assert len(booked(caller)) == 1


def test_an_order_without_a_label_gets_no_other_one(caller, packer, order):
    answer = packer.post(page_of(order, "another-label/"), {"reason": "lost"})

    assert answer.status_code == 422
    assert "no label yet" in text_of(answer)
    assert booked(caller) == []


# Editing


def form_in(answer) -> dict[str, str]:
    """What the form of the page would send if nobody typed anything."""
    fields = dict.fromkeys(
        re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', answer.text.split('class="editing"')[1]), ""
    )
    for tag in re.findall(r"<input[^>]*>", answer.text.split('class="editing"')[1]):
        name, value = re.search(r' name="([^"]+)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and value and 'type="checkbox"' not in tag:
            fields[name[1]] = unescape(value[1])
    for name, options in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', answer.text, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = unescape(chosen[1]) if chosen else ""
    fields.pop("clears_point", None)
    return {name: value for name, value in fields.items() if name not in {"csrf", "form_key"}}


def edited(someone, order: int, **typed):
    sent = form_in(someone.get(page_of(order, "edit/")))
    return someone.post(page_of(order, "edit/"), {**sent, **typed})


def test_a_form_that_nobody_typed_into_changes_nothing(caller, packer):
    document = with_items(an_item(), an_item(item_id=None, name="Match", measurement=None), an_item(item_id="line-3"))
    (order,) = caller.store(document)
    before = stored(caller, order)

    answer = edited(packer, order)

    assert answer.status_code == 303
    assert stored(caller, order) == before
    assert done(caller) == []


def test_an_address_weights_and_customs_are_corrected_in_place(caller, packer):
    (order,) = caller.store(with_items(an_item(), an_item(item_id=None, name="Match", measurement=None)))

    of_match = {"weight": "20", "weight_unit": "g", "hs_code": "3605.00", "country_of_origin": "se"}

    answer = edited(
        packer,
        order,
        city="Utrecht",
        house_number="",
        weight="1,5",
        weight_unit="kg",
        **{f"items.1.{name}": value for name, value in of_match.items()},
    )
    after = stored(caller, order)
    match = after.document["order_details"]["order_items"][1]

    assert answer.status_code == 303
    assert after.document["shipping_address"]["city"] == "Utrecht"
    assert "house_number" not in after.document["shipping_address"]
    assert str(after.weight) == "1.5 kg"
    assert (str(after.items[1].weight), match["hs_code"], match["country_of_origin"]) == ("20 g", "3605.00", "SE")
    assert after.revision == 2
    assert done(caller) == ["order.edit"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("postal_code", ""),
        ("weight", "much"),
        ("weight", "-1"),
        ("items.0.country_of_origin", "X"),
        ("city", "a\u202eb"),
    ],
)
def test_what_cannot_be_is_told_beside_the_field_and_what_was_typed_is_kept(caller, packer, order, name, value):
    answer = edited(packer, order, **{name: value, "company_name": "Kept & Co"})

    assert answer.status_code == 422
    assert f'id="{name}-wrong"' in answer.text
    assert 'value="Kept &amp; Co"' in answer.text
    assert stored(caller, order).revision == 1


def test_a_service_point_is_kept_until_somebody_says_home_delivery(caller, packer):
    (order,) = caller.store(an_order(service_point_details={"id": "4711"}))

    edited(packer, order, city="Utrecht")
    kept = stored(caller, order).document["service_point_details"]
    form = packer.get(page_of(order, "edit/"))
    edited(packer, order, clears_point="on")

    assert kept == {"id": "4711"}
    assert "4711" in text_of(form)
    assert "service_point_details" not in stored(caller, order).document


def test_two_who_edit_one_order_are_told_and_nobodys_change_vanishes(caller, packer, owner, order):
    opened = form_in(packer.get(page_of(order, "edit/")))
    edited(owner, order, city="Utrecht", company_name="De Vries bv")

    told = packer.post(page_of(order, "edit/"), {**opened, "city": "Rotterdam", "house_number": "220"})
    unchanged = stored(caller, order).document["shipping_address"]
    again = packer.post(page_of(order, "edit/"), form_in(told))
    after = stored(caller, order).document["shipping_address"]

    assert told.status_code == 409
    assert f"{owner.user.name} has changed this order while you were editing it." in text_of(told)
    assert "City both changed it Amsterdam Utrecht Rotterdam" in text_of(told)
    assert "Company – De Vries bv left alone" in text_of(told)
    assert (unchanged["city"], unchanged["house_number"]) == ("Utrecht", "218")
    assert again.status_code == 303
    assert (after["city"], after["house_number"], after["company_name"]) == ("Rotterdam", "220", "De Vries bv")


def test_a_change_elsewhere_in_the_order_does_not_stand_in_the_way(caller, packer, order):
    opened = form_in(packer.get(page_of(order, "edit/")))
    caller.client.patch(f"/api/v3/orders/{order}", json={"order_details": {"status": {"code": "paid"}}})

    answer = packer.post(page_of(order, "edit/"), {**opened, "city": "Utrecht"})
    after = stored(caller, order).document

    assert answer.status_code == 303
    assert (after["shipping_address"]["city"], after["order_details"]["status"]["code"]) == ("Utrecht", "paid")


@pytest.mark.parametrize("was", ["", "[]", '{"name": 1}', "{" * 500, json.dumps({"items.99.weight": "1", "evil": "x"})])
def test_a_form_that_was_tampered_with_does_no_harm(caller, packer, order, was):
    opened = form_in(packer.get(page_of(order, "edit/")))

    answer = packer.post(page_of(order, "edit/"), {**opened, "was": was, "revision": "x"})

    assert answer.status_code in {303, 409}
    assert stored(caller, order).revision == 1


# Who may, and whose it is


def test_a_viewer_looks_and_changes_nothing(caller, viewer, order):
    page = viewer.get(page_of(order))

    assert page.status_code == 200
    assert 'data-press="' not in page.text
    for rest in ("ship/", "print/", "cancel/", "another-label/", "edit/"):
        assert viewer.post(page_of(order, rest), {"reason": "lost"}).status_code == 403
    assert booked(caller) == []


def test_the_order_of_another_account_is_as_unknown_as_one_that_is_not_there(caller, packer, stranger, order):
    packer.post(page_of(order, "ship/"))
    parcel = found(r"parcels/(\d+)/label\.pdf", packer.get(page_of(order)).text)
    pages = (
        "",
        "edit/",
        "preview.png",
        "label.pdf",
        "packing-slip.pdf",
        "another-label/",
        "standing/",
        f"parcels/{parcel}/label.pdf",
    )

    for rest in pages:
        theirs, nobodys = stranger.get(page_of(order, rest)), stranger.get(page_of(99999999, rest))
        assert (theirs.status_code, nobodys.status_code) == (404, 404)
        assert text_of(theirs) == text_of(nobodys)
    for rest in ("ship/", "print/", "cancel/", "another-label/", "edit/"):
        assert stranger.post(page_of(order, rest), {"reason": "lost"}).status_code == 404
    assert len(booked(caller)) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_as_text(caller, owner, text):
    address = {**dict.fromkeys(ADDRESS, text), "country_code": "NL"}
    document = with_items(
        an_item(name=text, sku=text, hs_code=text),
        order_number=text,
        order_id=text,
        shipping_address=address,
    )
    document["order_details"] |= {"notes": text, "status": {"code": text, "message": text}}
    document["service_point_details"] = {"id": text}
    (order,) = caller.store(document)

    page, form = owner.get(page_of(order)), owner.get(page_of(order, "edit/"))
    refused = edited(owner, order, weight=text, **{"items.0.country_of_origin": text})
    told = owner.post(
        page_of(order, "edit/"), {**form_in(form), "revision": "0", "was": json.dumps({"city": text + "x"})}
    )

    assert text in text_of(page)
    assert (page.status_code, form.status_code, refused.status_code, told.status_code) == (200, 200, 422, 409)
    assert [what_runs(answer) for answer in (page, form, refused, told)] == [[], [], [], []]


def test_an_order_that_was_changed_since_it_was_looked_at_is_shown_before_it_is_shipped(caller, packer, owner, order):
    page = packer.get(page_of(order)).text
    seen = found(r'name="revision" value="(\d+)"', page)
    edited(owner, order, city="Utrecht")

    answer = packer.post(page_of(order, "ship/"), {"revision": seen}, form_key="opened-before-the-change")
    assert (answer.status_code, booked(caller)) == (422, [])
    assert "has changed since this page was opened" in text_of(answer)

    again = {"revision": found(r'name="revision" value="(\d+)"', answer.text)}
    for _ in "12":
        sent = packer.post(page_of(order, "ship/"), again, form_key="opened-after-the-change-1")
        edited(owner, order, city="Delft")  # whoever sends the form again finds what it has made
    assert (sent.status_code, len(booked(caller))) == (303, 1)


def test_another_form_books_nothing_where_the_account_allows_other_labels(installation):
    caller = a_caller(installation, repeat_labels="allowed")
    packer = person(installation, "packer")
    (order,) = caller.store(an_order())
    packer.post(page_of(order, "ship/"))

    answer = packer.post(page_of(order, "ship/"))

    assert (answer.status_code, len(booked(caller))) == (422, 1)


def test_without_scripts_another_choice_is_looked_at_and_nothing_of_the_form_stands_in_an_address(caller, owner):
    (order_pk,) = caller.store(an_order())
    path = f"/panel/orders/{order_pk}/"

    looked = owner.post(f"{path}look/", {"shipping_option_code": "postnl:standard"})

    assert looked.status_code == 200
    assert 'value="postnl:standard" selected' in looked.text
    assert 'formmethod="get"' not in looked.text
