"""The Brands section does what its published description says, and what was decided where it says nothing."""

import hashlib
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import kolli.demo
from kolli.account.accounts import revision_of
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
    assert answer.json() == {"data": {**documented, **dict.fromkeys(LINKS, link), "is_default": False}}
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
        "is_default": True,
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


# What is ours: changing them


def create(caller, **changes):
    answer = caller.client.post(URL, json={"name": "Wax", **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def defaults(caller):
    return [entry["id"] for entry in caller.client.get(URL).json()["data"] if entry["is_default"]]


def refused(answer):
    assert answer.status_code == 400, answer.text
    (mistake,) = answer.json()["errors"]
    return mistake["code"], mistake.get("source", {}).get("pointer")


def test_a_brand_can_be_added_with_everything_it_has(caller, description):
    details = {
        "name": "Wax & Wane",
        "domain": "wax-and-wane",
        "color": "#112857",
        "website": "https://wax.example",
        "notify_reply_to_email": "reply@wax.example",
        "notify_bcc_email": "bcc@wax.example",
        "hide_powered_by": True,
        "google_analytics_id": "G-1234567890",
    }

    added = create(caller, **details)

    assert added.items() >= {**details, "is_default": False, "print_logo": None}.items()
    answer = caller.client.get(f"{URL}/{added['id']}")
    assert answer.json()["data"] == added
    assert description.deviations("GET", "/brands/{id}", answer) == []


def test_there_is_one_default_or_none(caller):
    added = create(caller, is_default=True)
    after_adding = defaults(caller)
    caller.client.patch(f"{URL}/1042", json={"is_default": True})
    after_changing = defaults(caller)
    caller.client.patch(f"{URL}/1042", json={"is_default": False})

    assert (after_adding, after_changing, defaults(caller)) == ([added["id"]], [1042], [])


def test_a_change_leaves_alone_what_it_does_not_name(caller):
    added = create(caller, domain="wax", color="#112857", website="https://wax.example")

    answer = caller.client.patch(f"{URL}/{added['id']}", json={"name": "Wane", "domain": None, "website": None})

    assert answer.json()["data"] == {**added, "name": "Wane", "domain": None, "website": ""}


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"name": "A\u0007"}, "/name"),
        ({"color": "red"}, "/color"),
        ({"color": "#1128577"}, "/color"),
        ({"website": "wax.example"}, "/website"),
        ({"website": "javascript:alert(1)"}, "/website"),
        ({"domain": "-wax"}, "/domain"),
        ({"domain": "wax.example"}, "/domain"),
        ({"notify_bcc_email": "nobody"}, "/notify_bcc_email"),
        ({"hide_powered_by": 1}, "/hide_powered_by"),
        ({"google_analytics_id": "UA-1"}, "/google_analytics_id"),
        ({"is_default": "yes"}, "/is_default"),
    ],
)
def test_a_mistake_is_pointed_to(caller, change, pointer):
    added = caller.client.post(URL, json={"name": "Wax", **change})
    changed = caller.client.patch(f"{URL}/1042", json=change)

    assert refused(added) == refused(changed) == ("invalid", pointer)


@pytest.mark.parametrize("name", ["", "   ", "\n\t", "a\u0007b", "a\u202eb", "n" * 256])
def test_a_name_that_nobody_can_read_is_refused(caller, name):
    answer = caller.client.post(URL, json={"name": name})

    (found,) = answer.json()["errors"]
    assert (answer.status_code, found["source"]) == (400, {"pointer": "/name"})
    assert "items" not in found["detail"]


def test_a_brand_that_a_sender_address_has_cannot_go(caller):
    caller.client.patch("/api/v3/addresses/sender-addresses/1017", json={"brand_id": 1042})

    kept = caller.client.delete(f"{URL}/1042")
    caller.client.patch("/api/v3/addresses/sender-addresses/1017", json={"brand_id": None})
    gone = caller.client.delete(f"{URL}/1042")

    assert refused(kept) == ("validation_error", None)
    assert "Sender addresses have the brand 1042: 1017." in kept.json()["errors"][0]["detail"]
    assert (gone.status_code, ids(caller.client.get(URL))) == (204, [])


def test_nobody_changes_the_brands_of_another_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    answers = [
        stranger.client.patch(f"{URL}/1042", json={"name": "Mine", "is_default": True}),
        stranger.client.delete(f"{URL}/1042"),
        stranger.client.put(f"{URL}/1042/logo", content=LOGO),
        stranger.client.delete(f"{URL}/1042/logo"),
        caller.client.put(f"{URL}/404/logo", content=LOGO),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert {answer.json()["errors"][0]["detail"] for answer in answers} == {"No Brand matches the given query."}
    assert (defaults(caller), defaults(stranger)) == ([1042], [2042])


def test_every_change_tells_that_decisions_have_to_be_made_anew(caller):
    def revision():
        with caller.installation.database.read() as transaction:
            return revision_of(transaction, 1)

    revisions = [revision()]
    added = create(caller)
    revisions.append(revision())
    caller.client.patch(f"{URL}/{added['id']}", json={"name": "Wane"})
    revisions.append(revision())
    caller.client.put(f"{URL}/{added['id']}/logo", content=LOGO)
    revisions.append(revision())
    caller.client.delete(f"{URL}/{added['id']}/logo")
    revisions.append(revision())
    caller.client.delete(f"{URL}/{added['id']}")
    revisions.append(revision())

    assert revisions == sorted(set(revisions))


# Logos


def a_picture(kind="PNG", size=(300, 100), mode="RGB", **saved):
    file = BytesIO()
    Image.new(mode, size, 0).save(file, kind, **saved)
    return file.getvalue()


def a_bomb(width=30_000, height=30_000):
    """A PNG of a few bytes that says it is very large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def upload(caller, content):
    return caller.client.put(f"{URL}/1042/logo", content=content)


@pytest.mark.parametrize(
    "content", [a_picture(), a_picture("JPEG"), a_picture(mode="L"), a_picture("JPEG", mode="CMYK")]
)
def test_a_logo_is_shown_under_its_links_as_a_png(caller, content):
    answer = upload(caller, content)

    assert answer.status_code == 200, answer.text
    links = {answer.json()["data"][name] for name in LINKS}
    assert len(links) == 1
    shown = caller.client.get(links.pop().removeprefix("http://kolli.test"))
    picture = Image.open(BytesIO(shown.content))
    assert (shown.headers["content-type"], picture.format, picture.size) == ("image/png", "PNG", (300, 100))


def test_what_a_file_says_beside_its_picture_is_not_kept(caller):
    exif = Image.Exif()
    exif[0x010F] = "secret camera"
    photo = a_picture("JPEG", exif=exif, comment=b"secret comment")
    assert b"secret" in photo

    link = upload(caller, photo).json()["data"]["print_logo"]

    assert b"secret" not in caller.client.get(link.removeprefix("http://kolli.test")).content


def test_a_large_logo_becomes_as_small_as_is_needed(caller):
    link = upload(caller, a_picture(size=(2_000, 1_000))).json()["data"]["print_logo"]

    picture = Image.open(BytesIO(caller.client.get(link.removeprefix("http://kolli.test")).content))
    assert picture.size == (1_200, 600)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The body is empty."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "An SVG"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><svg/>", "An SVG"),
        (a_picture("GIF", mode="P"), "What is in it is a GIF."),
        (a_picture("WEBP"), "What is in it is a WebP."),
        (a_picture("BMP"), "What is in it is a BMP."),
        (b'{"file": "iVBOR"}', "a JSON document: send the file itself as the body."),
        (b"--boundary\r\nContent-Disposition: form-data", "a form: send the file itself as the body."),
        (b"MZ\x90", "What is in it is neither of the two."),
        (a_picture()[:60], "The PNG file is damaged, or cut off."),
        (a_picture("JPEG")[:200], "The JPEG file is damaged, or cut off."),
        (b"\xff\xd8\xff" + b"\0" * 50, "The JPEG file is damaged, or cut off."),
        (a_bomb(), "this one has far more pixels than that"),
        (a_bomb(2_001, 2_000), "this one has 2001 x 2000"),
        (a_bomb(0, 10), "The PNG file is damaged, or cut off."),
    ],
)
def test_what_is_no_logo_is_refused_with_the_reason(caller, content, reason):
    answer = upload(caller, content)

    assert refused(answer)[0] == "invalid"
    assert reason in answer.json()["errors"][0]["detail"]
    assert caller.client.get(f"{URL}/1042").json()["data"]["print_logo"] is None


def test_a_logo_of_four_megapixels_is_taken(caller):
    assert upload(caller, a_picture(size=(2_000, 2_000))).status_code == 200


@pytest.mark.parametrize("size", [2 * 1024 * 1024 + 1, 20 * 1024 * 1024])
def test_a_logo_of_too_many_bytes_is_a_413(caller, size):
    assert upload(caller, LOGO + b"\0" * (size - len(LOGO))).status_code == 413


def test_a_logo_can_be_taken_away(caller):
    link = upload(caller, LOGO).json()["data"]["print_logo"]

    answers = [caller.client.delete(f"{URL}/1042/logo") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert caller.client.get(f"{URL}/1042").json()["data"]["print_logo"] is None
    assert caller.client.get(link.removeprefix("http://kolli.test")).status_code == 404
