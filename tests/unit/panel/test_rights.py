"""Every route of the panel against every role: nobody opens or does what their role does not allow."""

import re

import pytest
from starlette.testclient import TestClient

from kolli.account.users import RIGHTS, Right, Role
from kolli.app import web
from kolli.panel import panel_routes
from kolli.panel.navigation import MENU
from kolli.panel.web import OpenRoute, Route
from tests.people import person

ROUTES = [route for route in panel_routes() if isinstance(route, Route)]
OPEN = {"/panel/sign-in/", "/panel/set-up/"}
ROLE_FORBIDS = "Your role does not allow this"


def a_path(route: Route) -> str:
    """An address of this route about things that are not there."""
    return re.sub(r"\{[^}]*\}", "4711", route.path)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture
def people(caller):
    return {role: person(caller.installation, role) for role in Role}


def test_only_sign_in_and_set_up_are_open_to_everybody():
    assert {route.path for route in panel_routes() if isinstance(route, OpenRoute)} == OPEN


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_each_route_is_for_the_roles_that_have_its_right(people, route):
    answers = {
        role: each.get(a_path(route)) if route.method == "GET" else each.post(a_path(route))
        for role, each in people.items()
    }

    refused = {role for role, answer in answers.items() if answer.status_code == 403 and ROLE_FORBIDS in answer.text}
    assert refused == {role for role in Role if route.right not in RIGHTS[role]}
    assert all(answer.status_code < 500 for answer in answers.values())


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_each_route_leads_strangers_to_sign_in(caller, people, route):
    stranger = TestClient(web(caller.installation), "http://kolli.test", follow_redirects=False)

    answer = stranger.request(route.method, a_path(route))

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/panel/sign-in/")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=named)
def test_no_form_counts_without_the_token_of_its_session(people, route):
    answer = people[Role.OWNER].post(a_path(route), {"csrf": ""})

    assert answer.status_code == 403


def test_routes_that_change_something_ask_for_more_than_looking():
    harmless = {"/panel/confirm/", "/panel/sign-out/"}  # one's own session

    lax = [
        route.path
        for route in ROUTES
        if route.method == "POST" and route.right is Right.SEE and route.path not in harmless
    ]

    allowed = ("/panel/me/", "/panel/inbox/views/")  # one's own wishes, and names of filters
    assert [path for path in lax if not path.startswith(allowed) and not path.endswith(".pdf")] == []


def test_the_menu_leads_only_to_what_is_there():
    paths = {route.path for route in ROUTES if route.method == "GET"}

    assert {place.path for group in MENU for place in group.places} <= paths


def test_the_menu_asks_for_the_right_that_the_page_asks_for():
    rights = {route.path: route.right for route in ROUTES if route.method == "GET"}

    assert {
        place.path: place.right for group in MENU for place in group.places if rights.get(place.path) != place.right
    } == {}


def test_paths_end_in_a_slash_unless_they_are_files():
    assert [
        route.path for route in ROUTES if not route.path.endswith("/") and "." not in route.path.rpartition("/")[2]
    ] == []
