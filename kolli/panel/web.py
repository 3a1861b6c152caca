"""The door for people: a request with a session becomes a PanelRequest, and a page comes back.

Bytes are read on the event loop; everything else of a request runs on one worker thread. A page that is asked for by
nobody who is signed in leads to the sign-in page and back. A form counts only when it comes from a page of ours:
see `_is_ours`.
"""

import hashlib
import hmac
import logging
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match
from starlette.routing import Route as HttpRoute
from starlette.types import Message, Receive, Scope, Send

from kolli import __version__
from kolli.account.accounts import get_account
from kolli.account.audit import add_entry
from kolli.account.keys import ApiKey
from kolli.account.sender_addresses import find_sender_address
from kolli.account.sessions import LONGEST, NOTED_EVERY, Session, find_session, note_use
from kolli.account.users import Right, User
from kolli.api.endpoint import read_body
from kolli.errors import (
    Conflict,
    Forbidden,
    InFlight,
    Invalid,
    KolliError,
    LimitReached,
    NotFound,
    StorageFull,
    StorageUnavailable,
    TooLarge,
)
from kolli.operations.context import Context, Installation
from kolli.panel.forms import NO_PROBLEMS, Form, Problems, Upload, read_form
from kolli.panel.navigation import MENU
from kolli.panel.shell import LANGUAGES, catalogue, environment, preferred_language, time_zones, zones_of

log = logging.getLogger(__name__)

SESSION_COOKIE = "kolli_session"
NOTICE_COOKIE = "kolli_notice"

USUAL_FORM_BYTES = 512 * 1024
"""How large a form may be that brings no file."""

LONGEST_FORM_SECONDS = 60

LONGEST_PATH = 2000
"""Characters of an address that somebody is led back to."""

PAGES_AT_A_TIME = 8
"""Threads that make pages, so that the panel never takes those of the API."""

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every page. Nothing runs or styles a page but files of our own."""

FILE_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
}
"""Of files that people open: labels and papers may be shown inside a page of ours, and run nothing."""

STATUSES: Mapping[type[KolliError], int] = {
    NotFound: 404,
    Forbidden: 403,
    LimitReached: 429,
    TooLarge: 413,
    Conflict: 409,
    InFlight: 409,
    StorageFull: 507,
    StorageUnavailable: 503,
    Invalid: 422,
}
"""With which status an error is shown that a page has not dealt with itself; 400 for all others."""


class NotSignedIn(KolliError):
    """Please sign in."""


@dataclass
class OpenRequest:
    """What came in, from whomever: for the pages that nobody has to sign in for."""

    http: HttpRequest
    installation: Installation
    form: Form
    language: str
    cookies: dict[str, str | None] = field(default_factory=dict)  # to be set with the answer; None: to be removed

    @property
    def path(self) -> Mapping[str, Any]:
        """The parts of the address that vary."""
        return self.http.path_params

    @property
    def query(self) -> QueryParams:
        """What stands behind the question mark."""
        return self.http.query_params

    @property
    def id(self) -> int:
        """The number in the address; one that is too large to exist becomes the largest there could be."""
        return min(int(self.path["id"]), 2**63 - 1)

    @property
    def is_htmx(self) -> bool:
        """Whether a part of a page is asked for, to be put into it."""
        return self.http.headers.get("hx-request") == "true"

    @property
    def caller(self) -> str:
        """The address of whoever asks, as far as the network says."""
        return self.http.client.host if self.http.client else ""

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach us over TLS."""
        return self.installation.public_url.startswith("https://")

    def _(self, text: str) -> str:
        """A text of ours in the reader's language."""
        return catalogue(self.language).gettext(text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """The same for a number of things; the text has a place `%(num)s` for it."""
        return catalogue(self.language).ngettext(one, many, count) % {"num": count}

    def page(self, template: str, *, status: int = 200, problems: Problems = NO_PROBLEMS, **values: Any) -> Response:
        """A page from a template, which gets these values and what every page needs."""
        known = {**self._known(), "problems": problems, **values}
        content = environment(self.language).get_template(template).render(known)
        return HTMLResponse(content, status, HEADERS)

    def redirect(self, path: str, notice: str = "") -> Response:
        """Leads on to another page of ours, which shows the notice."""
        if notice:
            self.cookies[NOTICE_COOKIE] = urlsafe_b64encode(notice.encode()).decode()
        if self.is_htmx:
            return Response(status_code=204, headers={**HEADERS, "HX-Redirect": path})
        return RedirectResponse(path, 303, HEADERS)

    def file(self, content: bytes, media_type: str, name: str, *, inline: bool = False) -> Response:
        """A file, shown in the browser or kept on the reader's machine. The name is ours; letters beyond ASCII go."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:100] or "file"
        place = "inline" if inline else "attachment"
        headers = {**FILE_HEADERS, "Content-Disposition": f'{place}; filename="{plain}"'}
        return Response(content, media_type=media_type, headers=headers)

    def _known(self) -> dict[str, Any]:
        notice = _notice_in(self.http.cookies.get(NOTICE_COOKIE, ""))
        if notice and NOTICE_COOKIE not in self.cookies and not self.is_htmx:
            self.cookies[NOTICE_COOKIE] = None
        return {
            "request": self,
            "language": self.language,
            "languages": LANGUAGES,
            "version": __version__,
            "notice": "" if self.is_htmx else notice,
            "typed": self.form.kept(),
            "form_key": secrets.token_urlsafe(16),
            "theme": "auto",
            "user": None,
            "menu": (),
            "csrf": "",
            "zone": ZoneInfo("UTC"),
            "now": self.installation.clock(),
        }


@dataclass
class PanelRequest(OpenRequest):
    """A request of somebody who is signed in."""

    session: Session = field(kw_only=True)
    context: Context = field(kw_only=True)
    csrf: str = field(kw_only=True)

    @property
    def user(self) -> User:
        """Who asks."""
        return self.session.user

    @property
    def account_id(self) -> int:
        """The id that every query asks for."""
        return self.context.account_id

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the reader's clock is: as they say, else that of the sender address, else UTC."""
        wanted = self.user.wishes.time_zone
        if wanted and wanted in time_zones():
            return ZoneInfo(wanted)
        with self.context.database.read() as transaction:
            sender = find_sender_address(transaction, self.account_id, None)
        return next(iter(zones_of(sender.address.country_code)), ZoneInfo("UTC")) if sender else ZoneInfo("UTC")

    @property
    def form_key(self) -> str:
        """What tells this sending of a form from all others; the same when it is sent twice. Invalid without one."""
        key = self.form.text("form_key")
        if not re.fullmatch(r"[A-Za-z0-9_-]{16,64}", key):
            raise Invalid(self._("The form is not complete. Load the page again, and send it once more."))
        return key

    def may(self, right: Right | str) -> bool:
        """Whether whoever asks may do this."""
        return self.user.may(Right(right))

    @contextmanager
    def write(self, action: str, subject: str, **details: object) -> Iterator[Connection]:
        """A transaction that may change data, with a line in the audit trail about it."""
        with self.context.write() as transaction:
            yield transaction
            add_entry(transaction, self.user, (action, subject), self.context.now(), details)

    def note(self, action: str, subject: str, **details: object) -> None:
        """A line in the audit trail, about an operation that has transactions of its own; before it begins."""
        with self.context.database.write() as transaction:
            add_entry(transaction, self.user, (action, subject), self.context.now(), details)

    def _known(self) -> dict[str, Any]:
        return {
            **super()._known(),
            "user": self.user,
            "menu": [
                (group.label, [place for place in group.places if self.user.may(place.right)])
                for group in MENU
                if any(self.user.may(place.right) for place in group.places)
            ],
            "csrf": self.csrf,
            "theme": self.user.wishes.theme,
            "zone": self.zone,
        }


@dataclass(frozen=True)
class Route:
    """One page, or one thing to do: for everybody who is signed in and has the right."""

    method: str
    path: str  # below nothing: the whole of it, ending in a slash unless it is a file
    handler: Callable[[PanelRequest], Response]
    right: Right
    most_bytes: int = USUAL_FORM_BYTES
    is_fresh: bool = False  # only with a password that was given a moment ago


@dataclass(frozen=True)
class OpenRoute:
    """One page for everybody."""

    method: str
    path: str
    handler: Callable[[OpenRequest], Response]
    most_bytes: int = 64 * 1024


class _Pattern(HttpRoute):
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        try:
            return super().matches(scope)
        except ValueError:  # Python reads no number of more than 4,300 digits
            return Match.NONE, {}


@dataclass(frozen=True)
class Door:
    """Answers one route."""

    route: Route | OpenRoute
    installation: Installation
    threads: CapacityLimiter

    def as_route(self) -> HttpRoute:
        """This route as the web server wants it."""
        return _Pattern(self.route.path, self, methods=[self.route.method])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request."""
        http = HttpRequest(scope, receive)
        form = Form()
        error: KolliError | None = None
        if self.route.method == "POST":
            try:
                form = await self._form(http)
            except ClientDisconnect:
                return  # nobody is left to answer, and nothing has been begun
            except TimeoutError:
                error = Invalid("The form did not arrive in time. Nothing was done; send it again.")
            except HTTPException as mistake:  # what Starlette makes of a form that is none
                error = Invalid(f"The form cannot be read: {mistake.detail}")
            except KolliError as refusal:
                error = refusal
        response = await to_thread.run_sync(partial(self._work, http, form, error), limiter=self.threads)
        if error is not None:
            response.headers["Connection"] = "close"  # what was not read would be taken for the next request
        await response(scope, receive, send)

    async def _form(self, http: HttpRequest) -> Form:
        """The form, read no further than the limit whatever its headers promise, and only for those we know."""
        if isinstance(self.route, Route):
            await to_thread.run_sync(partial(_session_of, http, self.installation), limiter=self.threads)
        limit = self.route.most_bytes
        message = f"The form is larger than {limit // 1024} KiB. Send less at a time."
        body = await read_body(http, limit, LONGEST_FORM_SECONDS, message)
        again = HttpRequest(http.scope, _once(body))
        async with again.form(max_files=5, max_fields=5000, max_part_size=limit) as data:
            return await read_form(data)

    def _work(self, http: HttpRequest, form: Form, error: KolliError | None) -> Response:
        asked = OpenRequest(http, self.installation, form, preferred_language(http.headers.get("accept-language", "")))
        try:
            self._check(asked, error)
            if isinstance(self.route, OpenRoute):
                response = self.route.handler(asked)
            else:
                asked = signed_in(asked)
                response = self._answer(self.route, asked)
        except NotSignedIn:
            response = _to_sign_in(asked)
        except KolliError as refusal:
            response = refused(asked, refusal)
        except Exception:
            log.exception("%s %s failed", self.route.method, self.route.path)
            response = refused(asked, KolliError(asked._("Something went wrong. It has been logged.")), 500)
        for name, value in asked.cookies.items():
            _set_cookie(response, name, value, asked)
        return response

    def _check(self, asked: OpenRequest, error: KolliError | None) -> None:
        if error is not None:
            raise error
        if self.route.method == "POST" and not _is_ours(asked.http, self.installation):
            raise Forbidden(asked._("This form was sent from elsewhere. Open the page here, and send it again."))

    def _answer(self, route: Route, request: PanelRequest) -> Response:
        if not request.may(route.right):
            raise Forbidden(request._("Your role does not allow this. Ask an owner of this account."))
        token = request.form.text("csrf").encode()
        if route.method == "POST" and not hmac.compare_digest(token, request.csrf.encode()):
            raise Forbidden(request._("This form is too old. Load the page again, and send it once more."))
        if route.is_fresh and not request.session.is_confirmed(request.context.now()):
            return _to_confirm(request)
        return route.handler(request)


def signed_in(asked: OpenRequest) -> PanelRequest:
    """The same request, of whoever is signed in; NotSignedIn when nobody is."""
    installation = asked.installation
    session, token = _session_of(asked.http, installation)
    now = installation.clock()
    if now - session.seen_at >= NOTED_EVERY:
        with installation.database.write() as transaction:
            note_use(transaction, session, now)
    with installation.database.read() as transaction:
        account = get_account(transaction, session.user.account_id)
    context = Context(installation, account, ApiKey("", account.id, session.user.name))
    return PanelRequest(
        asked.http,
        installation,
        asked.form,
        session.user.wishes.language or asked.language,
        asked.cookies,
        session=session,
        context=context,
        csrf=csrf_of(token),
    )


def csrf_of(token: str) -> str:
    """What forms of a session carry. Only its own pages can know it, and it tells nothing of the session's token."""
    return hashlib.sha256(f"csrf {token}".encode()).hexdigest()


def refused(asked: OpenRequest, error: KolliError, status: int | None = None) -> Response:
    """The page that shows an error nobody has dealt with."""
    found = status or next((code for kind, code in STATUSES.items() if isinstance(error, kind)), 400)
    response = asked.page("refused.html", status=found, error=error, found=found)
    if "retry_after" in error.details:
        response.headers["Retry-After"] = str(error.details["retry_after"])
    return response


def local_path(text: str) -> str:
    """A path of the panel that somebody asks to be led to; the start page for everything else."""
    path = text.partition("?")[0].partition("#")[0]
    is_ours = text.startswith("/panel/") and "//" not in path and ".." not in path and "\\" not in text
    return text if is_ours and text.isascii() and text.isprintable() and len(text) <= LONGEST_PATH else "/panel/"


def _session_of(http: HttpRequest, installation: Installation) -> tuple[Session, str]:
    token = http.cookies.get(SESSION_COOKIE, "")
    if not token:
        raise NotSignedIn
    with installation.database.read() as transaction:
        session = find_session(transaction, token[:200], installation.clock())
    if session is None:
        raise NotSignedIn
    return session, token


def _to_sign_in(asked: OpenRequest) -> Response:
    wanted = asked.http.url.path + (f"?{asked.http.url.query}" if asked.http.url.query else "")
    if asked.http.method != "GET" or asked.is_htmx:
        wanted = local_path(_split(asked.http.headers.get("referer", "")).path)
    return asked.redirect(f"/panel/sign-in/?next={quote(wanted, safe='')}")


def _to_confirm(request: PanelRequest) -> Response:
    wanted = request.http.url.path if request.http.method == "GET" else request.http.headers.get("referer", "")
    return request.redirect(f"/panel/confirm/?next={quote(local_path(_split(wanted).path), safe='')}")


def _is_ours(http: HttpRequest, installation: Installation) -> bool:
    """Whether a form was sent by a page of this server, as far as the browser says.

    Browsers say so in `Sec-Fetch-Site` over TLS, else in `Origin`. What says nothing is no browser, and has no cookie.
    """
    site = http.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = http.headers.get("origin")
    if origin is None:
        return True
    hosts: Collection[str] = {http.headers.get("host", ""), urlsplit(installation.public_url).netloc}
    sender = _split(origin).netloc
    return bool(sender) and sender in hosts


def _split(address: str) -> SplitResult:
    """An address that a browser sends in a header, in its parts; all of them empty when it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _once(body: bytes) -> Receive:
    """A body that has been read, to be read again."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _notice_in(cookie: str) -> str:
    try:
        return urlsafe_b64decode(cookie.encode()).decode()[:1000]
    except ValueError:
        return ""


def _set_cookie(response: Response, name: str, value: str | None, asked: OpenRequest) -> None:
    if value is None:
        response.delete_cookie(name, path="/panel", httponly=True, samesite="lax", secure=asked.is_secure)
    else:
        age = int(LONGEST.total_seconds()) if name == SESSION_COOKIE else None
        response.set_cookie(name, value, age, path="/panel", httponly=True, samesite="lax", secure=asked.is_secure)


__all__ = [
    "Door",
    "Form",
    "NotSignedIn",
    "OpenRequest",
    "OpenRoute",
    "PanelRequest",
    "Problems",
    "Right",
    "Route",
    "Upload",
    "local_path",
    "refused",
    "signed_in",
]
