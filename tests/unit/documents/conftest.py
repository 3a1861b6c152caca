"""Fonts for tests of documents, and the option that writes the golden labels anew."""

import pytest

from kolli.documents.fonts import Fonts
from tests.unit.documents.labels import CJK, CJK_BOLD


def pytest_addoption(parser):
    """Adds the option. Run `pytest tests/unit/documents --update-golden`, then look at every file that changed."""
    parser.addoption("--update-golden", action="store_true", help="write the golden labels instead of comparing them")


@pytest.fixture
def update_golden(request):
    return request.config.getoption("--update-golden", default=False)


@pytest.fixture(scope="session")
def fonts():
    """The fonts that come with Kolli."""
    return Fonts()


@pytest.fixture(scope="session")
def cjk_fonts():
    """The same, and a font for Chinese, Japanese and Korean."""
    if not (CJK.exists() and CJK_BOLD.exists()):
        pytest.skip(f"there is no CJK font at {CJK}; Debian has it in fonts-noto-cjk")
    return Fonts(CJK, CJK_BOLD)
