"""The Organization section does what its published description says."""

from datetime import UTC, datetime

import pytest

from tests.factories import a_caller
from tests.vendor import section

PATH = "/organization"


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "organization")


def test_the_organization_is_the_account(installation, description):
    documented = description.example("GET", PATH, 200)
    registered_at = datetime(2020, 3, 15, 10, 30, tzinfo=UTC)
    caller = a_caller(installation, account_id=12, name="Acme Corporation", registered_at=registered_at)

    answer = caller.client.get(f"/api/v3{PATH}")

    assert answer.json() == {"data": {**documented["data"], "id": 12}}
    assert description.deviations("GET", PATH, answer) == []


def test_nobody_is_told_nothing(caller):
    caller.client.auth = None

    assert caller.client.get(f"/api/v3{PATH}").status_code == 401
