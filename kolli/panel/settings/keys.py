"""API keys: made, shown once, renamed, rotated and revoked."""

from datetime import timedelta

from starlette.responses import Response

from kolli.account.integrations import list_integrations
from kolli.account.keys import (
    ApiKey,
    ResponseProfile,
    create_key,
    get_key,
    list_keys,
    rename_key,
    revoke_key,
    rotate_key,
)
from kolli.panel.forms import NO_PROBLEMS, Problems
from kolli.panel.web import PanelRequest, Right, Route

PATH = "/panel/settings/keys/"
LONGEST_NAME = 100
PROFILES: tuple[ResponseProfile, ...] = ("example", "schema")
OVERLAPS = {"0": timedelta(0), "1": timedelta(days=1), "7": timedelta(days=7), "30": timedelta(days=30)}
"""Days for which a key stays good beside the one that takes its place."""


def show(request: PanelRequest) -> Response:
    """Every key of the account, and the form for another."""
    return _page(request)


def _page(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        keys = list_keys(transaction, request.account_id)
        shops = list_integrations(transaction, request.account_id)
    return request.page(
        "settings/keys/list.html",
        status=status,
        problems=problems,
        section="keys",
        keys=keys[::-1],
        shops={shop.id: shop.name for shop in shops},
    )


def create(request: PanelRequest) -> Response:
    """Makes a key, and shows its secret: the only time that anybody sees it."""
    form, problems = request.form, Problems()
    name = _name_in(request, problems)
    with request.context.database.read() as transaction:
        shops = {str(shop.id): shop for shop in list_integrations(transaction, request.account_id)}
    if form.text("integration") not in shops:
        problems.add("integration", request._("Choose the shop that the key is for."))
    profile = next((each for each in PROFILES if each == form.text("profile")), None)
    if profile is None:
        problems.add("profile", request._("Choose one of the two."))
    if problems or profile is None:
        return _page(request, 422, problems)
    with request.write("key.create", name) as transaction:
        key, secret = create_key(
            transaction,
            request.account_id,
            name,
            request.context.now(),
            profile,
            integration_id=shops[form.text("integration")].id,
        )
    return _shown(request, key, secret)


def show_one(request: PanelRequest) -> Response:
    """One key, to be renamed, rotated or revoked."""
    return _one(request)


def _one(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        key = get_key(transaction, request.account_id, request.path["key"])
        listed = next(each for each in list_keys(transaction, request.account_id) if each.key == key)
    return request.page("settings/keys/key.html", status=status, problems=problems, section="keys", each=listed)


def rename(request: PanelRequest) -> Response:
    """Gives a key another name."""
    problems = Problems()
    name = _name_in(request, problems)
    if problems:
        return _one(request, 422, problems)
    with request.write("key.rename", name, key=request.path["key"]) as transaction:
        rename_key(transaction, request.account_id, request.path["key"], name)
    return request.redirect(PATH, request._("Renamed."))


def rotate(request: PanelRequest) -> Response:
    """Makes the key that takes another's place; for as long as was chosen both are good."""
    problems = Problems()
    overlap = OVERLAPS.get(request.form.text("overlap"))
    if overlap is None:
        problems.add("overlap", request._("Choose how long both keys are good."))
        return _one(request, 422, problems)
    with request.context.database.read() as transaction:
        old = get_key(transaction, request.account_id, request.path["key"])
    now = request.context.now()
    with request.write("key.rotate", old.name, key=old.public_key, until=now + overlap) as transaction:
        key, secret = rotate_key(transaction, old, now, now + overlap)
    return _shown(request, key, secret)


def revoke(request: PanelRequest) -> Response:
    """Ends a key, and every token that was made with it."""
    with request.context.database.read() as transaction:
        key = get_key(transaction, request.account_id, request.path["key"])
    with request.write("key.revoke", key.name, key=key.public_key) as transaction:
        revoke_key(transaction, request.account_id, key.public_key)
    return request.redirect(PATH, request._("Revoked. Whoever uses it is refused from now on."))


def _shown(request: PanelRequest, key: ApiKey, secret: str) -> Response:
    return request.page(
        "settings/keys/secret.html",
        status=201,
        section="keys",
        key=key,
        secret=secret,
        url=request.installation.public_url,
    )


def _name_in(request: PanelRequest, problems: Problems) -> str:
    name = request.form.text("name")
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        problems.add("name", request._("Say what the key is for, in at most 100 printable characters."))
    return name


ROUTES = (
    Route("GET", PATH, show, Right.DEVELOP),
    Route("POST", PATH, create, Right.DEVELOP, is_fresh=True),
    Route("GET", f"{PATH}{{key}}/", show_one, Right.DEVELOP),
    Route("POST", f"{PATH}{{key}}/rename/", rename, Right.DEVELOP),
    Route("POST", f"{PATH}{{key}}/rotate/", rotate, Right.DEVELOP, is_fresh=True),
    Route("POST", f"{PATH}{{key}}/revoke/", revoke, Right.DEVELOP),
)
