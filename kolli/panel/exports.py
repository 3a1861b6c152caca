"""Orders as a CSV file: all that filters let pass, page by page, however many there are."""

from collections.abc import Iterator

from starlette.responses import Response, StreamingResponse

from kolli.operations.context import Context
from kolli.orders.csv_export import header_line, order_lines
from kolli.orders.inbox import InboxFilters, InboxPage, list_inbox
from kolli.orders.queries import find_orders
from kolli.panel.web import FILE_HEADERS, PanelRequest

AT_A_TIME = 200
"""Orders that are read at once; that many are in memory, whatever the file's length."""


def orders_file(request: PanelRequest, filters: InboxFilters) -> Response:
    """The orders that pass the filters, newest first, as a file that is written while it is read."""
    headers = {**FILE_HEADERS, "Content-Disposition": 'attachment; filename="orders.csv"'}
    return StreamingResponse(_lines(request.context, filters), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(context: Context, filters: InboxFilters) -> Iterator[bytes]:
    """The lines of the file; no transaction is open while somebody slow reads them."""
    yield ("\ufeff" + header_line()).encode()  # the mark tells spreadsheets that it is UTF-8
    position: int | None = None
    more = True
    while more:
        with context.database.read() as transaction:
            listed = list_inbox(transaction, context.account_id, filters, InboxPage(AT_A_TIME, position))
            pks = [row.order_pk for row in listed.rows]
            orders = {order.id: order for order in find_orders(transaction, context.account_id, pks)}
        pairs = [(orders[row.order_pk], row.state) for row in listed.rows if row.order_pk in orders]
        yield "".join(order_lines(pairs)).encode()
        position, more = (pks[-1] if pks else None), listed.more_behind
