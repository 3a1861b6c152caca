"""The Brands section does what its published description says, and what was decided where it says nothing."""

import hashlib
from pathlib import Path

import pytest

import kolli.demo
from kolli.account.brands import Brand, BrandDetails, add_brand, add_image
from tests.factories import a_caller
from tests.vendor import section

URL = "/api/v3/brands"
LOGO = (Path(kolli.demo.__file__).parent / "logo.png").read_bytes()
SHA256 = hashlib.sha256(LOGO).hexdigest()
LINKS = ("screen_logo", "print_logo", "screen_thumb", "print_thumb")


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "brands")


def add(caller, *brands):
    with caller.installation.database.write() as transaction:
        add_image(transaction, caller.context.account_id, LOGO)
        for brand in brands:
            add_brand(transaction, caller.context.account_id, brand)


def from_document(document):
    """A brand that answers as this document, except for the links to its logo."""
    others = {name: value for name, value in document.items() if name not in {"id", "name", *LINKS}}
    return Brand(document["id"], document["name"], logo_sha256=SHA256, details=BrandDetails(**others))


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["data"]]


def test_the_documented_brand_is_answered_as_documented(caller, description):
    documented = description.example("GET", "/brands/{id}", 200)["data"]
    add(caller, from_document(documented))

    answer, listed = caller.client.get(f"{URL}/1"), caller.client.get(URL)

    link = f"http://kolli.test/brands/1/{SHA256}.png"
    assert answer.json() == {"data": {**documented, **dict.fromkeys(LINKS, link)}}
    assert listed.json()["data"][0] == answer.json()["data"]
    assert description.deviations("GET", "/brands/{id}", answer) == []


def test_what_a_brand_does_not_have_is_null_where_the_description_allows_it_and_else_empty(caller):
    answer = caller.client.get(f"{URL}/1042")

    assert answer.json()["data"] == {
        "id": 1042,
        "name": "Lumen & Was",
        "domain": None,
        "color": "#000000",
        "website": "",
        "screen_logo": None,
        "print_logo": None,
        "screen_thumb": None,
        "print_thumb": None,
        "notify_reply_to_email": None,
        "notify_bcc_email": None,
        "hide_powered_by": False,
        "google_analytics_id": "",
    }


def test_only_the_form_of_an_analytics_id_that_is_not_there_deviates(caller, description):
    """It must have ten digits and must be there; an empty text is what most clients can read."""
    (deviation,) = description.deviations("GET", "/brands/{id}", caller.client.get(f"{URL}/1042"))

    assert "google_analytics_id" in deviation


def test_a_brand_that_does_not_exist_is_the_documented_404(caller, description):
    answer = caller.client.get(f"{URL}/404")

    assert answer.status_code == 404
    (found,), (documented,) = answer.json()["errors"], description.example("GET", "/brands/{id}", 404)["errors"]
    assert found.items() >= documented.items()


def test_nobody_sees_the_brands_of_another_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert ids(stranger.client.get(URL)) == [2042]
    assert stranger.client.get(f"{URL}/1042").status_code == 404


def test_pages_hold_every_brand_once_and_lead_back_and_forth(caller):
    add(caller, *(Brand(number, "Brand") for number in range(1, 5)))

    first = caller.client.get(URL, params={"page_size": 2})
    second = caller.client.get(first.links["next"]["url"])
    third = caller.client.get(second.links["next"]["url"])
    back = caller.client.get(second.links["prev"]["url"])

    assert [ids(page) for page in (first, second, third, back)] == [[1, 2], [3, 4], [1042], [1, 2]]


@pytest.mark.parametrize(("page_size", "count"), [("100", 100), ("101", 100), ("0", 1), ("none", 100)])
def test_a_page_has_at_most_a_hundred_brands(caller, page_size, count):
    add(caller, *(Brand(number, "Brand") for number in range(1, 102)))

    assert len(ids(caller.client.get(URL, params={"page_size": page_size}))) == count


def test_a_cursor_that_leads_nowhere_is_the_documented_404(caller):
    answer = caller.client.get(URL, params={"cursor": "nonsense"})

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["detail"] == "Invalid cursor"


# The picture behind the links


def test_the_logo_is_there_for_everybody_who_has_the_link(caller):
    add(caller, Brand(7, "With a logo", logo_sha256=SHA256))
    caller.client.auth = None

    answer = caller.client.get(f"/brands/7/{SHA256}.png")

    assert (answer.status_code, answer.content) == (200, LOGO)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        f"/brands/8/{SHA256}.png",
        f"/brands/1042/{SHA256}.png",
        f"/brands/7/{'0' * 64}.png",
        f"/brands/7/{SHA256}",
        f"/brands/7/{SHA256}.svg",
        f"/brands/7/{SHA256.upper()}.png",
        f"/brands/x/{SHA256}.png",
        f"/brands/{'9' * 19}/{SHA256}.png",
        f"/brands/{'9' * 5000}/{SHA256}.png",
        f"/brands/-7/{SHA256}.png",
        "/brands/7/..%2f..%2fkolli.db",
    ],
)
def test_no_other_link_leads_to_a_picture(caller, path):
    add(caller, Brand(7, "With a logo", logo_sha256=SHA256))

    answer = caller.client.get(path)

    assert answer.status_code == 404


def test_a_picture_that_no_brand_shows_is_not_given_out(caller):
    add(caller)

    assert caller.client.get(f"/brands/1042/{SHA256}.png").status_code == 404
