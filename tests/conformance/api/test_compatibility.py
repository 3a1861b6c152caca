"""Where Kolli differs from the vendor's descriptions it does so for a reason, and docs/compatibility.md says which."""

import pytest

from kolli.api.description import SECTIONS
from tests.conformance.api.compatibility import (
    BEGIN,
    END,
    PAGE,
    Difference,
    Document,
    Members,
    Route,
    Side,
    compared,
    differences,
    ours,
    page,
    reason_for,
    sections,
)
from tests.conformance.api.differences import NOT_SERVED, ON_PAGES_ONLY, REASONS

ROUTE = Route("GET", "/things")


def test_every_difference_has_a_reason(vendor_descriptions):
    assert [str(found) for found in differences(vendor_descriptions) if reason_for(found) is None] == []


def test_every_reason_is_needed(vendor_descriptions):
    used = {reason_for(found) for found in differences(vendor_descriptions)}

    assert {reason.sentence for reason in REASONS} - used == set()


def test_every_route_that_is_not_served_has_a_reason(vendor_descriptions):
    known = sections(vendor_descriptions)
    missing = {
        name
        for section in known
        for name in ([section.name] if not section.operations.keys() & ours().keys() else map(str, section.operations))
        if name == section.name or not any(str(route) == name for route in ours())
    }

    assert missing == NOT_SERVED.keys()


def test_what_is_ours_alone_is_marked_so(vendor_descriptions):
    theirs = {route for section in sections(vendor_descriptions) for route in section.operations}
    marked = {route for route, side in ours().items() if side.operation.get("x-kolli-extension")}

    assert {route for route in ours().keys() - theirs if not route.path.startswith(ON_PAGES_ONLY)} == marked


def test_the_page_shows_the_comparison_as_it_is(vendor_descriptions):
    """`python -m tests.conformance.api.compatibility FOLDER` writes it anew."""
    shown = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]

    assert f"{BEGIN}{shown}{END}" == page(vendor_descriptions)


def test_every_section_of_version_3_is_compared():
    assert len(ours()) == sum(
        len(section.ROUTES) for section in SECTIONS if all(e.prefix != "/api/v2" for e in section.ROUTES)
    )


# The comparison finds what it is for


def an_operation(members: Document, *, parameters: tuple[str, ...] = (), status: str = "200") -> Side:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    operation = {
        "parameters": [{"name": name, "in": "query"} for name in parameters],
        "requestBody": {"content": content},
        "responses": {status: {"content": content}},
    }
    return Side({"components": {"schemas": {"Thing": {"type": "object", "properties": members}}}}, operation)


def found(theirs: Side, our: Side) -> list[Difference]:
    return compared(ROUTE, theirs, our)


TEXT = {"type": "string"}


def test_a_parameter_that_only_one_has_is_found():
    assert found(an_operation({}, parameters=("a", "b")), an_operation({}, parameters=("b", "c"))) == [
        Difference(ROUTE, "parameter", "a", is_ours=False),
        Difference(ROUTE, "parameter", "c", is_ours=True),
    ]


def test_a_status_that_only_one_has_is_found():
    assert found(an_operation({}, status="200"), an_operation({}, status="201")) == [
        Difference(ROUTE, "status", "200", is_ours=False),
        Difference(ROUTE, "status", "201", is_ours=True),
    ]


@pytest.mark.parametrize(
    ("theirs", "our", "name"),
    [
        ({"a": TEXT, "b": TEXT}, {"b": TEXT}, "a"),
        ({"list": {"type": "array", "items": {"properties": {"a": TEXT, "b": TEXT}}}},
         {"list": {"type": "array", "items": {"properties": {"b": TEXT}}}}, "list[].a"),
        ({"in": {"anyOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}]}},
         {"in": {"properties": {"b": TEXT}}}, "in.a"),
        ({"whole": {"properties": {"a": TEXT, "b": {"properties": {"c": TEXT}}}}, "d": TEXT}, {"d": TEXT}, "whole"),
    ],
    ids=["at the top", "in a list", "in one of several forms", "with all that is in it, once"],
)  # fmt: skip
def test_a_member_that_only_one_has_is_found(theirs, our, name):
    assert found(an_operation(theirs), an_operation(our)) == [
        Difference(ROUTE, "request", name, is_ours=False),
        Difference(ROUTE, "answer", name, is_ours=False),
    ]


def test_where_anything_may_stand_nothing_is_missing():
    free = {"free": {"type": "object"}}
    named = {"free": {"type": "object", "properties": {"a": TEXT}}}

    assert found(an_operation(free), an_operation(named)) == []


def test_a_schema_that_stands_inside_itself_is_looked_at_once():
    members: Members = an_operation({"a": TEXT, "inner": {"$ref": "#/components/schemas/Thing"}}).request()

    assert members.keys() == {"a", "inner"}
