"""Brands in the panel: names, colours, logos, and pictures that are none."""

import io
import struct
import zlib
from html import unescape

import pytest
from PIL import Image

from kolli.account.brands import find_brand, list_brands
from kolli.account.pages import Page
from kolli.account.sender_addresses import get_sender_address, update_sender_address
from tests.factories import an_order
from tests.people import person, text_of
from tests.settings_pages import SOME_HOSTILE, a_stranger, newest_entry, stamp_on

PATH = "/panel/settings/brands/"
OWN = f"{PATH}1042/"
BRAND = {
    "name": "Kaars & Zo",
    "color": "#b5651d",
    "website": "https://www.kaars.example",
    "notify_reply_to_email": "klanten@kaars.example",
}


def brand(caller):
    with caller.installation.database.read() as transaction:
        return find_brand(transaction, 1, 1042)


def brands(caller):
    with caller.installation.database.read() as transaction:
        return list_brands(transaction, 1, Page(100)).records


def a_png(width=40, height=20, kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (width, height), "black").save(file, kind)
    return file.getvalue()


def a_bomb():
    """A few bytes that say they are 60,000 pixels square."""
    parts = {b"IHDR": struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(bytes(99_999))}
    chunks = [
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        for name, content in {**parts, b"IEND": b""}.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def upload(owner, content, name="logo.png", path=f"{OWN}logo/"):
    return owner.post(path, files={"logo": (name, content, "image/png")})


def test_a_brand_is_added_and_is_given_a_logo(owner, caller):
    added = owner.post(f"{PATH}new/", {**BRAND, "is_default": "on"})
    page = added.headers["location"]

    uploaded = upload(owner, a_png(), path=f"{page}logo/")

    assert (added.status_code, uploaded.status_code) == (303, 303)
    new = brands(caller)[-1]
    assert (new.name, new.details.color, new.is_default) == ("Kaars & Zo", "#b5651d", True)
    assert not brand(caller).is_default
    shown = owner.get(page)
    assert f"/brands/{new.id}/{new.logo_sha256}.png" in shown.text
    assert owner.get(f"/brands/{new.id}/{new.logo_sha256}.png").content.startswith(b"\x89PNG")
    assert owner.get(f"{page}label.png").content.startswith(b"\x89PNG")


def test_a_form_that_is_sent_twice_adds_one_brand(owner, caller):
    for _ in range(2):
        assert owner.post(f"{PATH}new/", BRAND, form_key="the-same-form-again").status_code == 303

    assert len(brands(caller)) == 2


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"name": " "}, "name", "at least 1 character"),
        ({"color": "brown"}, "color", "should match pattern"),
        ({"website": "javascript:alert(1)"}, "website", "Enter a valid URL"),
        ({"notify_reply_to_email": "nobody"}, "notify_reply_to_email", "should match pattern"),
    ],
)
def test_wrong_input_stays_with_the_message_beside_its_field(owner, caller, wrong, field, says):
    answer = owner.post(OWN, {**BRAND, **wrong, "stamp": stamp_on(owner.get(OWN))})

    assert answer.status_code == 422
    assert says in unescape(answer.text.split(f'name="{field}"')[1].split("</div>")[0])
    assert 'value="Kaars &amp; Zo"' in answer.text or field == "name"
    assert brand(caller).name == "Lumen & Was"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b'<svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>',
            "An SVG, like other files in XML or HTML",
        ),
        (a_bomb(), "A logo may have 4000000 pixels"),
        (a_png(3000, 2000), "and this one has 3000 x 2000"),
        (b"\x89PNG\r\n\x1a\n" + bytes(3 * 1024 * 1024), "more than the 2097152 bytes"),
        (a_png()[:60], "The PNG file is damaged, or cut off."),
        (b"GIF89a", "What is in it is a GIF."),
        (b"", "The body is empty."),
    ],
    ids=["svg", "bomb", "too many pixels", "too large", "cut off", "gif", "empty"],
)
def test_what_is_no_logo_is_refused_beside_the_field(owner, caller, content, says):
    answer = upload(owner, content)

    assert answer.status_code == 422
    assert says in unescape(answer.text.split('name="logo"')[1].split("</div>")[0])
    assert 'value="Lumen &amp; Was"' in answer.text  # the other form on the page is as it was
    assert brand(caller).logo_sha256 is None


def test_without_a_file_nothing_is_uploaded(owner):
    answer = owner.post(f"{OWN}logo/")

    assert answer.status_code == 422
    assert "Choose a file first." in text_of(answer)


def test_far_too_large_a_file_is_not_read(owner):
    answer = upload(owner, bytes(9 * 1024 * 1024))

    assert answer.status_code == 413
    assert "The form is larger than 8192 KiB" in text_of(answer)


def test_a_logo_is_taken_away_again(owner, caller):
    upload(owner, a_png())

    assert owner.post(f"{OWN}logo/remove/").status_code == 303
    assert brand(caller).logo_sha256 is None


def test_what_was_changed_stands_in_the_audit_trail(owner, caller):
    answer = owner.post(OWN, {**BRAND, "stamp": stamp_on(owner.get(OWN))})

    assert answer.status_code == 303
    assert (brand(caller).name, brand(caller).is_default) == ("Kaars & Zo", True)
    entry = newest_entry(caller)
    assert (entry.action, entry.details["name"]) == ("brand.change", "Lumen & Was → Kaars & Zo")


def test_the_second_of_two_people_is_told_what_differs_and_loses_nothing(owner, caller):
    page = owner.get(OWN)
    owner.post(OWN, {**BRAND, "color": "#111111", "stamp": stamp_on(page)})

    second = owner.post(OWN, {**BRAND, "stamp": stamp_on(page)})

    assert second.status_code == 409
    assert "Colour #111111 #b5651d" in text_of(second)
    assert brand(caller).details.color == "#111111"
    assert owner.post(OWN, {**BRAND, "stamp": stamp_on(second)}).status_code == 303


def test_a_logo_that_came_meanwhile_does_not_vanish(owner, caller):
    page = owner.get(OWN)
    upload(owner, a_png())

    second = owner.post(OWN, {"name": "Lumen & Was", "color": "#000000", "stamp": stamp_on(page)})

    assert second.status_code == 409
    assert "What was changed is not in this form" in text_of(second)
    assert owner.post(OWN, {**BRAND, "stamp": stamp_on(second)}).status_code == 303
    assert brand(caller).logo_sha256 is not None


def test_a_brand_that_a_sender_address_has_stays(owner, caller):
    with caller.installation.database.write() as transaction:
        sender = get_sender_address(transaction, 1, 1017)
        update_sender_address(transaction, 1, type(sender)(sender.id, sender.address, brand_id=1042))

    refused = owner.post(f"{OWN}remove/")

    assert refused.status_code == 422
    assert "Give them another one, or none, first" in text_of(refused)
    assert brand(caller) is not None


def test_a_brand_that_nobody_has_goes(owner, caller):
    assert owner.post(f"{OWN}remove/").status_code == 303
    assert brand(caller) is None


def test_the_tracking_page_of_a_parcel_with_the_brand_is_linked(owner, caller):
    caller.store(an_order())
    assert caller.ship().status_code == 201

    page = owner.get(OWN)

    link = unescape(page.text.split('<a href="/tracking/')[1].split('"')[0])
    assert owner.get(f"/tracking/{link}").status_code == 200


@pytest.mark.parametrize("text", SOME_HOSTILE)
def test_hostile_text_comes_back_as_text(owner, text):
    answer = owner.post(OWN, {"name": text, "color": text, "website": text, "stamp": "0"})

    assert answer.status_code == 422
    assert text not in answer.text or "<" not in text


def test_others_brands_are_not_there(caller):
    stranger = a_stranger(caller)

    assert "Lumen" not in stranger.get(PATH).text
    for path in (OWN, f"{OWN}label.png"):
        assert stranger.get(path).status_code == 404
    assert upload(stranger, a_png()).status_code == 404
    for path in (OWN, f"{OWN}remove/", f"{OWN}logo/remove/"):
        assert stranger.post(path, BRAND).status_code == 404
    assert brand(caller).name == "Lumen & Was"


@pytest.mark.parametrize("who", ["packer", "viewer", "developer"])
def test_only_owners_manage_brands(caller, who):
    somebody = person(caller.installation, who)

    assert somebody.get(PATH).status_code == 403
    assert upload(somebody, a_png()).status_code == 403
