"""Assembles an installation from its settings, and the web application on top of it."""

import fcntl
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from random import Random, SystemRandom
from typing import NoReturn

import uvicorn
from anyio import CapacityLimiter
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from kolli.account.brands import get_image
from kolli.account.requests import LoggedRequest
from kolli.api import description, v2
from kolli.api.endpoint import nowhere
from kolli.api.logged import Logged
from kolli.api.unreadable import Http
from kolli.api.v2.errors import PREFIX as V2_PREFIX
from kolli.api.v2.errors import nowhere as nowhere_in_v2
from kolli.api.v3 import SECTIONS
from kolli.carriers.registry import Carriers, installed_carriers
from kolli.database import Database
from kolli.database_files import network_file_system
from kolli.documents.fonts import Fonts
from kolli.errors import SetupError, StorageFull, StorageUnavailable
from kolli.jobs import release_leases
from kolli.jobs.workers import Workers
from kolli.migrations import migrate, newest_version, version_of
from kolli.operations.announce import LABELS
from kolli.operations.background import LANES, workers
from kolli.operations.batches import LANE as BATCHES
from kolli.operations.configuration import Configurations
from kolli.operations.context import Installation
from kolli.operations.deliver import begin_sweeping
from kolli.operations.follow import begin_following
from kolli.operations.outcomes import CHECKS
from kolli.operations.reconcile import begin_picking_up, reconcile
from kolli.operations.redact import Level
from kolli.operations.request_log import RequestLog
from kolli.operations.secrets import holds_secrets, seal_what_is_readable
from kolli.outgoing import Outgoing
from kolli.panel import PAGES, PREFIX, STATIC, web_routes
from kolli.room import ROOM, Room, room_for
from kolli.sequences import Sequences
from kolli.settings import Settings
from kolli.vault import LOST, Vault, make_key_file, who_else_can_read
from kolli.wires import PRIVATE_NETWORKS, Wires

log = logging.getLogger(__name__)

DATABASE = "kolli.db"
LOCK = "kolli.lock"
KEYS = "kolli.key"

CJK_FONTS = (
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
    Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"),
)
"""Where Debian's package fonts-noto-cjk puts them."""

API_PREFIXES = ("/api/", "/oauth2/")

OUR_FILES = ("/static/", "/api/v3/openapi.json")

MOST_CONNECTIONS = 500
"""Open connections at a time; beyond that the answer is 503, so that idle ones cannot take all memory."""

WORKERS_GET_SECONDS = 30
"""How long what runs in the background may take to end when the server stops."""

LOG_GETS_SECONDS = 5
"""How long the request log may take to write down what waits when the server stops."""

EXIT_OF_A_FAILED_DISK = 74
"""The exit code when the disk has failed: EX_IOERR of sysexits.h."""

MIB = 1024 * 1024

IMAGES = 64
"""Logos kept in memory; each is at most 2 MiB, and mostly a few kB."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def open_database(settings: Settings) -> Database:
    """The installation's database, at the version this program works with.

    A new one gets its tables at once. An older one is a SetupError: changing it is the operator's decision.
    """
    database = Database(settings.data / DATABASE, readers=settings.threads)
    with readable(database), database.read() as transaction:
        at = version_of(transaction)
    if at is None:
        with database.write() as transaction:
            migrate(transaction)
    elif at != newest_version():
        raise SetupError(
            f"The database in {settings.data} has version {at}; this program works with {newest_version()}."
            " Make a backup, then run `kolli migrate`."
        )
    return database


def watch_disk(database: Database, settings: Settings) -> None:
    """Keeps room for carriers' answers on the disk, and ends the process when the disk fails to keep what it is given.

    For a server; a command has no answers to wait for, and ends by itself.
    """
    if kind := network_file_system(settings.data):
        log.warning("%s is on a network file system (%s), where SQLite can lose data.", settings.data, kind)
    database.room = Room(settings.data / ROOM, size_of_room(settings))
    database.when_a_sync_fails = _end_at_once


def size_of_room(settings: Settings) -> int:
    """How much room a server with these settings keeps for carriers' answers, in bytes."""
    waiting = settings.threads + sum(LANES[lane].workers for lane in (LABELS, CHECKS, BATCHES))
    return settings.room_mib * MIB if settings.room_mib else room_for(waiting)


def _end_at_once(sentence: str) -> NoReturn:
    log.critical("%s", sentence)
    logging.shutdown()
    os._exit(EXIT_OF_A_FAILED_DISK)  # no handler, and no connection that is closed in order, asks the disk again


@contextmanager
def readable(database: Database) -> Iterator[None]:
    """Turns what a broken file, or one that is no database, says to its first reader into a SetupError."""
    try:
        yield
    except (StorageFull, StorageUnavailable) as error:
        raise SetupError(f"{error.message} It is {database.path}.") from error
    except DBAPIError as error:
        raise SetupError(
            f"The database {database.path} cannot be used: {error.orig}."
            " Put a backup in its place, or correct KOLLI_DATA."
        ) from error


def open_vault(settings: Settings, database: Database) -> Vault:
    """What opens the secrets in the installation's database.

    Its key file is made for a database without secrets. SetupError when it is not there for one that has some, or when
    everybody can read it.
    """
    path = key_file(settings)

    def check() -> None:
        with database.read() as transaction:
            if holds_secrets(transaction):
                raise SetupError(f"The key file {path} is not there, but the database holds secrets. {LOST}")

    if not path.exists():
        make_key_file(path, check)
    match who_else_can_read(path):
        case "everybody":
            raise SetupError(f"Everybody on this machine can read the key file {path}. Run `chmod 600 {path}` first.")
        case None:
            pass
        case others:
            log.warning("Beside its owner, %s can read the key file %s.", others, path)
    return Vault.of_file(path)


def key_file(settings: Settings) -> Path:
    """Where the keys are."""
    return settings.key_file or settings.data / KEYS


def build(
    settings: Settings,
    database: Database,
    *,
    carriers: Carriers | None = None,
    fonts: Fonts | None = None,
    clock: Callable[[], datetime] = now,
    random: Random | None = None,
) -> Installation:
    """An installation on this database; what is not given is made from the settings."""
    carriers = carriers or installed_carriers(settings.data)
    random = random or SystemRandom()
    vault = open_vault(settings, database)
    sequences = Sequences(database, random)
    sequences.catch_up()
    host = "localhost" if settings.host in {"0.0.0.0", "::"} else settings.host  # noqa: S104 - compared, not bound
    return Installation(
        settings=settings,
        database=database,
        sequences=sequences,
        carriers=carriers,
        configurations=Configurations(carriers, vault),
        fonts=fonts or find_fonts(settings),
        image=lru_cache(IMAGES)(partial(_image, database)),
        clock=clock,
        outgoing=Outgoing(settings.private_targets),
        wires=Wires(settings.printer_networks or PRIVATE_NETWORKS),
        vault=vault,
        public_url=settings.public_url or f"http://{f'[{host}]' if ':' in host else host}:{settings.port}",
        random=random,
    )


def _image(database: Database, account_id: int, sha256: str) -> bytes:
    with database.read() as transaction:
        return get_image(transaction, account_id, sha256)


def find_fonts(settings: Settings) -> Fonts:
    """The bundled fonts, with those for Han, Kana and Hangul where they are set or found."""
    regular, bold = (path if path.exists() else None for path in CJK_FONTS)
    return Fonts(cjk=settings.cjk_font or regular, cjk_bold=settings.cjk_font_bold or bold)


@contextmanager
def sole_server(data: Path) -> Iterator[None]:
    """Makes sure that no other server works on this folder; a second one is a SetupError."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = (data / LOCK).open("w")
    except OSError as error:
        raise SetupError(
            f"The folder {data} cannot be written to: {error.strerror}. Choose another with KOLLI_DATA."
        ) from error
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(
                f"Another Kolli server is running on the folder {data}. Stop it first, or choose another folder."
            ) from None
        yield


def web(installation: Installation, note: Callable[[LoggedRequest], None] | None = None) -> ASGIApp:
    """The web application: the API, the pages, and a readable answer for everything else.

    Every request is told to `note` once it has been answered.
    """
    threads = CapacityLimiter(installation.settings.threads)
    sections = (*SECTIONS, *(v2.SECTIONS if installation.settings.api_v2 else ()))
    routes: list[BaseRoute] = [
        endpoint.route(installation, threads) for section in sections for endpoint in section.ROUTES
    ]
    described = description.route(sections, installation.public_url)
    pages = [page.route(installation) for page in PAGES]
    panel = web_routes(installation)
    application = _Web(Router([*routes, described, *pages, *panel, STATIC], redirect_slashes=False))
    keeps_bodies = installation.settings.request_log_bodies != "off"
    return Logged(application, note, installation.clock, keeps_bodies=keeps_bodies) if note else application


class _Web:
    """Routes requests; a path that leads nowhere gets the API's own form of error.

    Files of ours are compressed, and nothing else: how long an answer becomes would tell what is secret in it.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._compressed = GZipMiddleware(router, minimum_size=1000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # no lifespan events and no web sockets here
        # Callers write paths with and without a slash at the end, as the hosted service takes both.
        if scope["path"].startswith(API_PREFIXES) and scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"].rstrip("/")}
        elif any(scope["path"] + "/" == page.path for page in PAGES) or _lacks_slash(scope["path"]):
            scope = {**scope, "path": scope["path"] + "/"}
        try:
            answer = self._compressed if scope["path"].startswith(OUR_FILES) else self._router
            await answer({**scope, "app": self}, receive, send)
        except HTTPException as error:
            allowed = self._methods_at(scope)
            if scope["path"].startswith(f"/{V2_PREFIX}/"):
                response = nowhere_in_v2(error.status_code, allowed, scope["path"])
            else:
                response = nowhere(error.status_code, allowed)
            await response(scope, receive, send)

    def _methods_at(self, scope: Scope) -> set[str]:
        """The methods by which a path can be asked."""
        routes = [route for route in self._router.routes if route.matches(scope)[0] is not Match.NONE]
        methods = [route.methods or set() for route in routes if isinstance(route, Route)]
        return set().union(*methods) or {"GET", "HEAD"}  # what is no Route is a folder of files


def _lacks_slash(path: str) -> bool:
    """Whether this is a page of the panel, without the slash at its end; files have a dot in their names."""
    return f"{path}/".startswith(PREFIX) and not path.endswith("/") and "." not in path.rpartition("/")[2]


@dataclass(frozen=True)
class Running:
    """An installation at work: what answers requests, what runs beside them, and what is written about them."""

    installation: Installation
    server: uvicorn.Server
    background: Workers
    request_log: RequestLog | None


@contextmanager
def at_work(installation: Installation, background: Workers | None = None) -> Iterator[Running]:
    """Has an installation work, once it is settled what an earlier process left behind; all is closed in the end.

    Nobody is answered yet: that is up to who runs the server. Only right where no other server works on the database.
    """
    try:
        begin(installation)
    except StorageFull as error:  # it can still be read, and jobs settle the rest when there is room
        log.error("What an earlier process left behind is settled later. %s", error.message)  # noqa: TRY400 - no mistake
    background = background or workers(installation)
    request_log = _request_log(installation)
    server = _web_server(web(installation, request_log.note if request_log else None), installation.late_answers.end)
    background.start()
    if request_log:
        request_log.start()
    try:
        yield Running(installation, server, background, request_log)
    finally:
        if background.stop(WORKERS_GET_SECONDS):
            installation.carriers.close()
        else:
            log.warning("Some work was cut off. It is begun again at the next start.")
        if request_log:
            request_log.stop(LOG_GETS_SECONDS)
        installation.outgoing.close()
        installation.wires.close()
        installation.database.close()


def _request_log(installation: Installation) -> RequestLog | None:
    settings = installation.settings
    level: Level = "full" if settings.request_log_bodies == "full" else "redacted"
    return (
        RequestLog(installation.database, settings.request_log, installation.clock, level)
        if settings.request_log
        else None
    )


class _Server(uvicorn.Server):
    """The web server, which says so when it stops and before it waits for the requests it has begun."""

    def __init__(self, config: uvicorn.Config, when_it_stops: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_it_stops = when_it_stops

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._when_it_stops()
        await super().shutdown(sockets)


def _web_server(application: ASGIApp, when_it_stops: Callable[[], None]) -> uvicorn.Server:
    config = uvicorn.Config(
        application,
        http=Http,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=60,
    )
    return _Server(config, when_it_stops)


def begin(installation: Installation) -> None:
    """Settles what an earlier process left behind, and begins what goes on for ever."""
    database = installation.database
    if sealed := seal_what_is_readable(database, installation.vault):
        log.info("%d secrets that earlier versions kept readable are encrypted now.", sealed)
    for attempt in reconcile(installation):
        log.warning("Shipment %s stays unsettled: %s", attempt.shipment_id, attempt.reason or attempt.state)
    with database.write() as transaction:
        release_leases(transaction, installation.clock())  # whoever held them is dead: we are the only server
        begin_following(transaction, installation)
        begin_sweeping(transaction, installation.clock())
    begin_picking_up(installation)


def serve(settings: Settings, started: Callable[[Installation], None]) -> None:
    """Runs the server until it is told to stop (SIGINT or SIGTERM), finishing the requests it has begun.

    Before it answers anybody, it settles what an earlier process left behind. `started` is called on a thread of its
    own once requests are answered.
    """
    with sole_server(settings.data):
        database = open_database(settings)
        listener = listen(settings)
        watch_disk(database, settings)
        bound = settings.model_copy(update={"port": listener.getsockname()[1]})
        with at_work(build(bound, database)) as running:
            threading.Thread(target=_tell, args=(running, started), daemon=True).start()
            for stop in (signal.SIGINT, signal.SIGTERM):
                signal.signal(stop, _leave)  # uvicorn finishes its requests, and then raises the signal again
            running.server.run(sockets=[listener])


def _leave(*_: object) -> None:
    raise SystemExit(0)


def listen(settings: Settings) -> socket.socket:
    """A socket at the address and port of the settings; SetupError when that cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise SetupError(
            f"The server cannot listen on {settings.host} port {settings.port}: {error.strerror}."
            " Choose another with KOLLI_HOST and KOLLI_PORT."
        ) from error


def _tell(running: Running, started: Callable[[Installation], None]) -> None:
    while not running.server.started:
        if running.server.should_exit:
            return
        time.sleep(0.005)
    started(running.installation)
