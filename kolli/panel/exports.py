"""Orders as a CSV file: all that the filters of the inbox let pass, page by page, however many there are."""

from collections.abc import Iterator

from starlette.responses import Response, StreamingResponse

from kolli.account.users import Right
from kolli.operations.context import Context
from kolli.orders.inbox import InboxFilters, InboxPage, list_inbox
from kolli.orders.orders_csv import header_line, order_lines
from kolli.orders.queries import find_orders
from kolli.panel.inbox import filters_in
from kolli.panel.web import FILE_HEADERS, PanelRequest, Route

AT_A_TIME = 200


def export(request: PanelRequest) -> Response:
    """The orders that the address asks for, as the inbox reads the same address."""
    filters = filters_in(request.query)
    request.note("order.export", request.query.get("q", "") or "–")
    day = request.context.now().astimezone(request.zone).strftime("%Y-%m-%d")
    headers = {**FILE_HEADERS, "Content-Disposition": f'attachment; filename="orders-{day}.csv"'}
    return StreamingResponse(_lines(request.context, filters), media_type="text/csv; charset=utf-8", headers=headers)


def _lines(context: Context, filters: InboxFilters) -> Iterator[bytes]:
    """The lines of the file; no transaction is open while somebody slow reads them."""
    yield ("\ufeff" + header_line()).encode()  # the mark tells spreadsheets that it is UTF-8
    position: int | None = None
    more = True
    while more:
        with context.database.read() as transaction:
            listed = list_inbox(transaction, context.account_id, filters, InboxPage(AT_A_TIME, position))
            orders = {
                order.id: order
                for order in find_orders(transaction, context.account_id, [row.order_pk for row in listed.rows])
            }
        pairs = [(orders[row.order_pk], row.state) for row in listed.rows if row.order_pk in orders]
        yield "".join(order_lines(pairs)).encode()
        position, more = (listed.rows[-1].order_pk if listed.rows else None), listed.more_behind


ROUTES = (Route("GET", "/panel/inbox/export.csv", export, Right.SEE),)
