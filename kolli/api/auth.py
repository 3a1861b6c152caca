"""Credentials become a Context.

HTTP Basic: the public key is the user name, the secret key the password. Bearer: an access token that was given for a
key. Texts and places of the errors: the API's error catalogue (2026-07) and what integrators have recorded.
"""

from base64 import b64decode

from kolli.account.accounts import get_account
from kolli.account.keys import WRONG, check_key, check_token
from kolli.errors import Forbidden, InvalidToken, KolliError, Unauthenticated
from kolli.operations.context import Context, Installation

BASIC = 'Basic realm="Kolli", charset="UTF-8"'
BEARER = 'Bearer realm="Kolli"'


def authenticate(authorization: str | None, installation: Installation) -> Context:
    """The caller behind an `Authorization` header; Unauthenticated when there is none or it is wrong."""
    scheme, _, credentials = (authorization or "").partition(" ")
    match scheme.lower():
        case "basic":
            return by_key(*read_basic(credentials), installation)
        case "bearer":
            return _by_token(credentials.strip(), installation)
    raise Unauthenticated


def by_key(public_key: str, secret: str, installation: Installation) -> Context:
    """The caller that has this key and this secret; Unauthenticated when they are wrong."""
    with installation.database.read() as transaction:
        key = check_key(transaction, public_key, secret, installation.clock())
        return Context(installation, get_account(transaction, key.account_id), key)


def read_basic(credentials: str) -> tuple[str, str]:
    """User name and password from what stands behind `Basic `; Unauthenticated when it cannot be right."""
    try:
        public_key, colon, secret = b64decode(credentials.strip(), validate=True).decode().partition(":")
    except ValueError as error:  # no base64, or not of UTF-8
        raise Unauthenticated(WRONG) from error
    if not colon or "\0" in public_key:
        raise Unauthenticated(WRONG)
    return public_key, secret


def challenge(error: KolliError) -> str | None:
    """What `WWW-Authenticate` says about a refusal: which credentials are taken, and what was wrong with a token.

    None for errors that have nothing to do with credentials. Source: RFC 6750, section 3; RFC 9110, 11.6.1.
    """
    match error:
        case InvalidToken():
            return f'{BEARER}, error="invalid_token", error_description="{error.message}", {BASIC}'
        case Unauthenticated():
            return f"{BASIC}, {BEARER}"
        case Forbidden(details={"scope": scope}):
            return f'{BEARER}, error="insufficient_scope", scope="{scope}"'
        case _:
            return None


def _by_token(token: str, installation: Installation) -> Context:
    with installation.database.read() as transaction:
        key, scopes = check_token(transaction, token, installation.clock())
        return Context(installation, get_account(transaction, key.account_id), key, scopes)
