"""What all tests share: how hard Hypothesis tries, closed sockets, and where the vendor's API descriptions are."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kolli.operations.context import Installation
from tests.factories import Caller, a_caller, an_installation

TESTS = Path(__file__).parent
REPOSITORY = TESTS.parent

# A shared or busy machine is slow without anything being wrong, so time is never a reason to fail.
settings.register_profile("fast", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples on every run: a build says something about the change, not about its luck.
settings.register_profile("ci", settings.get_profile("fast"), max_examples=200, derandomize=True)
settings.register_profile("night", settings.get_profile("fast"), max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") == "true" else "fast"))


CLOSED = (TESTS / "unit", TESTS / "property")
"""Folders whose tests have no network, not even to this machine."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Closes sockets in the folders that need none, and skips browser tests where there is no browser."""
    has_browser = any(map(shutil.which, BROWSERS))
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in CLOSED):
            item.add_marker(pytest.mark.disable_socket)
        if item.get_closest_marker("browser") and not has_browser:
            item.add_marker(pytest.mark.skip(reason=f"none of {', '.join(BROWSERS)} is installed"))


@pytest.fixture(scope="session")
def vendor_descriptions() -> Path:
    """The folder of the vendor's OpenAPI files. They are kept outside this repository, so it may be absent."""
    folder = REPOSITORY.parent / "shared" / "openapi"
    if not folder.is_dir():
        pytest.skip(f"the vendor's API descriptions are not at {folder}")
    return folder


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """A fresh installation, with the clock standing at `factories.NOW`."""
    return an_installation(tmp_path)


@pytest.fixture
def caller(installation: Installation) -> Caller:
    """Account 1 of that installation, and a client that calls as it."""
    return a_caller(installation)
