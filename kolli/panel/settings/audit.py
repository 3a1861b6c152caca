"""The audit trail: who did what, and when."""

from urllib.parse import urlencode

from starlette.responses import Response

from kolli.account.audit import Wanted, list_entries
from kolli.account.users import list_users
from kolli.panel.forms import whole_number
from kolli.panel.web import PanelRequest, Right, Route

PATH = "/panel/settings/audit/"
PAGE = 100


def show(request: PanelRequest) -> Response:
    """The newest entries, of everybody or of one, of everything or of one kind of thing."""
    wanted = Wanted(
        whole_number(request.query.get("user", "")),
        request.query.get("action", "")[:50],
        before=whole_number(request.query.get("before", "")),
    )
    with request.context.database.read() as transaction:
        found = list_entries(transaction, request.account_id, wanted, PAGE + 1)
        people = list_users(transaction, request.account_id)
    same = {"user": wanted.user_id or "", "action": wanted.action}
    older = f"{PATH}?{urlencode({**same, 'before': found[PAGE - 1].id})}" if len(found) > PAGE else ""
    newer = f"{PATH}?{urlencode(same)}" if wanted.before is not None else ""
    return request.page(
        "settings/audit.html",
        section="audit",
        entries=found[:PAGE],
        people=[("", request._("everybody")), *((person.id, person.name) for person in people)],
        wanted=wanted,
        older=older,
        newer=newer,
    )


ROUTES = (Route("GET", PATH, show, Right.MANAGE),)
