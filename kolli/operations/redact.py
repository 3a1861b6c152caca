"""Takes out of a request and its answer what the request log must not keep, and shortens what is too long for it.

Secrets always go: whatever stands under a name such as `password`, `token` or `contract_data`. Names, addresses, phone
numbers and mail addresses of people go where the level says `redacted`. What was taken out leaves its length behind,
because too long a text is a frequent mistake; files leave their size and checksum. Pure.
"""

import hashlib
import re
from base64 import b64decode
from binascii import Error as NotBase64
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

import msgspec

from kolli.account.request_bodies import Said
from kolli.account.requests import OneSide

Level = Literal["redacted", "full"]

MOST_KEPT = 64 * 1024
"""Characters of a body that are kept."""

LONGEST_PLAIN = 1_000
"""Characters of a text that may be a file."""

DEEPEST = 40
"""How far inside a body is looked; nothing that deep was accepted."""

KEPT_HEADERS = frozenset(
    {
        *("content-type", "accept", "idempotency-key", "sandbox-scenario", "sendcloud-partner-id"),
        *("retry-after", "idempotent-replayed", "link", "location"),
    }
)
"""Headers that say something about a request or an answer, and hold nothing secret."""

_SECRET = re.compile(
    r"secret|passw|passphrase|token|signature|credential|authorization|api_?key|private_?key|access_?key|signing_?key"
)
"""Names, in lower case, whose texts are secrets."""

_ALL_INSIDE = frozenset({"contract_data", "extra_headers", "auth_config"})
"""Names of objects whose every text is a secret: which ones are is known to carriers and receivers only."""

_PERSONAL = frozenset(
    {
        *("address", "address_1", "address_2", "address_line_1", "address_line_2", "street", "house_number"),
        *("postal_code", "to_postal_code", "from_postal_code", "po_box", "city", "company_name", "email", "phone"),
        *("phone_number", "telephone", "full_name", "first_name", "last_name", "initials", "customer_name", "to_name"),
        *("eori_number", "vat_number", "tax_id", "customer_notes", "order_notes", "date_of_birth"),
        *("latitude", "longitude", "address_street", "address_house_number", "address_postal_code", "address_city"),
    }
)
"""Names whose texts say who somebody is, or where."""

_ADDRESS = frozenset({"address_line_1", "house_number", "postal_code", "phone_number", "email", "telephone", "address"})
"""Names by which an object is known to be about a person, so that its `name` is one, too."""

_TAX_NUMBERS = "tax_numbers"
_IN_LINKS = re.compile(r"(postal_code|token|signature)=[^&\s\"]*", re.IGNORECASE)
_PAIR = re.compile(
    r"""(["']?)([^"'\s:=,{}\[\]]{1,80})\1\s*[:=]\s*("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,\]}"'{\[&]+)"""
)
_OBJECT = re.compile(r"""(["']?)([^"'\s:=,{}\[\]]{1,80})\1\s*[:=]\s*[\[{]""")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_REST = "‹The rest is not kept: this is no valid JSON, and may hold secrets.›"

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


def kept(side: OneSide, level: Level) -> Said:
    """What the request log keeps of one side of a request."""
    media_type = side.headers.get("content-type", "").partition(";")[0].strip().lower()
    text = _text(side, media_type, level)
    return Said(
        text[:MOST_KEPT],
        side.size,
        is_cut=len(text) > MOST_KEPT or side.size > len(side.body),
        media_type=media_type,
        headers=side.headers,
        query=_form(side.query, level),
        mark=hashlib.blake2b(side.body, digest_size=16, key=side.key).hexdigest() if side.size else "",
    )


def _text(side: OneSide, media_type: str, level: Level) -> str:
    if not side.size:
        return ""
    if media_type.endswith("json") or side.body.lstrip()[:1] in {b"{", b"["}:
        return _json(side, level)
    if media_type == "application/x-www-form-urlencoded":
        return _form(side.body.decode("latin-1"), level)
    if media_type.startswith("text/"):
        return _broken(side.body.decode("utf-8", "replace"), level)
    sum_of = f", sha256 {hashlib.sha256(side.body).hexdigest()}" if side.size == len(side.body) else ""
    return f"‹{media_type or 'no type'}: {side.size:,} bytes{sum_of}›"


def _json(side: OneSide, level: Level) -> str:
    try:
        value = _decode(side.body)
        return _encode(_redacted(value, level, "", 0)).decode()
    except (msgspec.DecodeError, UnicodeDecodeError, InvalidOperation, RecursionError):
        return _broken(side.body.decode("utf-8", "replace"), level)


def _redacted(value: Any, level: Level, name: str, depth: int) -> Any:
    """A JSON value without what must not be kept; `name` is what it stands under."""
    if depth > DEEPEST:
        return "‹nested too deeply›"
    match value:
        case dict():
            if name in _ALL_INSIDE:
                return {key: _hidden(inside) for key, inside in value.items()}
            is_somebody = level == "redacted" and not _ADDRESS.isdisjoint(value)
            named = frozenset({"value"} if name == _TAX_NUMBERS else {"name"} if is_somebody else ())
            return {key: _member(key, inside, level, named, depth) for key, inside in value.items()}
        case list():
            return [_redacted(each, level, name, depth + 1) for each in value]
        case str():
            return _of_text(value, level)
    return value


def _member(key: str, inside: Any, level: Level, named: frozenset[str], depth: int) -> Any:
    """What is kept of the member of an object; `named` are more names that hide in it."""
    lower = key.lower()
    if is_secret(lower):
        return inside if _says_yes_or_no(inside) else _hidden(inside)
    if level == "redacted" and not isinstance(inside, dict | list) and (lower in _PERSONAL or lower in named):
        return _hidden(inside)
    return _redacted(inside, level, lower, depth + 1)


def _says_yes_or_no(value: Any) -> bool:
    """Whether something that has a secret's name is none, such as `signature` among the functions of an option."""
    return isinstance(value, bool) or (isinstance(value, list) and all(isinstance(each, bool) for each in value))


def _hidden(value: Any) -> Any:
    """What is left of a value that is not kept: how long it was. Nothing stays nothing."""
    match value:
        case dict():
            return {key: _hidden(inside) for key, inside in value.items()}
        case list():
            return [_hidden(each) for each in value]
        case bool() | None | "":
            return value
        case str():
            return f"‹redacted: {len(value)} characters›"
    return "‹redacted›"


def _of_text(text: str, level: Level) -> str:
    if len(text) > LONGEST_PLAIN:
        return _file(text)
    if "=" in text and "://" in text:
        return _IN_LINKS.sub(lambda found: _link(found, level), text)
    return text


def _link(found: re.Match[str], level: Level) -> str:
    return found[0] if level == "full" and found[1].lower() == "postal_code" else f"{found[1]}=redacted"


def _file(text: str) -> str:
    try:
        content = b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return text
    return f"‹file: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}›"


def _form(text: str, level: Level) -> str:
    """A query, or the body of a form, without what must not be kept."""
    if not text:
        return ""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1_000)
    except ValueError:
        return "‹not readable›"
    hidden = [(name, "redacted" if _is_hidden(name, level) and value else value) for name, value in pairs]
    return urlencode(hidden)


def is_secret(name: str) -> bool:
    """Whether what stands under a name is a secret, by the sound of it."""
    return bool(_SECRET.search(name.lower()))


def _is_hidden(name: str, level: Level) -> bool:
    lower = name.lower()
    return is_secret(lower) or lower in _ALL_INSIDE or (level == "redacted" and lower in _PERSONAL)


def _broken(text: str, level: Level) -> str:
    """What is no JSON, or only the beginning of it: what stands under a name that hides is taken out all the same."""
    text = text[: 2 * MOST_KEPT]
    for found in _OBJECT.finditer(text):
        if is_secret(found[2]) or found[2].lower() in _ALL_INSIDE:
            text = text[: found.start()] + _REST
            break
    return _PAIR.sub(lambda found: _pair(found, level), text)


def _pair(found: re.Match[str], level: Level) -> str:
    name, value = _unescaped(found[2]), found[3]
    is_name = level == "redacted" and name.lower() == "name"  # nobody can tell whose
    bare = value.strip("\"'")
    if (is_name or _is_hidden(name, level)) and bare not in {"true", "false", "null", ""}:
        return found[0].removesuffix(value) + f'"‹redacted: {len(bare)} characters›"'
    if len(bare) > LONGEST_PLAIN:
        return found[0].removesuffix(value) + f'"‹text: {len(bare):,} characters›"'
    return found[0]


def _unescaped(name: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)
