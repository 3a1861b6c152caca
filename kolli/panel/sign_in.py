"""How people get into the panel and out of it: set-up by the first owner, sign-in, sign-out."""

from starlette.responses import Response

from kolli.account.accounts import list_accounts
from kolli.account.audit import add_entry
from kolli.account.sessions import begin_session, confirm, end_session
from kolli.account.users import Right, Role, User, check_name, check_password, has_users
from kolli.errors import Invalid, KolliError, LimitReached, Unauthenticated
from kolli.operations.first_account import make_account, make_integration
from kolli.operations.people import check_set_up_code, is_set_up_code, let_in, recognised
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of
from kolli.panel.web import (
    SESSION_COOKIE,
    NotSignedIn,
    OpenRequest,
    OpenRoute,
    PanelRequest,
    Route,
    local_path,
    signed_in,
)

SIGN_IN, SET_UP, CONFIRM = "/panel/sign-in/", "/panel/set-up/", "/panel/confirm/"


def show_sign_in(request: OpenRequest) -> Response:
    """The form; who is signed in already is led on, and where there is nobody yet, to the set-up."""
    wanted = local_path(request.query.get("next", ""))
    if _is_empty(request):
        return request.redirect(SET_UP)
    try:
        signed_in(request)
    except NotSignedIn:
        return request.page("sign_in/sign_in.html", next=wanted)
    return request.redirect(wanted)


def sign_in(request: OpenRequest) -> Response:
    """Begins a session for whoever has the password."""
    form = request.form
    wanted = local_path(form.raw("next"))
    try:
        user = recognised(form.text("name"), form.raw("password"), request.caller, request.installation)
    except (Unauthenticated, LimitReached) as error:
        status = 429 if isinstance(error, LimitReached) else 401
        problems = problems_of(error, known=["password"])
        response = request.page("sign_in/sign_in.html", status=status, problems=problems, next=wanted)
        if "retry_after" in error.details:
            response.headers["Retry-After"] = str(error.details["retry_after"])
        return response
    _begin(user, request, "session.begin")
    return request.redirect(wanted)


def show_set_up(request: OpenRequest) -> Response:
    """The form for the first owner; gone as soon as there is one."""
    if not _is_empty(request):
        return request.redirect(SIGN_IN)
    code = request.query.get("code", "")[:100]
    return _set_up_page(request, code, 200, NO_PROBLEMS)


def set_up(request: OpenRequest) -> Response:
    """Makes the first owner, and an account where there is none."""
    if not _is_empty(request):
        return request.redirect(SIGN_IN)
    form, installation = request.form, request.installation
    accounts = _accounts(request)
    try:
        check_set_up_code(form.text("code"), installation)
        check_password(form.raw("password"), check_name(form.text("name")))  # before an account is made
        account_id = _account_chosen(request, accounts)
        user = let_in(account_id, form.text("name"), Role.OWNER, form.raw("password"), installation)
    except Invalid as error:
        problems = problems_of(error, known=["code", "account", "account_name", "name", "password"])
        return _set_up_page(request, form.text("code"), 422, problems)
    _begin(user, request, "owner.set_up")
    return request.redirect("/panel/", request._("Welcome. Here is your overview."))


def _set_up_page(request: OpenRequest, code: str, status: int, problems: Problems) -> Response:
    """The form; which accounts there are is told to those only who have the code."""
    accounts = _accounts(request)
    shown = accounts if is_set_up_code(code, request.installation) else []
    is_first = not accounts
    return request.page(
        "sign_in/set_up.html", status=status, problems=problems, code=code, accounts=shown, is_first=is_first
    )


def show_confirm(request: PanelRequest) -> Response:
    """Asks for the password once more."""
    return request.page("sign_in/confirm.html", next=local_path(request.query.get("next", "")))


def confirm_password(request: PanelRequest) -> Response:
    """Notes that whoever is signed in knows the password."""
    wanted = local_path(request.form.raw("next"))
    try:
        recognised(request.user.name, request.form.raw("password"), request.caller, request.installation)
    except KolliError as error:
        problems = problems_of(error, known=["password"])
        return request.page("sign_in/confirm.html", status=422, problems=problems, next=wanted)
    with request.context.database.write() as transaction:
        confirm(transaction, request.session, request.context.now())
    return request.redirect(wanted)


def sign_out(request: PanelRequest) -> Response:
    """Ends the session."""
    with request.write("session.end", request.user.name) as transaction:
        end_session(transaction, request.session)
    request.cookies[SESSION_COOKIE] = None
    return request.redirect(SIGN_IN)


def _is_empty(request: OpenRequest) -> bool:
    with request.installation.database.read() as transaction:
        return not has_users(transaction)


def _accounts(request: OpenRequest) -> list[tuple[str, str]]:
    with request.installation.database.read() as transaction:
        return [(str(account.id), f"{account.name} ({account.id})") for account in list_accounts(transaction)]


def _account_chosen(request: OpenRequest, accounts: list[tuple[str, str]]) -> int:
    """The account that the first owner is of; the only one, the one that was chosen, or a new one."""
    form = request.form
    if not accounts:
        name = form.text("account_name")
        if not name:
            raise Invalid(request._("Say what your business is called."), field="account_name")
        account = make_account(name[:100], request.installation)
        make_integration(account.id, "API", request.installation)
        return account.id
    chosen = accounts[0][0] if len(accounts) == 1 else form.text("account")
    if chosen not in dict(accounts):
        raise Invalid(request._("Choose one of the accounts."), field="account")
    return int(chosen)


def _begin(user: User, request: OpenRequest, action: str) -> None:
    now = request.installation.clock()
    with request.installation.database.write() as transaction:
        token = begin_session(transaction, user, request.http.headers.get("user-agent", ""), now)
        add_entry(transaction, user, (action, user.name), now, {"address": request.caller})
    request.cookies[SESSION_COOKIE] = token


ROUTES: tuple[Route | OpenRoute, ...] = (
    OpenRoute("GET", SIGN_IN, show_sign_in),
    OpenRoute("POST", SIGN_IN, sign_in),
    OpenRoute("GET", SET_UP, show_set_up),
    OpenRoute("POST", SET_UP, set_up),
    Route("GET", CONFIRM, show_confirm, Right.SEE),
    Route("POST", CONFIRM, confirm_password, Right.SEE),
    Route("POST", "/panel/sign-out/", sign_out, Right.SEE),
)
