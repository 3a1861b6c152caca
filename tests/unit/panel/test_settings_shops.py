"""Shops in the panel: added, renamed, removed with their keys."""

from html import unescape

import pytest

from kolli.account.integrations import list_integrations
from tests.people import person, text_of
from tests.settings_pages import SOME_HOSTILE, a_stranger, newest_entry, stamp_on

PATH = "/panel/settings/shops/"
OWN = f"{PATH}70/"
SHOP = {"name": "Second shop", "url": "https://second.example"}


def shops(caller):
    with caller.installation.database.read() as transaction:
        return list_integrations(transaction, 1)


def test_a_shop_is_added_once_however_often_the_form_is_sent(owner, caller):
    for _ in range(2):
        assert owner.post(PATH, SHOP, form_key="the-same-form-again").status_code == 303

    assert [(shop.name, shop.settings.shop_url) for shop in shops(caller)][1:] == [("Second shop", SHOP["url"])]
    assert newest_entry(caller).action == "shop.add"
    assert "Second shop" in text_of(owner.get(PATH))


def test_a_shop_is_renamed(owner, caller):
    answer = owner.post(OWN, {"name": "Renamed", "url": "", "stamp": stamp_on(owner.get(OWN))})

    assert answer.status_code == 303
    assert shops(caller)[0].name == "Renamed"
    assert newest_entry(caller).details == {"name": "Shop → Renamed"}


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [({"name": ""}, "name", "at least 1 character"), ({"url": "second.example"}, "url", "Enter a valid URL")],
)
def test_wrong_input_stays_with_the_message_beside_its_field(owner, caller, wrong, field, says):
    answers = [owner.post(path, {**SHOP, **wrong, "stamp": "0"}) for path in (PATH, OWN)]

    assert [answer.status_code for answer in answers] == [422, 422]
    for answer in answers:
        assert says in unescape(answer.text.split(f'name="{field}"')[1].split("</div>")[0])
    assert [shop.name for shop in shops(caller)] == ["Shop"]


def test_the_second_of_two_people_is_told_what_differs(owner, caller):
    page = owner.get(OWN)
    owner.post(OWN, {**SHOP, "stamp": stamp_on(page)})

    second = owner.post(OWN, {**SHOP, "name": "Third", "stamp": stamp_on(page)})

    assert second.status_code == 409
    assert "Name Second shop Third" in text_of(second)
    assert shops(caller)[0].name == "Second shop"


def test_a_shop_goes_with_its_keys(owner, caller):
    page = text_of(owner.get(OWN))
    assert "1 API key is its own: Test" in page

    assert owner.post(f"{OWN}remove/").status_code == 303
    assert shops(caller) == []
    assert newest_entry(caller).action == "shop.remove"
    assert caller.client.get("/api/v3/orders").status_code == 401


@pytest.mark.parametrize("text", SOME_HOSTILE)
def test_hostile_text_comes_back_as_text(owner, text):
    answer = owner.post(PATH, {"name": text, "url": text})

    assert answer.status_code == 422
    assert text not in answer.text or "<" not in text


def test_others_shops_are_not_there(caller):
    stranger = a_stranger(caller)

    assert "70" not in text_of(stranger.get(PATH)).split("Shops", 2)[2].split("Keyboard")[0]
    assert stranger.get(OWN).status_code == 404
    assert stranger.post(OWN, SHOP).status_code == 404
    assert stranger.post(f"{OWN}remove/").status_code == 404
    assert [shop.name for shop in shops(caller)] == ["Shop"]


@pytest.mark.parametrize("who", ["packer", "viewer", "developer"])
def test_only_owners_manage_shops(caller, who):
    somebody = person(caller.installation, who)

    assert somebody.get(PATH).status_code == 403
    assert somebody.post(PATH, SHOP).status_code == 403
