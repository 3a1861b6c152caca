"""Every text of the panel is there in every language, and a page in German is in German."""

import subprocess
import sys
from pathlib import Path

import pytest

from kolli.panel.shell import catalogue, preferred_language
from tests.people import text_of

SCRIPT = Path(__file__).parents[3] / "scripts" / "translations"


def test_no_catalogue_lacks_a_text():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)

    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_a_browser_that_wants_german_gets_german(owner):
    page = owner.get("/panel/inbox/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})

    assert '<html lang="de"' in page.text
    assert catalogue("de").gettext("Inbox") in text_of(page)
    assert catalogue("de").gettext("Inbox") != "Inbox"


def test_a_person_may_want_another_language_than_the_browser(owner):
    owner.post("/panel/me/", {"language": "de", "theme": "dark"})

    page = owner.get("/panel/me/", headers={"Accept-Language": "en"})

    assert '<html lang="de" data-theme="dark"' in page.text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("nl", "en"),
        ("de", "de"),
        ("fr, de;q=0.8, en;q=0.9", "en"),
        ("de;q=nonsense, en", "en"),
        ("DE-de", "de"),
        ("*", "en"),
        (",;,=", "en"),
    ],
)
def test_the_first_language_that_there_is_counts(accepted, language):
    assert preferred_language(accepted) == language
