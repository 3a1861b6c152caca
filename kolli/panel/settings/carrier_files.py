"""Own shipping options and prices from CSV files, and back: a file with a mistake in it changes nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from starlette.responses import Response

from kolli.account.options import list_own_options, remove_own_option, save_own_options
from kolli.account.rates import list_rate_sheets, remove_rate_sheet
from kolli.account.rates_csv import COLUMNS as PRICE_COLUMNS
from kolli.account.rates_csv import REQUIRED as NEEDED_OF_PRICES
from kolli.account.rates_csv import rates_rows
from kolli.account.users import Right
from kolli.errors import Invalid, NotFound
from kolli.operations.import_options import COLUMNS, Checked, option_rows, read_options
from kolli.operations.import_rates import check_rates, store_rates
from kolli.panel.forms import NO_PROBLEMS, Problems
from kolli.panel.settings.carriers import PATH, options_page
from kolli.panel.settings.uploaded import read_upload
from kolli.panel.web import PanelRequest, Route
from kolli.tables import Mistake, table_text

OPTIONS_BYTES = 8 * 1024 * 1024
PRICES_BYTES = 32 * 1024 * 1024

MOST_MISTAKES = 200
"""Mistakes that a page shows; who has more of them corrects these first."""

MOST_TOLD = 20
"""Codes that the audit trail names of one import."""

Thing = TypeVar("Thing")


def download_options(request: PanelRequest) -> Response:
    """The account's own options, as a file that can be uploaded again."""
    with request.context.database.read() as transaction:
        own = list_own_options(transaction, request.account_id)
    return _table(request, COLUMNS, option_rows(own), "shipping-options.csv")


def upload_options(request: PanelRequest) -> Response:
    """Adds options, or changes those with the same codes."""
    problems = Problems()
    checked = _checked(request, problems, lambda path: read_options(path, request.installation.carriers))
    if checked is None:
        return options_page(request, 422, problems)
    if checked.mistakes:
        return options_page(request, 422, _nothing(request, checked), mistakes=checked.mistakes[:MOST_MISTAKES])
    codes = [option.code for option in checked.things]
    with request.write("option.import", request._("Shipping options"), **_told(codes)) as transaction:
        save_own_options(transaction, request.account_id, checked.things, request.context.now())
    notice = request.ngettext("%(num)s option was imported.", "%(num)s options were imported.", len(codes))
    return request.redirect(f"{PATH}options/", notice)


def remove_option(request: PanelRequest) -> Response:
    """Removes an option of the account's own. Shipments made with it stay as they are."""
    code = request.form.text("code")
    with request.write("option.remove", code) as transaction:
        if not remove_own_option(transaction, request.account_id, code):
            raise NotFound(request._("There is no such option of your own."))
    return request.redirect(f"{PATH}options/", request._("The option is gone. Shipments made with it stay."))


def show_prices(request: PanelRequest) -> Response:
    """The rate sheets there are."""
    return _prices(request)


def download_prices(request: PanelRequest) -> Response:
    """All prices, as a file that can be uploaded again."""
    with request.context.database.read() as transaction:
        sheets = list_rate_sheets(transaction, request.account_id)
    return _table(request, PRICE_COLUMNS, rates_rows(sheets), "prices.csv")


def upload_prices(request: PanelRequest) -> Response:
    """Takes prices in the place of those of the same options and contracts."""
    problems, allow_gaps = Problems(), request.form.flag("allow_gaps")
    installation = request.installation
    checked = _checked(
        request,
        problems,
        lambda path: check_rates(path, request.account_id, installation, allow_gaps=allow_gaps),
    )
    if checked is None:
        return _prices(request, 422, problems)
    if checked.mistakes:
        return _prices(request, 422, _nothing(request, checked), checked.mistakes[:MOST_MISTAKES])
    told = _told([f"{each.option_code} ({len(each.rates)})" for each in checked.things])
    done = ("price.import", request._("Prices"))
    store_rates(checked.things, request.account_id, installation, write=lambda: request.write(*done, **told))
    count = sum(len(sheet.rates) for sheet in checked.things)
    return request.redirect(
        f"{PATH}prices/", request.ngettext("%(num)s price was imported.", "%(num)s prices were imported.", count)
    )


def remove_prices(request: PanelRequest) -> Response:
    """Removes the prices of an option under a contract."""
    code, contract_id = request.form.text("option"), request.form.number("contract_id")
    subject = f"{code} ({contract_id})" if contract_id else code
    with request.write("price.remove", subject) as transaction:
        if not remove_rate_sheet(transaction, request.account_id, code, contract_id):
            raise NotFound(request._("There are no such prices."))
    return request.redirect(f"{PATH}prices/", request._("These prices are gone."))


def _prices(
    request: PanelRequest,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    mistakes: Sequence[Mistake] = (),
) -> Response:
    with request.context.database.read() as transaction:
        sheets = list_rate_sheets(transaction, request.account_id)
    return request.page(
        "settings/carriers/prices.html",
        status=status,
        problems=problems,
        section="carriers",
        sheets=sheets,
        mistakes=mistakes,
        columns=PRICE_COLUMNS,
        required=NEEDED_OF_PRICES,
    )


def _checked(
    request: PanelRequest, problems: Problems, read: Callable[[Path], Checked[Thing]]
) -> Checked[Thing] | None:
    """What the file that was sent says; None, and a problem noted, when it is no such table at all."""
    upload = request.form.file("file")
    if upload is None:
        problems.add("file", request._("Choose a file first."))
        return None
    try:
        return read_upload(upload, read)
    except Invalid as error:
        problems.add("file", error.message)
        return None


def _nothing(request: PanelRequest, checked: Checked[Thing]) -> Problems:
    problems = Problems()
    text = request.ngettext(
        "Nothing was imported: the file has %(num)s mistake. Correct it, and upload the file again.",
        "Nothing was imported: the file has %(num)s mistakes. Correct them, and upload the file again.",
        len(checked.mistakes),
    )
    problems.add("file", text)
    return problems


def _told(names: Sequence[str]) -> dict[str, str]:
    more = f" … {len(names) - MOST_TOLD}" if len(names) > MOST_TOLD else ""
    return {"count": str(len(names)), "what": ", ".join(names[:MOST_TOLD]) + more}


def _table(request: PanelRequest, columns: Sequence[str], rows: Iterable[Mapping[str, str]], name: str) -> Response:
    return request.file(table_text(columns, rows).encode(), "text/csv; charset=utf-8", name)


ROUTES = (
    Route("GET", f"{PATH}options.csv", download_options, Right.MANAGE),
    Route("POST", f"{PATH}options/", upload_options, Right.MANAGE, most_bytes=OPTIONS_BYTES),
    Route("POST", f"{PATH}options/remove/", remove_option, Right.MANAGE),
    Route("GET", f"{PATH}prices/", show_prices, Right.MANAGE),
    Route("GET", f"{PATH}prices.csv", download_prices, Right.MANAGE),
    Route("POST", f"{PATH}prices/", upload_prices, Right.MANAGE, most_bytes=PRICES_BYTES),
    Route("POST", f"{PATH}prices/remove/", remove_prices, Right.MANAGE),
)
