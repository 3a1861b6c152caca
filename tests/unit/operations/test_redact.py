"""What is taken out of a request before it is kept: secrets always, people where that is wanted, files and excess."""

import hashlib
import json
import zlib
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kolli.api
from kolli.account.request_bodies import Bodies, pack
from kolli.account.requests import OneSide
from kolli.operations.redact import MOST_KEPT, kept

JSON = {"content-type": "application/json"}
SECRET = "hush-hush-42"


def a_side(body, headers=JSON, query="", size=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return OneSide(raw, len(raw) if size is None else size, headers, query, b"k")


def text(body, level="redacted", headers=JSON):
    return kept(a_side(body, headers), level).text


@pytest.mark.parametrize("level", ["redacted", "full"])
@pytest.mark.parametrize(
    "body",
    [
        {"client_secret": SECRET},
        {"SecretKey": SECRET},
        {"password": SECRET},
        {"data": [{"auth": {"api_key": SECRET}}]},
        {"access_token": SECRET},
        {"token": {"value": SECRET}},
        {"signature": [SECRET]},
        {"contract_data": {"customer_code": SECRET, "deep": {"er": SECRET}}},
        {"configuration": {"extra_headers": {"X-Anything": SECRET}}},
        {"url": f"https://example.org/hook?a=1&token={SECRET}"},
        f'{{"password": "{SECRET}"'.encode(),
        f"{{'password': '{SECRET}'}}".encode(),
        f"{{password: {SECRET}}}".encode(),
        f'{{"pass\\u0077ord": "{SECRET}", "a": }}'.encode(),
        f'{{"contract_data": {{"anything": "{SECRET}"'.encode(),
        f'{{"tokens": ["{SECRET}"'.encode(),
        f"password={SECRET}&a=1".encode(),
    ],
    ids=repr,
)
def test_no_secret_is_kept_wherever_it_stands(body, level):
    assert SECRET not in text(body, level)


def test_a_form_keeps_its_members_but_not_the_secret_ones():
    form = {"content-type": "application/x-www-form-urlencoded"}

    said = text(f"grant_type=client_credentials&client_secret={SECRET}".encode(), "full", form)

    assert said == "grant_type=client_credentials&client_secret=redacted"


def test_a_query_keeps_its_members_but_not_the_secret_ones():
    said = kept(a_side(b"", query=f"order_number=A-1&access_token={SECRET}&postal_code=1012+GJ"), "redacted")

    assert said.query == "order_number=A-1&access_token=redacted&postal_code=redacted"


def test_what_says_who_somebody_is_leaves_its_length_behind():
    address = {"name": "Femke", "address_line_1": "Singel", "postal_code": "1012 GJ", "country_code": "NL"}

    assert json.loads(text({"shipping_address": address})) == {
        "shipping_address": {
            "name": "‹redacted: 5 characters›",
            "address_line_1": "‹redacted: 6 characters›",
            "postal_code": "‹redacted: 7 characters›",
            "country_code": "NL",
        }
    }


def test_what_says_who_somebody_is_stays_where_that_is_wanted():
    address = {"name": "Femke", "address_line_1": "Singel", "email": "f@example.org"}

    assert json.loads(text(address, "full")) == address


def test_the_name_of_a_thing_is_no_persons_name():
    assert json.loads(text({"order_items": [{"name": "Candle", "quantity": 2}]})) == {
        "order_items": [{"name": "Candle", "quantity": 2}]
    }


def test_a_link_loses_its_postal_code():
    said = text({"tracking_url": "https://kolli.test/tracking/?tracking_number=sc1&postal_code=1012GJ"})

    assert said == '{"tracking_url":"https://kolli.test/tracking/?tracking_number=sc1&postal_code=redacted"}'


@pytest.mark.parametrize("value", [True, False, None, ""])
def test_what_holds_nothing_is_left_as_it_is(value):
    """`signature` is a function of shipping options, too."""
    assert json.loads(text({"signature": value, "email": value})) == {"signature": value, "email": value}


def test_numbers_are_kept_as_they_were_written():
    assert text(b'{"weight":1.10,"value":17.90,"many":1e3}') == '{"weight":1.10,"value":17.90,"many":1E+3}'


def test_a_label_leaves_its_size_and_checksum():
    content = b"%PDF" * 500

    said = text({"data": {"label": {"file": b64encode(content).decode()}}})

    assert (
        said == f'{{"data":{{"label":{{"file":"‹file: 2,000 bytes, sha256 {hashlib.sha256(content).hexdigest()}›"}}}}}}'
    )


def test_a_document_leaves_its_type_size_and_checksum():
    said = text(b"%PDF-1.7", headers={"content-type": "application/pdf"})

    assert said == f"‹application/pdf: 8 bytes, sha256 {hashlib.sha256(b'%PDF-1.7').hexdigest()}›"


def test_a_document_of_which_only_the_beginning_is_there_has_no_checksum():
    said = kept(a_side(b"%PDF-1.7", {"content-type": "application/pdf"}, size=1_000_000), "full")

    assert (said.text, said.is_cut) == ("‹application/pdf: 1,000,000 bytes›", True)


def test_what_is_no_json_is_kept_as_it_came():
    assert text(b'{"order_number": "A-1",}') == '{"order_number": "A-1",}'


def test_json_that_is_called_a_form_is_read_as_json():
    """What curl sends with `-d` and no type."""
    form = {"content-type": "application/x-www-form-urlencoded"}

    assert text(b' {"order_number": "A-1"}', headers=form) == '{"order_number":"A-1"}'


def test_a_long_body_is_cut_and_says_so():
    said = kept(a_side({"notes": ["word word "] * 20_000}), "full")

    assert (len(said.text), said.is_cut) == (MOST_KEPT, True)


def test_a_body_that_is_nested_without_end_is_kept_without_its_inside():
    assert "‹nested too deeply›" in text(b"[" * 100 + b"1" + b"]" * 100)


def test_the_mark_tells_that_two_bodies_were_the_same_and_nothing_else():
    first, same, other = (kept(a_side({"a": number}), "full").mark for number in (1, 1, 2))

    assert first == same != other


def test_a_request_without_a_body_has_none():
    said = kept(a_side(b""), "redacted")

    assert (said.text, said.mark, said.size) == ("", "", 0)


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b'{"a": \xff}', b'"' * 5_000, b"{" * 70_000, b'{"a":1e999999999}', b"\0"]
)
def test_bytes_that_make_no_sense_are_no_mistake(body):
    assert isinstance(text(body), str)


EXAMPLES = json.loads((Path(kolli.api.__file__).parent / "examples.json").read_text("utf-8"))
PRIVATE = {"address_line_1", "postal_code", "email", "phone_number", "telephone", "company_name", "secret", "password"}


def privately(value):
    """Every text in an example that stands under a name of people's data."""
    match value:
        case dict():
            for name, inside in value.items():
                if isinstance(inside, str) and name in PRIVATE and len(inside) > 3:
                    yield inside
                yield from privately(inside)
        case list():
            for each in value:
                yield from privately(each)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['endpoint']} {example['name']}")
def test_of_no_example_of_the_api_anything_private_is_kept(example):
    sides = [side for side in (example["request"].get("body"), example.get("answer")) if side is not None]

    said = [text(side) for side in sides]

    assert [found for side in sides for found in privately(side) if any(f'"{found}"' in each for each in said)] == []


PIECES = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"\\ud800",
    b"\\u0070",
    b":",
    b",",
    b"=",
    b"&",
    b"%ff",
    b"password",
    b"name",
]
PIECES += [b"1e999", b"-", b"9" * 5_000, b"NaN", b"null", b"true", b"\xff", b"\xed\xa0\x80", b" ", b"\n", b"'", b"//"]
TYPES = ["application/json", "application/x-www-form-urlencoded", "text/plain", "image/png", "", "a;b;c", "ÿ"]


@given(st.lists(st.sampled_from(PIECES)).map(b"".join) | st.binary(), st.sampled_from(TYPES))
def test_whatever_comes_can_be_kept_and_read_again(body, media_type):
    """The thread that keeps it has no other reason to end."""
    side = a_side(body, {"content-type": media_type}, query=body.decode("latin-1"))

    said = [kept(side, "redacted"), kept(side, "full")]

    assert [len(zlib.decompress(pack(Bodies(each, each)).asked)) > 0 for each in said] == [True, True]
