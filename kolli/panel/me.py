"""What a person settles for themselves: language, colours, clock, password, and where they are signed in."""

from dataclasses import replace
from typing import get_args

from starlette.responses import Response

from kolli.account.sessions import end_sessions_of, list_sessions
from kolli.account.users import Right, Theme, update_user
from kolli.errors import KolliError
from kolli.operations.people import change_password, recognised
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of
from kolli.panel.shell import LANGUAGES, time_zones
from kolli.panel.web import PanelRequest, Route

PATH = "/panel/me/"


def show(request: PanelRequest) -> Response:
    """The page with all of it."""
    return _page(request)


def _page(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        sessions = list_sessions(transaction, request.user, request.context.now())
    return request.page("me/me.html", status=status, problems=problems, sessions=sessions, zones=time_zones())


def save(request: PanelRequest) -> Response:
    """Stores how a person likes the panel."""
    form, problems = request.form, Problems()
    if form.text("language") not in {"", *LANGUAGES}:
        problems.add("language", request._("Choose one of the languages."))
    if form.text("theme") not in get_args(Theme):
        problems.add("theme", request._("Choose one of the three."))
    if form.text("time_zone") and form.text("time_zone") not in time_zones():
        problems.add("time_zone", request._("There is no such time zone. Choose one of the list."))
    if problems:
        return _page(request, 422, problems)
    theme: Theme = next(each for each in get_args(Theme) if each == form.text("theme"))
    wishes = replace(
        request.user.wishes,
        language=form.text("language"),
        theme=theme,
        time_zone=form.text("time_zone"),
        beeps=form.flag("beeps"),
    )
    with request.write("user.wishes", request.user.name) as transaction:
        update_user(transaction, replace(request.user, wishes=wishes))
    return request.redirect(PATH, request._("Saved."))


def save_password(request: PanelRequest) -> Response:
    """Gives whoever is signed in another password, and signs them out everywhere else."""
    form = request.form
    try:
        recognised(request.user.name, form.raw("old_password"), request.caller, request.installation)
    except KolliError as error:
        return _page(request, 422, problems_of(error, {"password": "old_password"}))
    try:
        change_password(request.user, form.raw("password"), request.installation, besides=request.session)
    except KolliError as error:
        return _page(request, 422, problems_of(error, known=["password"]))
    request.note("user.password", request.user.name)
    return request.redirect(PATH, request._("The new password counts from now on. You are signed out everywhere else."))


def sign_out_elsewhere(request: PanelRequest) -> Response:
    """Ends all sessions but this one."""
    with request.write("session.end_others", request.user.name) as transaction:
        end_sessions_of(transaction, request.user, besides=request.session)
    return request.redirect(PATH, request._("You are signed out everywhere else."))


ROUTES = (
    Route("GET", PATH, show, Right.SEE),
    Route("POST", PATH, save, Right.SEE),
    Route("POST", f"{PATH}password/", save_password, Right.SEE),
    Route("POST", f"{PATH}sign-out-elsewhere/", sign_out_elsewhere, Right.SEE),
)
