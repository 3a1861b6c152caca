"""The User section does what its published description says."""

import pytest

from tests.factories import a_caller
from tests.vendor import section

PATH = "/user/auth/metadata"


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "user")


def test_credentials_say_whose_they_are(caller, description):
    answer = caller.client.get(f"/api/v3{PATH}")

    assert (answer.status_code, answer.json()) == (200, {"data": {"user_id": 1, "integration_id": 70}})
    assert description.deviations("GET", PATH, answer) == []


def test_other_credentials_say_who_they_are(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert stranger.client.get(f"/api/v3{PATH}").json() == {"data": {"user_id": 2, "integration_id": 71}}


def test_nobody_is_told_nothing(caller):
    caller.client.auth = None

    assert caller.client.get(f"/api/v3{PATH}").status_code == 401
