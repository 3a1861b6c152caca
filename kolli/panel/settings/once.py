"""What a form does once, however often it is sent: a double click, or a page that is loaded again."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from kolli.account.sent_forms import take_form
from kolli.errors import KolliError
from kolli.panel.web import PanelRequest


class SentBefore(KolliError):
    """This form was sent before, and what it says is done."""


@contextmanager
def write_once(request: PanelRequest, done: tuple[str, str], **details: object) -> Iterator[Connection]:
    """`request.write` for the first sending of a form; SentBefore, and nothing changed or noted, for all others."""
    action, subject = done
    with request.write(action, subject, **details) as transaction:
        if not take_form(transaction, request.account_id, request.form_key, request.context.now()):
            raise SentBefore
        yield transaction
