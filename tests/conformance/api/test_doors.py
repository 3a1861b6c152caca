"""No endpoint answers without credentials, and none does more than an access token allows."""

import pytest
from starlette.testclient import TestClient

from kolli.account.keys import issue_token
from kolli.api.description import SECTIONS, key_of
from kolli.api.endpoint import by_credentials
from kolli.app import web
from tests.conformance.api.worlds import World, a_world

ENDPOINTS = {key_of(endpoint): endpoint for section in SECTIONS for endpoint in section.ROUTES}
GUARDED = [key for key, endpoint in ENDPOINTS.items() if endpoint.who is by_credentials]
SCOPED = [key for key in GUARDED if ENDPOINTS[key].scope is not None]

OPEN = {"POST /oauth2/token"}
"""Endpoints that look at credentials in their own way."""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return a_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def ask(world):
    """Sends the request that would succeed, with other credentials."""
    client = TestClient(web(world.installation), world.installation.public_url, raise_server_exceptions=False)

    def ask(endpoint: str, authorization: str | None):
        method, _, path = endpoint.partition(" ")
        request = world.requests[endpoint]
        return client.request(
            method,
            path.format(**request["path"]),
            params=request["query"],
            headers={} if authorization is None else {"Authorization": authorization},
            json=request.get("body"),
        )

    return ask


def a_token(world: World, *scopes: str) -> str:
    with world.installation.database.write() as transaction:
        return f"Bearer {issue_token(transaction, world.key, frozenset(scopes), world.installation.clock())}"


def test_every_endpoint_but_one_is_guarded():
    assert ENDPOINTS.keys() - set(GUARDED) == OPEN


@pytest.mark.parametrize("endpoint", GUARDED)
@pytest.mark.parametrize(
    "authorization",
    [None, "Basic bm9ib2R5Ondyb25n", "Bearer ory_at_nobody"],
    ids=["none", "a wrong key", "a wrong token"],
)
def test_without_credentials_there_is_no_answer(ask, endpoint, authorization):
    answer = ask(endpoint, authorization)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith(("Basic", "Bearer"))


@pytest.mark.parametrize("endpoint", SCOPED)
def test_a_token_without_the_scope_is_refused(ask, world, endpoint):
    answer = ask(endpoint, a_token(world, "write:return"))

    assert answer.status_code == 403


@pytest.mark.parametrize("endpoint", SCOPED)
def test_a_token_with_the_scope_is_enough(ask, world, endpoint):
    answer = ask(endpoint, a_token(world, ENDPOINTS[endpoint].scope))

    assert answer.status_code not in {401, 403}


@pytest.mark.parametrize("endpoint", SCOPED)
def test_to_read_is_one_scope_and_to_write_another(endpoint):
    """Questions that are asked by POST only read."""
    scope = ENDPOINTS[endpoint].scope

    assert scope.startswith("read:") or not endpoint.startswith("GET")
