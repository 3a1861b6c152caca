"""Every error we raise has one look from outside, and a line in the documentation."""

import re
from pathlib import Path

import pytest
from msgspec import json
from pydantic import BaseModel, TypeAdapter, ValidationError

from kolli import errors
from kolli.api.bodies import Malformed
from kolli.api.errors import WIRE, Pointers, Rejected, answer_to, from_validator, problem

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "errors.md"

CODES = {
    "unknown_field", "invalid", "forbidden", "invalid_choice", "min_value", "null", "not_found", "required",
    "not_a_list", "non_field_errors", "authentication_failed", "validation_error", "parcel_announcement_error",
}  # fmt: skip
"""The codes of the API's description of error objects, Ship an Order section (2026-07).

`hit_rate_limit` is that of its Support section.
"""


def below(kind):
    """A class and everything derived from it."""
    return [kind, *(each for child in kind.__subclasses__() for each in below(child))]


RAISED = [kind for kind in below(errors.KolliError) if kind.__module__ in {"kolli.errors", "kolli.api.bodies"}]

LOOKS = {
    Malformed: (400, "non_field_errors"),
    errors.Invalid: (400, "invalid"),
    errors.InvalidChoice: (400, "invalid_choice"),
    errors.UnknownField: (400, "unknown_field"),
    errors.Missing: (400, "required"),
    errors.Impossible: (400, "validation_error"),
    errors.AlreadyShipped: (400, "validation_error"),
    errors.DoesNotFit: (400, "validation_error"),
    errors.NotDrawable: (400, "validation_error"),
    errors.NumbersExhausted: (400, "validation_error"),
    errors.Conflict: (400, "invalid"),
    errors.InFlight: (409, "invalid"),
    errors.KeyReused: (422, "invalid"),
    errors.BrokenOff: (409, "invalid"),
    errors.LimitReached: (429, "hit_rate_limit"),
    errors.StorageFull: (507, "invalid"),
    errors.StorageUnavailable: (503, "invalid"),
    errors.ReferenceTaken: (409, "invalid"),
    errors.NotFound: (404, "not_found"),
    errors.DoesNotExist: (404, "invalid"),
    errors.Unauthenticated: (401, "authentication_failed"),
    errors.InvalidToken: (401, "authentication_failed"),
    errors.Forbidden: (403, "forbidden"),
    errors.TooLarge: (413, "invalid"),
    errors.Unreachable: (502, "invalid"),
    errors.CarrierError: (400, "parcel_announcement_error"),
    errors.CarrierRejected: (400, "parcel_announcement_error"),
    errors.CarrierUnavailable: (400, "parcel_announcement_error"),
    errors.CarrierOutcomeUnknown: (400, "parcel_announcement_error"),
    errors.PartlyBooked: (400, "parcel_announcement_error"),
    errors.SetupError: (500, "unknown_error"),
    errors.KolliError: (500, "unknown_error"),
}


def test_every_error_is_looked_at_here():
    assert set(LOOKS) == set(RAISED)


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_every_error_has_a_status_a_code_and_its_own_sentence(kind):
    status, body = answer_to(kind(), Pointers())

    (found,) = json.decode(body)["errors"]
    assert (status, found["status"], found["code"]) == (LOOKS[kind][0], str(LOOKS[kind][0]), LOOKS[kind][1])
    assert found["detail"] == (kind.__doc__ or "").strip()
    assert found["title"]


def test_every_line_of_the_table_is_for_an_error_there_is():
    assert set(WIRE) <= set(RAISED)


def test_every_code_but_that_of_our_own_mistakes_is_a_documented_one():
    assert {wire.code for wire in WIRE.values()} - CODES == {"unknown_error", "hit_rate_limit"}


def test_the_documentation_lists_exactly_the_table():
    line = re.compile(r"^\| `(\w+)` \| (\d{3}) \| `(\w+)` \| (\S.*\S) \| (\S.*\S) \|$", re.MULTILINE)

    lines = line.findall(DOCUMENTATION.read_text("utf-8"))

    assert [line[:3] for line in lines] == [(kind.__name__, str(wire.status), wire.code) for kind, wire in WIRE.items()]


def test_an_error_says_where_it_is_and_what_more_there_is_to_know():
    error = errors.Missing("Say when.", field="order_number", details={"shipment_id": "a"})

    status, body = answer_to(error, Pointers(fields={"order_number": "order/order_number"}))

    assert (status, json.decode(body)) == (
        400,
        {
            "errors": [
                {
                    "status": "400",
                    "code": "required",
                    "title": "Required",
                    "detail": "Say when.",
                    "source": {"pointer": "/data/attributes/order/order_number"},
                    "meta": {"shipment_id": "a"},
                }
            ]
        },
    )


def test_several_mistakes_are_answered_as_they_are():
    first, second = (problem(WIRE[errors.Invalid], detail, parameter="dpi") for detail in ("One.", "Two."))

    status, body = answer_to(Rejected(422, [first, second]), Pointers())

    assert (status, json.decode(body)) == (422, {"errors": [first, second]})


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("integration_id", "/data/attributes/integration_id"),
        ("recipient", "/data/attributes/order/shipping_address"),
        ("recipient.city", "/data/attributes/order/shipping_address/city"),
        ("recipient.name", "/data/attributes/order/who"),
        ("sender.city", "/data/attributes/sender/city"),
    ],
)
def test_a_field_is_pointed_to_by_the_longest_name_that_is_known(field, pointer):
    pointers = Pointers(fields={"recipient": "order/shipping_address", "recipient.name": "order/who"})

    assert pointers.of_field(field) == pointer


@pytest.mark.parametrize(
    ("batch", "location", "pointer"),
    [
        (False, ("orders", 0, "order_id"), "/data/attributes/orders/0/order_id"),
        (True, (1, "items", 0, "name"), "/data/attributes/[1]/items/0/name"),
        (True, ("name",), "/data/attributes/name"),
        (False, (), "/data/attributes"),
    ],
)
def test_a_place_is_written_as_this_api_does(batch, location, pointer):
    assert Pointers(batch=batch).of_location(location) == pointer


class _Inner(BaseModel):
    number: int


class _Outer(BaseModel):
    inner: _Inner
    name: str


def test_what_the_validator_finds_is_told_in_its_words_and_without_our_names():
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(_Outer).validate_python({"inner": 3})

    rejected = from_validator(raised.value.errors(), Pointers())

    assert rejected.problems == [
        problem(WIRE[errors.Invalid], "Input should be a valid dictionary", "/data/attributes/inner"),
        problem(WIRE[errors.Invalid], "Field required", "/data/attributes/name"),
    ]
