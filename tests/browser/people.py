"""People who are signed in to a server's panel, without typing a password first: sign-in has tests of its own."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from kolli.account.sessions import begin_session
from kolli.account.users import Role, User, add_user, find_by_name
from kolli.app import now, open_database
from kolli.panel.web import SESSION_COOKIE
from kolli.settings import Settings


def token_of(data: Path, role: str, name: str = "") -> str:
    """Signs somebody with this role in to the server that works on this folder, and gives the token of the session."""
    database = open_database(Settings(data=data))
    name = name or f"{role} at the panel"
    with database.write() as transaction:
        known = find_by_name(transaction, name)
        if known is None:
            add_user(transaction, User(uuid4().int % 2**62, 1, name, Role(role), now()), "nobody knows the password")
            known = find_by_name(transaction, name)
        assert known
        token = begin_session(transaction, known[0], "a test", now())
    database.close()
    return token


def state_of(token: str, url: str) -> Any:
    """What a browser keeps of a session on the server with this address."""
    cookie = {"name": SESSION_COOKIE, "value": token, "domain": urlsplit(url).hostname, "path": "/panel", "expires": -1}
    return {"cookies": [{**cookie, "httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}
