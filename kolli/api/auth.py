"""Credentials become a Context.

HTTP Basic: the public key is the user name, the secret key the password. Texts and places of the errors: the API's
error catalogue (2026-07) and what integrators have recorded.
"""

from base64 import b64decode

from kolli.account.accounts import get_account
from kolli.account.keys import WRONG, check_key
from kolli.errors import Unauthenticated
from kolli.operations.context import Context, Installation

CHALLENGE = 'Basic realm="Kolli", charset="UTF-8"'


def authenticate(authorization: str | None, installation: Installation) -> Context:
    """The caller behind an `Authorization` header; Unauthenticated when there is none or it is wrong."""
    if not authorization:
        raise Unauthenticated
    public_key, secret = _read(authorization)
    with installation.database.read() as transaction:
        key = check_key(transaction, public_key, secret)
        return Context(installation, get_account(transaction, key.account_id), key)


def _read(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated
    try:
        public_key, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
    except ValueError as error:  # no base64, or not of UTF-8
        raise Unauthenticated(WRONG) from error
    if not colon or "\0" in public_key:
        raise Unauthenticated(WRONG)
    return public_key, secret
