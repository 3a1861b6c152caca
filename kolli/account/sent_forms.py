"""Forms that do something only once, however often they are sent: each is taken up by the first who comes with it."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete

from kolli.database import insert_or_skip
from kolli.schema import sent_forms
from kolli.values import timestamp

KEPT_FOR = timedelta(days=2)
"""How long it is remembered that a form was sent; a page that is older than this is not open any more."""

_ADD = insert_or_skip(sent_forms)
_REMOVE_OLD = delete(sent_forms).where(
    sent_forms.c.account_id == bindparam("account"), sent_forms.c.at < bindparam("before")
)


def take_form(transaction: Connection, account_id: int, form_key: str, now: datetime) -> bool:
    """Whether this form is sent for the first time; to be asked in the transaction that does what it says.

    Where that transaction is undone, the form can be sent again.
    """
    transaction.execute(_REMOVE_OLD, {"account": account_id, "before": timestamp(now - KEPT_FOR)})
    values = {"account_id": account_id, "form_key": form_key, "at": timestamp(now)}
    return transaction.execute(_ADD, values).rowcount == 1
