"""Authentication: access tokens for those who would rather send one than their keys (OAuth 2.0, client credentials).

The client is an API key: its public key is the client id, its secret key the client secret. Sources: RFC 6749, sections
2.3.1, 4.4 and 5; Authentication (2026-07) for the members of answers and errors.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from kolli.account.keys import TOKEN_SECONDS, WRONG, issue_token
from kolli.api.auth import by_key, read_basic
from kolli.api.bodies import encode
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import Pointers, Rejected
from kolli.api.v3.common import Schema
from kolli.errors import KolliError, TooLarge, Unauthenticated
from kolli.operations.context import Context, Installation

FORM = "application/x-www-form-urlencoded"
MOST_MEMBERS = 50

EVERYTHING = "api"
"""The one scope that the descriptions of the sections name; it is all of them."""

SCOPES = (
    EVERYTHING,
    *("read:integration", "write:integration", "read:order", "write:order", "write:product", "write:carrier"),
    *("read:operational-settings", "write:operational-settings", "read:parcel", "write:parcel", "read:price"),
    *("read:shipping-rule", "write:shipping-rule", "read:return", "write:return", "read:return-settings"),
    *("write:return-settings", "read:pickup", "write:pickup"),
)
"""Every scope there is. Source: the API's page about OAuth scopes (2026-07)."""


class TokenRequest(Schema):
    """The form of a request for a token. Client id and secret stand there or in the `Authorization` header."""

    grant_type: str
    scope: Annotated[str, Field(description="Scopes with spaces between them; absent: all of them.")] = ""
    client_id: str = ""
    client_secret: str = ""


class Token(TypedDict):
    """An access token: what it allows, and for how many seconds."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str


class TokenRefusal(TypedDict):
    """Why there is no token, in the form of OAuth."""

    error: str
    error_description: str
    error_hint: str
    error_debug: str
    status_code: int


class TokenRefused(KolliError):
    """There is no token for this request."""

    def __init__(self, code: str, hint: str, status: int = 400) -> None:
        super().__init__(hint)
        self.code = code
        self.status = status


DESCRIPTIONS: Mapping[str, str] = {
    "invalid_request": "The request is not one for a token: something is missing, wrong or there twice.",
    "invalid_client": "The client is not known, or its secret is wrong.",
    "invalid_scope": "A scope that was asked for does not exist.",
    "unsupported_grant_type": "Tokens are not given in this way.",
    "server_error": "Something went wrong.",
}
"""Every error there can be. Source: RFC 6749, section 5.2; `server_error` is that of section 4.1.2.1."""


def refuse(error: KolliError, _: Pointers) -> tuple[int, bytes]:
    """A refusal in the form of OAuth, whatever went wrong."""
    match error:
        case TokenRefused():
            refused = error
        case Rejected(status=401):
            hint = "Send the public key as client id and the secret key as client secret, by Basic or in the form."
            refused = TokenRefused("invalid_client", hint, 401)
        case Rejected():
            refused = TokenRefused("invalid_request", str(error.problems[0]["detail"]), error.status)
        case TooLarge():
            refused = TokenRefused("invalid_request", error.message, 413)
        case _:
            refused = TokenRefused("server_error", error.message, 500)
    content: TokenRefusal = {
        "error": refused.code,
        "error_description": DESCRIPTIONS[refused.code],
        "error_hint": refused.message,
        "error_debug": "",
        "status_code": refused.status,
    }
    return refused.status, encode(content)


def by_client(request: Request, installation: Installation) -> Context:
    """The client: its id and secret stand in the header, or in the form."""
    form = _read_form(request)
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        public_key, secret = form.get("client_id", ""), form.get("client_secret", "")
    elif scheme.lower() == "basic":
        public_key, secret = read_basic(credentials)
        if form.get("client_id", public_key) != public_key or form.get("client_secret", secret) != secret:
            raise TokenRefused("invalid_request", "The client in the form is another than the one in the header.")
    else:
        raise Unauthenticated(WRONG)
    if not public_key:
        raise Unauthenticated
    return by_key(public_key, secret, installation)


def create_token(request: Request, context: Context) -> Answer:
    """Gives a token for the client's account, good for an hour, that allows what was asked for or everything."""
    form = _read_form(request)
    grant_type = form.get("grant_type")
    if not grant_type:
        raise TokenRefused("invalid_request", "The form member grant_type is missing. Send client_credentials.")
    if grant_type != "client_credentials":
        hint = f"The grant type {grant_type[:40]!r} is not served here. Send client_credentials."
        raise TokenRefused("unsupported_grant_type", hint)
    scopes = _read_scopes(form.get("scope", ""))
    with context.write() as transaction:
        token = issue_token(transaction, context.key, scopes, context.now())
    answer: Token = {
        "access_token": token,
        "expires_in": TOKEN_SECONDS,
        "scope": " ".join(scopes),
        "token_type": "bearer",
    }
    return Answer(200, answer)


def _read_scopes(text: str) -> list[str]:
    """The scopes that a token gets, each once: what is asked for, everything where that is nothing or `api`."""
    wanted = dict.fromkeys(text.split())
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown:
        raise TokenRefused("invalid_scope", f"There is no scope {unknown[0][:40]!r}. There are: {', '.join(SCOPES)}.")
    return list(SCOPES) if not wanted or EVERYTHING in wanted else list(wanted)


def _read_form(request: Request) -> dict[str, str]:
    """The members of the form; TokenRefused when it is none, or has one of them twice."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise TokenRefused("invalid_request", f"The body has to be a form ({FORM}), not {media_type[:60]!r}.")
    try:
        members = parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_MEMBERS)
    except ValueError as error:  # no UTF-8, or too many members
        raise TokenRefused("invalid_request", "The form cannot be read.") from error
    form = dict(members)
    if len(form) != len(members):
        raise TokenRefused("invalid_request", "A member of the form stands there more than once.")
    if any("\0" in value for value in form.values()):
        raise TokenRefused("invalid_request", "The form holds the character U+0000.")
    return form


ROUTES = [
    Endpoint(
        "POST",
        "/oauth2/token",
        create_token,
        "OAuth 2.0 token",
        prefix="",
        who=by_client,
        refuse=refuse,
        body=TypeAdapter(TokenRequest),
        body_type=FORM,
        answers={200: Token},
        errors=[401],
        refusal=TokenRefusal,
        headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
    )
]
