"""Signatures of webhooks: the hosted service's own, and beside it that of Standard Webhooks.

`Sendcloud-Signature` is the HMAC-SHA256 of the raw body in hex. Source: Webhooks (2026-07).

Standard Webhooks (1.0.0): `webhook-id` names the message on every try, `webhook-timestamp` is when it was sent in
seconds, `webhook-signature` is `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64. A secret is written
`whsec_` and the key in base64.
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from datetime import datetime

from kolli.errors import Invalid

PREFIX = "whsec_"
LONGEST_KEY = 200


def headers_of(message_id: str, body: bytes, key: str | None, now: datetime) -> dict[str, str]:
    """The headers of one message that is sent now. Without a key it has an id and a time, and no signature."""
    seconds = str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": seconds}
    if key:
        signed = f"{message_id}.{seconds}.".encode() + body
        signature = hmac.new(_bytes_of(key), signed, hashlib.sha256).digest()
        headers["Sendcloud-Signature"] = sendcloud_signature(body, key)
        headers["webhook-signature"] = f"v1,{b64encode(signature).decode()}"
    return headers


def sendcloud_signature(body: bytes, key: str) -> str:
    """What `Sendcloud-Signature` says about a body. The key is taken as the text that it is."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def standard_secret(key: str) -> str:
    """The key as libraries of Standard Webhooks want to have it."""
    return f"{PREFIX}{b64encode(_bytes_of(key)).decode()}"


def check_key(key: str) -> None:
    """Raises Invalid for what cannot be a signature key."""
    if not 1 <= len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(f"A signature key has 1 to {LONGEST_KEY} characters of ASCII.")
    if key.startswith(PREFIX):
        _bytes_of(key)


def _bytes_of(key: str) -> bytes:
    if not key.startswith(PREFIX):
        return key.encode()
    try:
        return b64decode(key.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise Invalid(f"What follows {PREFIX} in a signature key has to be base64.") from error
