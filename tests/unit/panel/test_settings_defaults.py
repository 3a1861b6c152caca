"""Defaults in the panel: all of them in one form, checked together."""

from html import unescape

import pytest

from kolli.account.accounts import get_account
from tests.people import person, text_of
from tests.settings_pages import SOME_HOSTILE, a_stranger, newest_entry, stamp_on

PATH = "/panel/settings/defaults/"
DEFAULTS = {
    "weight": "1,5",
    "option": "postnl:standard",
    "contract_id": "1517",
    "insurance": "100",
    "shipment_type": "commercial_goods",
    "label_notes": "Fragile\nThis side up\n\n",
    "repeat_labels": "refused",
}


def account(caller):
    with caller.installation.database.read() as transaction:
        return get_account(transaction, 1)


def save(somebody, **changes):
    return somebody.post(PATH, {**DEFAULTS, "stamp": stamp_on(somebody.get(PATH)), **changes})


def test_all_defaults_are_saved_in_one_step(owner, caller):
    answer = save(owner)

    assert answer.status_code == 303, text_of(answer)
    now = account(caller)
    assert str(now.default_weight) == "1.5 kg"
    assert (now.default_shipping_option_code, now.defaults.contract_id) == ("postnl:standard", 1517)
    assert (now.defaults.insured_percentage, now.defaults.shipment_type) == (100, "commercial_goods")
    assert now.defaults.label_notes == ("Fragile", "This side up")
    entry = newest_entry(caller)
    assert entry.action == "defaults.change"
    assert entry.details["option"] == "sendcloud:letter → postnl:standard"
    assert "repeat_labels" not in entry.details
    assert 'value="1.5"' in owner.get(PATH).text


def test_what_is_left_empty_has_no_default(owner, caller):
    save(owner)

    answer = save(owner, **{**dict.fromkeys(DEFAULTS, ""), "repeat_labels": "refused"})

    assert answer.status_code == 303, text_of(answer)
    now = account(caller)
    assert (now.default_weight, now.default_shipping_option_code, now.defaults.contract_id) == (None, None, None)
    assert (now.defaults.insured_percentage, now.defaults.shipment_type, now.defaults.label_notes) == (None, None, ())


def test_a_second_label_is_allowed_only_with_a_warning(owner, caller):
    assert "buys a second label" in text_of(owner.get(PATH))

    assert save(owner, repeat_labels="allowed").status_code == 303
    assert account(caller).repeat_labels == "allowed"


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"weight": "heavy"}, "weight", "valid number"),
        ({"weight": "1.2345"}, "weight", "at most three decimals"),
        ({"weight": "900"}, "option", "the default weight is 900 kg. Change them together."),
        ({"option": "no:such", "contract_id": ""}, "option", "There is no shipping option 'no:such'."),
        ({"option": "sendcloud:letter"}, "contract_id", "is an option of sendcloud"),
        ({"contract_id": "4711"}, "contract_id", "There is no contract 4711."),
        ({"contract_id": "x"}, "contract_id", "Choose one of the list."),
        ({"option": ""}, "contract_id", "A contract needs a shipping option"),
        ({"insurance": "12.345"}, "insurance", "at most two decimals"),
        ({"shipment_type": "bribe"}, "shipment_type", "Input should be"),
        ({"label_notes": "x" * 300}, "label_notes", "has 300 characters; a note has room for 255."),
        ({"repeat_labels": "perhaps"}, "repeat_labels", "Choose one of the two."),
    ],
)
def test_wrong_input_stays_with_the_message_beside_its_field(owner, caller, wrong, field, says):
    before = account(caller)

    answer = save(owner, **wrong)

    assert answer.status_code == 422
    assert says in unescape(answer.text.split(f'name="{field}"')[1].split("</div>")[0])
    assert "This side up" in answer.text or "label_notes" in wrong
    assert account(caller) == before


def test_the_second_of_two_people_is_told_what_differs_and_loses_nothing(owner, caller):
    page = owner.get(PATH)
    save(owner, weight="2")

    second = owner.post(PATH, {**DEFAULTS, "stamp": stamp_on(page)})

    assert second.status_code == 409
    assert "Weight 2 1,5" in text_of(second)
    assert 'data-label="Stored now">2<' in second.text
    assert second.text.count('data-label="Stored now"') == 1  # about the rest both say the same
    assert str(account(caller).default_weight) == "2 kg"
    assert owner.post(PATH, {**DEFAULTS, "stamp": stamp_on(second)}).status_code == 303


@pytest.mark.parametrize("text", SOME_HOSTILE)
def test_hostile_text_comes_back_as_text(owner, text):
    answer = save(owner, **dict.fromkeys(DEFAULTS, text))

    assert answer.status_code == 422
    assert text not in answer.text or "<" not in text


def test_another_account_has_defaults_of_its_own(caller):
    stranger = a_stranger(caller)

    assert "1517" not in stranger.get(PATH).text
    refused = save(stranger)
    assert refused.status_code == 422
    assert "There is no contract 1517." in text_of(refused)
    assert account(caller).default_shipping_option_code == "sendcloud:letter"


@pytest.mark.parametrize("who", ["packer", "viewer", "developer"])
def test_only_owners_manage_defaults(caller, who):
    somebody = person(caller.installation, who)

    assert somebody.get(PATH).status_code == 403
    assert somebody.post(PATH, DEFAULTS).status_code == 403
