"""People at the panel: signed in, with pages to open and forms to send, as a browser would without scripts."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from httpx2 import Response
from starlette.testclient import TestClient

from kolli.account.sessions import begin_session
from kolli.account.users import Role, User, add_user
from kolli.app import web
from kolli.operations.context import Installation
from kolli.panel.web import SESSION_COOKIE, csrf_of

NO_PASSWORD = "nobody signs in with this"


class Person:
    """Somebody in front of a browser."""

    def __init__(self, installation: Installation, user: User, token: str) -> None:
        self.installation = installation
        self.user = user
        self.csrf = csrf_of(token)
        self.client = TestClient(web(installation), "http://kolli.test", raise_server_exceptions=False)
        self.client.cookies.set(SESSION_COOKIE, token)
        self._forms = 0

    def get(self, path: str, **options) -> Response:
        return self.client.get(path, follow_redirects=False, **options)

    def post(
        self, path: str, data: Mapping[str, Any] | None = None, *, form_key: str | None = None, **options
    ) -> Response:
        """Sends a form; each sending has a key of its own, unless one is given."""
        self._forms += 1
        hidden = {"csrf": self.csrf, "form_key": form_key or f"form-of-a-test-{self._forms:05}"}
        return self.client.post(path, data={**hidden, **(data or {})}, follow_redirects=False, **options)


def person(installation: Installation, role: str, *, account_id: int = 1, name: str | None = None) -> Person:
    """Somebody with this role who has just signed in; their password is never asked for."""
    user = User(
        installation.sequences.take_id(),
        account_id,
        name or f"{role} of {account_id}",
        Role(role),
        installation.clock(),
    )
    with installation.database.write() as transaction:
        add_user(transaction, user, NO_PASSWORD)
        token = begin_session(transaction, user, "a test", installation.clock())
    return Person(installation, user, token)


def text_of(response: Response) -> str:
    """What a person reads on a page: its words, without markup and with single spaces."""
    reader = _Reader()
    reader.feed(response.text)
    return re.sub(r"\s+", " ", " ".join(reader.words)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)
