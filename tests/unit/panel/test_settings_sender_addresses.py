"""Sender addresses in the panel: added, changed, removed, and printed as shown."""

from html import unescape

import pytest

from kolli.account.pages import Page
from kolli.account.sender_addresses import get_sender_address, list_sender_addresses
from kolli.rules.queries import add_rule
from tests.factories import a_rule
from tests.people import person, text_of
from tests.settings_pages import SOME_HOSTILE, a_stranger, newest_entry, stamp_on

PATH = "/panel/settings/sender-addresses/"
OWN = f"{PATH}1017/"
ADDRESS = {
    "name": "Magazijn Zuid",
    "company_name": "Lumen & Was",
    "address_line_1": "Achtseweg Noord",
    "house_number": "20",
    "postal_code": "5651 GG",
    "city": "Eindhoven",
    "country_code": "NL",
    "signature_full_name": "Femke de Vries",
    "signature_initials": "FV",
    "tax_name_0": "VAT",
    "tax_country_0": "nl",
    "tax_value_0": "NL123456789B01",
}


def senders(caller):
    with caller.installation.database.read() as transaction:
        return list_sender_addresses(transaction, 1, Page(100)).records


def sender(caller):
    with caller.installation.database.read() as transaction:
        return get_sender_address(transaction, 1, 1017)


def test_addresses_are_listed_as_they_are_printed(owner):
    page = owner.get(PATH)

    assert page.status_code == 200
    assert "Lumen & Was Oudezijds Voorburgwal 218 1012 GJ Utrecht NETHERLANDS" in text_of(page)


def test_an_address_is_added_with_who_signs_and_tax_numbers(owner, caller):
    answer = owner.post(f"{PATH}new/", ADDRESS)

    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    added = senders(caller)[-1]
    assert (added.address.company_name, added.address.city, added.is_default) == ("Lumen & Was", "Eindhoven", False)
    assert added.details.signature.full_name == "Femke de Vries"
    assert [(tax.name, tax.country_code, tax.value) for tax in added.details.tax_numbers] == [
        ("VAT", "NL", "NL123456789B01")
    ]
    assert newest_entry(caller).action == "sender_address.add"


def test_a_form_that_is_sent_twice_adds_one_address(owner, caller):
    for _ in range(2):
        answer = owner.post(f"{PATH}new/", ADDRESS, form_key="the-same-form-again")
        assert answer.status_code == 303

    assert len(senders(caller)) == 2


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"city": ""}, "city", "at least 1 character"),
        ({"postal_code": "1"}, "postal_code", "'1' is no postal code of NL."),
        ({"email": "nobody"}, "email", "should match pattern"),
        ({"brand_id": "4711"}, "brand_id", "There is no brand 4711."),
        ({"tax_value_0": ""}, "tax_value_0", "Fill in all three, or none."),
        ({"tax_country_0": "??"}, "tax_country_0", "country"),
        ({"name": "x" * 400}, "name", "400"),
    ],
)
def test_wrong_input_stays_in_the_form_with_the_message_beside_its_field(owner, caller, wrong, field, says):
    answer = owner.post(f"{PATH}new/", {**ADDRESS, **wrong})

    assert answer.status_code == 422
    beside = answer.text.split(f'name="{field}"')[1].split("</div>")[0]
    assert says in unescape(beside)
    assert 'value="Achtseweg Noord"' in answer.text
    assert len(senders(caller)) == 1


def test_what_was_changed_stands_in_the_audit_trail(owner, caller):
    before = owner.get(OWN)

    answer = owner.post(OWN, {**ADDRESS, "stamp": stamp_on(before)})

    assert answer.status_code == 303
    assert sender(caller).address.city == "Eindhoven"
    assert sender(caller).is_default
    entry = newest_entry(caller)
    assert (entry.action, entry.details["city"]) == ("sender_address.change", "Utrecht → Eindhoven")
    assert "country_code" not in entry.details


def test_the_second_of_two_people_is_told_what_differs_and_loses_nothing(owner, caller):
    page = owner.get(OWN)
    owner.post(OWN, {**ADDRESS, "city": "Tilburg", "stamp": stamp_on(page)})

    second = owner.post(OWN, {**ADDRESS, "stamp": stamp_on(page)})

    assert second.status_code == 409
    assert "Somebody else has saved this" in text_of(second)
    assert "City Tilburg Eindhoven" in text_of(second)
    assert 'value="Eindhoven"' in second.text
    assert sender(caller).address.city == "Tilburg"
    assert owner.post(OWN, {**ADDRESS, "stamp": stamp_on(second)}).status_code == 303
    assert sender(caller).address.city == "Eindhoven"


def test_the_default_moves_and_only_then_the_old_one_can_go(owner, caller):
    owner.post(f"{PATH}new/", ADDRESS)
    added = senders(caller)[-1]

    refused = owner.post(f"{OWN}remove/")
    moved = owner.post(f"{PATH}{added.id}/default/")
    removed = owner.post(f"{OWN}remove/")

    assert refused.status_code == 422
    assert "Make another one the default first" in text_of(refused)
    assert 'value="Utrecht"' in refused.text  # the form is still about the address
    assert (moved.status_code, removed.status_code) == (303, 303)
    assert [(each.id, each.is_default) for each in senders(caller)] == [(added.id, True)]


def test_the_page_says_which_rules_name_the_address(owner, caller):
    with caller.installation.database.write() as transaction:
        add_rule(transaction, 1, a_rule("ship_with_address 1017", name="From Utrecht"), caller.installation.clock())

    assert "From Utrecht" in text_of(owner.get(OWN))


def test_the_address_is_shown_on_a_sample_label(owner):
    picture = owner.get(f"{OWN}label.png")

    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert picture.content.startswith(b"\x89PNG")


@pytest.mark.parametrize("text", SOME_HOSTILE)
def test_hostile_text_comes_back_as_text(owner, text):
    answer = owner.post(f"{PATH}new/", {**ADDRESS, "name": text, "city": ""})

    assert answer.status_code == 422
    assert "<script" not in answer.text.replace('<script src="/static/', "")


def test_others_addresses_are_not_there(caller):
    stranger = a_stranger(caller)

    assert "Utrecht" not in stranger.get(PATH).text
    for path in (OWN, f"{OWN}label.png"):
        assert stranger.get(path).status_code == 404
    for path in (OWN, f"{OWN}default/", f"{OWN}remove/"):
        assert stranger.post(path, ADDRESS).status_code == 404
    assert sender(caller).address.city == "Utrecht"


@pytest.mark.parametrize("who", ["packer", "viewer", "developer"])
def test_only_owners_manage_addresses(caller, who):
    somebody = person(caller.installation, who)

    assert somebody.get(PATH).status_code == 403
    assert somebody.post(f"{PATH}new/", ADDRESS).status_code == 403
    assert len(senders(caller)) == 1
