"""The public tracking page: a brand's logo and colours, the way of a parcel, the reader's language, and guessing."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from kolli.account.brands import BrandDetails, add_image, get_brand, update_brand
from kolli.app import web
from kolli.operations.import_events import get_tracked
from kolli.operations.track import record_all
from kolli.panel.tracking_texts import STATUSES, step_of
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import Event
from tests.factories import NOW, an_order
from tests.people import text_of
from tests.unit.documents.labels import a_logo

BRAND = 1042  # the default one of account 1


@pytest.fixture
def number(caller) -> str:
    caller.store(an_order())
    answer = caller.ship()
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["data"][0]["tracking_number"]
    return found


def branded(caller, color="#000000", *, with_logo=False):
    with caller.installation.database.write() as transaction:
        brand = get_brand(transaction, 1, BRAND)
        logo = add_image(transaction, 1, a_logo()) if with_logo else None
        update_brand(transaction, 1, replace(brand, logo_sha256=logo, details=BrandDetails(color=color)))


def track(client, number, postal_code="1012 GJ", language="en"):
    query = {"tracking_number": number, "postal_code": postal_code}
    return client.get("/tracking/", params=query, headers={"Accept-Language": language})


def seen(caller, number, status):
    with caller.installation.database.write() as transaction:
        tracked = get_tracked(transaction, 1, number)
        record_all(transaction, [(tracked, Event(status, NOW, "carrier"))], NOW)


def steps_of(page):
    return re.findall(r'<li class="(done|here|ahead)"', page.text)


# Brands


def test_the_logo_of_the_brand_is_on_the_page_and_can_be_fetched(caller, number):
    branded(caller, with_logo=True)

    page = track(caller.client, number)

    (address,) = re.findall(r'<img src="(/brands/[^"]+)" alt="Lumen &amp; Was">', page.text)
    assert caller.client.get(address).headers["content-type"] == "image/png"


def test_the_colour_of_the_brand_is_a_style_sheet_of_our_own(caller, number):
    branded(caller, "#FFCC00")

    page = track(caller.client, number)

    assert '<link rel="stylesheet" href="/tracking/colours/ffcc00.css">' in page.text
    sheet = caller.client.get("/tracking/colours/ffcc00.css")
    assert sheet.headers["content-type"].startswith("text/css")
    assert "immutable" in sheet.headers["cache-control"]
    assert "--brand: #ffcc00" in sheet.text


@pytest.mark.parametrize("colour", ["#000000", "url(//evil)", "", "red"])
def test_a_brand_without_a_colour_looks_as_usual(caller, number, colour):
    branded(caller, colour)

    assert "/tracking/colours/" not in track(caller.client, number).text


def test_a_brand_that_is_gone_leaves_its_name(caller, number):
    with caller.installation.database.write() as transaction:
        transaction.exec_driver_sql(f"DELETE FROM brands WHERE id = {BRAND}")

    assert "Lumen &amp; Was" in track(caller.client, number).text


@pytest.mark.parametrize(
    "file",
    ["fff.css", "ffcc00", "ffcc00.js", "%23ffcc0.css", "ffcc00.css.css", "..%2f..css", "x"],
)
def test_what_is_no_colour_has_no_style_sheet(caller, file):
    assert caller.client.get(f"/tracking/colours/{file}").status_code == 404


# The way of a parcel


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        (ParcelStatus.ANNOUNCED, ["here", "ahead", "ahead", "ahead"]),
        (ParcelStatus.SORTED, ["done", "here", "ahead", "ahead"]),
        (ParcelStatus.DELAYED, ["done", "here", "ahead", "ahead"]),
        (ParcelStatus.DRIVER_ON_ROUTE, ["done", "done", "here", "ahead"]),
        (ParcelStatus.DELIVERY_FAILED, ["done", "done", "here", "ahead"]),
        (ParcelStatus.AWAITING_CUSTOMER_PICKUP, ["done", "done", "here", "ahead"]),
        (ParcelStatus.DELIVERED, ["done", "done", "done", "done"]),
        (ParcelStatus.RETURNED_TO_SENDER, []),
    ],
)
def test_the_steps_say_how_far_a_parcel_is(caller, number, status, steps):
    seen(caller, number, status)

    page = track(caller.client, number)

    assert steps_of(page) == steps
    assert page.text.count('aria-current="step"') == bool(steps)


def test_the_steps_are_read_aloud_with_their_state(caller, number):
    seen(caller, number, ParcelStatus.SORTED)

    text = text_of(track(caller.client, number))
    expected = ["Announced : done", "On its way : now", "Out for delivery : still ahead", "Delivered : still ahead"]
    assert [each for each in expected if each not in text] == []


def test_a_parcel_at_a_service_point_is_ready_to_be_collected(caller, number):
    seen(caller, number, ParcelStatus.AWAITING_CUSTOMER_PICKUP)

    assert "Ready to be collected" in track(caller.client, number).text


@pytest.mark.parametrize("status", ParcelStatus)
def test_every_status_has_its_words_in_the_catalogue_and_a_step_or_none(status):
    assert status.message in STATUSES
    assert step_of(status) in {None, 0, 1, 2, 3}


# The reader's language


def test_the_page_is_in_the_readers_language_as_far_as_there_is_a_catalogue(caller, number):
    answer = track(caller.client, number, language="de-DE,de;q=0.9,en;q=0.5")

    assert '<html lang="de">' in answer.text
    assert "Niederlande" in answer.text
    assert "24. November 2026" in answer.text
    assert answer.headers["vary"] == "Accept-Language"


# Guessing


class Clock:
    """A clock that a test moves on."""

    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def visitor(caller, clock):
    """A stranger, at a server whose clock can be moved on."""
    return TestClient(web(replace(caller.installation, clock=clock)), "http://kolli.test")


def guess(visitor, number, times=5):
    return [track(visitor, number, f"99{place:02} XX").status_code for place in range(times)]


def test_after_five_wrong_postal_codes_not_even_the_right_one_is_answered(visitor, number):
    assert guess(visitor, number) == [404] * 5

    answer = track(visitor, number)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert "Too many tries" in answer.text
    assert "in 60 minutes" in text_of(answer)
    assert "Amsterdam" not in answer.text


def test_an_hour_later_it_is_answered_again(visitor, number, clock):
    guess(visitor, number)
    clock.now += timedelta(minutes=59)
    before = track(visitor, number)
    clock.now += timedelta(minutes=1)

    assert (before.status_code, before.headers["retry-after"]) == (429, "60")
    assert track(visitor, number).status_code == 200


def test_a_number_that_does_not_exist_is_refused_just_as_one_that_does(visitor, number):
    """Otherwise the page would tell which numbers there are."""
    assert guess(visitor, "SCTEST00000000", 6) == guess(visitor, number, 6) == [404] * 5 + [429]


def test_the_right_postal_code_counts_for_nothing(visitor, number):
    assert [track(visitor, number).status_code for _ in range(10)] == [200] * 10
    assert guess(visitor, number, 4) == [404] * 4
    assert track(visitor, number).status_code == 200


def test_other_numbers_can_be_asked_for_meanwhile(visitor, number, caller):
    guess(visitor, "another")

    assert track(visitor, number).status_code == 200


@pytest.mark.parametrize("spelled", [str.lower, str.upper, "  {} ".format, lambda text: f"{text[:4]} {text[4:]}"])
def test_another_spelling_of_a_number_is_no_way_around(visitor, number, spelled):
    guess(visitor, number)

    assert track(visitor, spelled(number)).status_code == 429


def test_looking_at_the_form_with_a_number_is_no_guess(visitor, number):
    assert [track(visitor, number, "").status_code for _ in range(6)] == [404] * 6
    assert track(visitor, number).status_code == 200
