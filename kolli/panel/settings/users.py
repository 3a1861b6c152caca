"""People of the account: let in, given another role or password, shut out."""

from dataclasses import replace

from starlette.responses import Response

from kolli.account.sessions import end_sessions_of, list_sessions
from kolli.account.users import Role, User, get_user, list_users, update_user
from kolli.errors import Invalid
from kolli.operations.people import change_password, let_in
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of
from kolli.panel.web import PanelRequest, Right, Route

PATH = "/panel/settings/users/"


def show(request: PanelRequest) -> Response:
    """Everybody, and the form for one more."""
    return _page(request)


def _page(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        people = list_users(transaction, request.account_id)
    return request.page("settings/users/list.html", status=status, problems=problems, section="users", people=people)


def add(request: PanelRequest) -> Response:
    """Lets somebody in, with a password that they should change."""
    form, problems = request.form, Problems()
    role = _role_in(request, problems)
    if role is None:
        return _page(request, 422, problems)
    try:
        user = let_in(request.account_id, form.text("name"), role, form.raw("password"), request.installation)
    except Invalid as error:
        return _page(request, 422, problems_of(error, known=["name", "password"]))
    request.note("user.add", user.name, role=role)
    return request.redirect(PATH, request._("Added. Tell them the name and the password; they can change it."))


def show_one(request: PanelRequest) -> Response:
    """One person."""
    return _one(request)


def _one(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        person = get_user(transaction, request.account_id, request.id)
        sessions = list_sessions(transaction, person, request.context.now())
    return request.page(
        "settings/users/user.html", status=status, problems=problems, section="users", person=person, sessions=sessions
    )


def change_role(request: PanelRequest) -> Response:
    """Gives a person another role; there is always an owner."""
    problems = Problems()
    role = _role_in(request, problems)
    if role is None:
        return _one(request, 422, problems)
    person = _person(request)
    return _updated(request, replace(person, role=role), "user.role", before=person.role, after=role)


def shut_out(request: PanelRequest) -> Response:
    """Keeps a person out, who is signed out everywhere; what they did stays theirs."""
    person = replace(_person(request), disabled_at=request.context.now())
    return _updated(request, person, "user.shut_out", ends_sessions=True)


def let_back(request: PanelRequest) -> Response:
    """Lets a person in again."""
    return _updated(request, replace(_person(request), disabled_at=None), "user.let_back")


def _updated(
    request: PanelRequest, person: User, action: str, *, ends_sessions: bool = False, **details: object
) -> Response:
    try:
        with request.write(action, person.name, **details) as transaction:
            update_user(transaction, person)
            if ends_sessions:
                end_sessions_of(transaction, person)
    except Invalid as error:
        return _one(request, 422, problems_of(error, known=["role"]))
    return request.redirect(f"{PATH}{person.id}/", request._("Saved."))


def set_password(request: PanelRequest) -> Response:
    """Gives a person another password, who is signed out everywhere."""
    person = _person(request)
    kept = request.session if person.id == request.user.id else None
    try:
        change_password(person, request.form.raw("password"), request.installation, besides=kept)
    except Invalid as error:
        return _one(request, 422, problems_of(error, known=["password"]))
    request.note("user.password", person.name)
    return request.redirect(f"{PATH}{person.id}/", request._("The new password counts from now on."))


def _person(request: PanelRequest) -> User:
    with request.context.database.read() as transaction:
        return get_user(transaction, request.account_id, request.id)


def _role_in(request: PanelRequest, problems: Problems) -> Role | None:
    role = next((each for each in Role if each == request.form.text("role")), None)
    if role is None:
        problems.add("role", request._("Choose one of the roles."))
    return role


ROUTES = (
    Route("GET", PATH, show, Right.MANAGE),
    Route("POST", PATH, add, Right.MANAGE, is_fresh=True),
    Route("GET", f"{PATH}{{id:int}}/", show_one, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/role/", change_role, Right.MANAGE, is_fresh=True),
    Route("POST", f"{PATH}{{id:int}}/shut-out/", shut_out, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/let-back/", let_back, Right.MANAGE, is_fresh=True),
    Route("POST", f"{PATH}{{id:int}}/password/", set_password, Right.MANAGE, is_fresh=True),
)
