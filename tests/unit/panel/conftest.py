"""People at the panel, asked in process: each has a role and a browser of their own."""

import pytest

from tests.people import Person, person


@pytest.fixture
def owner(caller) -> Person:
    """The owner of the caller's account."""
    return person(caller.installation, "owner")


@pytest.fixture
def packer(caller) -> Person:
    return person(caller.installation, "packer")


@pytest.fixture
def viewer(caller) -> Person:
    return person(caller.installation, "viewer")


@pytest.fixture
def developer(caller) -> Person:
    return person(caller.installation, "developer")
