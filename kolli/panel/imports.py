"""Orders from a file: bring it, say what its columns are, see what it makes, and import it.

The file is kept on the server between the steps, so that a reload, or another day, loses nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

from starlette.responses import Response

from kolli.account.integrations import list_integrations
from kolli.account.sender_addresses import find_sender_address
from kolli.account.users import Right
from kolli.errors import InFlight, Invalid, KolliError
from kolli.operations.claims import claimed
from kolli.operations.import_orders import import_orders
from kolli.orders.csv_columns import FIELDS, Decimals, guess
from kolli.orders.orders_csv import Reading, problems_with
from kolli.orders.uploads import (
    Upload,
    add_upload,
    content_of,
    get_upload,
    known_order_ids,
    list_uploads,
    remove_upload,
    set_reading,
    set_result,
)
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of
from kolli.panel.import_reading import (
    ENCODINGS,
    MOST_BYTES,
    MOST_ROWS,
    Checked,
    Table,
    check_is_text,
    checked,
    first_reading,
    left_out,
    table_of,
)
from kolli.panel.shell import country_choices
from kolli.panel.web import PanelRequest, Route
from kolli.values import COUNTRY_CODES, WEIGHT_UNITS, WeightUnit

PATH = "/panel/inbox/import/"

ROUTE = "panel import"
"""Where the numbers of files mean something that are being imported."""

SHOWN_UPLOADS = 20
SHOWN_ORDERS = 20
SHOWN_MISTAKES = 200
LONGEST_NAME = 120

_NAMES = {each: each for each in ("file", "encoding", "delimiter", "integration_id", "columns")}


@dataclass(frozen=True)
class _Step:
    """One file and how it is read, as far as that has been said."""

    upload: Upload
    content: bytes
    reading: Reading

    @property
    def path(self) -> str:
        return f"{PATH}{self.upload.id}/"


def show(request: PanelRequest) -> Response:
    """Where a file is brought, and those that were brought lately."""
    return _start(request)


def _start(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        uploads = list_uploads(transaction, request.account_id, SHOWN_UPLOADS)
        integrations = list_integrations(transaction, request.account_id)
    return request.page(
        "imports/start.html",
        status=status,
        problems=problems,
        section="inbox",
        uploads=uploads,
        integrations=integrations,
        most_mib=MOST_BYTES // 1024 // 1024,
        most_rows=MOST_ROWS,
    )


def bring(request: PanelRequest) -> Response:
    """Keeps a file that can be read as CSV at all, and leads to what its columns are."""
    given, integration_id = request.form.file("file"), request.form.number("integration_id")
    with request.context.database.read() as transaction:
        known = {each.id for each in list_integrations(transaction, request.account_id)}
        sender = find_sender_address(transaction, request.account_id, None)
    try:
        if given is None:
            raise Invalid(request._("Choose a file first."), field="file")
        if integration_id not in known:
            raise Invalid(request._("Choose the shop that the orders are from."), field="integration_id")
        check_is_text(given.content)
        reading = first_reading(given.content, integration_id or 0, sender.address.country_code if sender else "")
    except KolliError as error:
        return _start(request, 422, problems_of(error, {**_NAMES, "delimiter": "file", "encoding": "file"}))
    fresh_id = request.installation.sequences.take_id()
    name = given.name.replace("\\", "/").rsplit("/", 1)[-1][:LONGEST_NAME]
    with request.write("import.upload", name) as transaction:
        add_upload(transaction, request.account_id, Upload(fresh_id, name, request.context.now()), given.content)
        set_reading(transaction, request.account_id, fresh_id, asdict(reading))
    return request.redirect(f"{PATH}{fresh_id}/")


def show_columns(request: PanelRequest) -> Response:
    """What each column of the file is, as guessed or as said."""
    return _columns(request, _step(request))


def _columns(request: PanelRequest, step: _Step, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    try:
        table = table_of(step.content, step.reading.encoding, step.reading.delimiter)
    except KolliError as error:
        table, problems, status = Table([], []), problems_of(error, {**_NAMES, "file": ""}), 422
    with request.context.database.read() as transaction:
        integrations = list_integrations(transaction, request.account_id)
    return request.page(
        "imports/columns.html",
        status=status,
        problems=problems,
        section="inbox",
        upload=step.upload,
        reading=step.reading,
        table=table,
        fields=FIELDS,
        encodings=ENCODINGS,
        country_choices=[("", request._("Choose a country")), *country_choices(request.language)],
        shop_choices=[(each.id, each.name) for each in integrations],
        path=step.path,
    )


def save_columns(request: PanelRequest) -> Response:
    """Keeps what was said about the columns. Another encoding or delimiter shows the columns anew."""
    before = _step(request)
    reading = _said(request, before.reading)
    step = replace(before, reading=reading)
    is_another = (reading.encoding, reading.delimiter) != (before.reading.encoding, before.reading.delimiter)
    problems = Problems()
    try:
        table = table_of(step.content, reading.encoding, reading.delimiter)
        if is_another:
            reading = replace(reading, columns=guess(table.header))
            step = replace(step, reading=reading)
        else:
            _check(request, reading, table, problems)
    except KolliError as error:
        problems = problems_of(error, {**_NAMES, "file": ""})
    if problems:
        return _columns(request, step, 422, problems)
    with request.write("import.columns", step.upload.name) as transaction:
        set_reading(transaction, request.account_id, step.upload.id, asdict(reading))
    return request.redirect(step.path if is_another or request.form.flag("stay") else f"{step.path}preview/")


def _said(request: PanelRequest, before: Reading) -> Reading:
    form = request.form
    decimals: Decimals = "," if form.text("decimals") == "," else "."
    unit: WeightUnit = next((each for each in WEIGHT_UNITS if each == form.text("weight_unit")), before.weight_unit)
    known = {each.key for each in FIELDS}
    columns = tuple(key if key in known else "" for key in form.texts("column"))
    delimiter = "\t" if form.text("delimiter") == "tab" else form.text("delimiter")
    country = form.text("country")
    return replace(
        before,
        integration_id=form.number("integration_id") or 0,
        columns=columns or before.columns,
        encoding=form.text("encoding"),
        delimiter=delimiter,
        decimals=decimals,
        weight_unit=unit,
        country=country if country in COUNTRY_CODES else "",
        currency=form.text("currency").upper()[:3] or before.currency,
    )


def _check(request: PanelRequest, reading: Reading, table: Table, problems: Problems) -> None:
    with request.context.database.read() as transaction:
        known = {each.id for each in list_integrations(transaction, request.account_id)}
    if reading.integration_id not in known:
        problems.add("integration_id", request._("Choose the shop that the orders are from."))
    if len(reading.columns) != len(table.header):
        problems.add("columns", request._("The columns have changed. Look at them once more."))
    for name, message in problems_with(reading):
        problems.add(name, message)


def preview(request: PanelRequest) -> Response:
    """What the file makes: its first orders, and every mistake by row and column. Nothing is imported yet."""
    step = _step(request)
    if step.upload.result is not None:
        return request.redirect(f"{step.path}done/")
    return _preview(request, step)


def _preview(request: PanelRequest, step: _Step, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    try:
        table, found = _found(step)
    except KolliError as error:
        return _columns(request, step, 422, problems_of(error, {**_NAMES, "file": ""}))
    with request.context.database.read() as transaction:
        ids = [each.document["order_id"] for each in found.good]
        known = known_order_ids(transaction, request.account_id, step.reading.integration_id, ids)
    return request.page(
        "imports/preview.html",
        status=status,
        problems=problems,
        section="inbox",
        upload=step.upload,
        found=found,
        known=known,
        updated=sum(each.document["order_id"] in known for each in found.good),
        shown=found.good[:SHOWN_ORDERS],
        mistakes=found.mistakes[:SHOWN_MISTAKES],
        rows=len(table.rows),
        path=step.path,
    )


def run(request: PanelRequest) -> Response:
    """Imports the orders of a file: all of them, or, when somebody has said so, those that can be. Once."""
    step = _step(request)
    try:
        with claimed(ROUTE, str(step.upload.id), request.context):
            return _run(request, _step(request))
    except InFlight:
        return request.redirect(f"{step.path}preview/", request._("This file is being imported already."))


def _run(request: PanelRequest, step: _Step) -> Response:
    if step.upload.result is not None:
        return request.redirect(f"{step.path}done/")
    _, found = _found(step)
    if found.bad and not request.form.flag("good_rows"):
        problems = Problems()
        message = request._("Some rows cannot be imported. Nothing was imported. Say that the others are to be.")
        problems.add("", message)
        return _preview(request, step, 422, problems)
    if not found.good:
        raise Invalid(request._("There is no order that can be imported."), field="file")
    request.note("import.run", step.upload.name, orders=len(found.good), left_out_rows=found.bad_rows)
    done = import_orders([each.document for each in found.good], request.context)
    result = {
        "added": done.added,
        "updated": done.updated,
        "bad_orders": len(found.bad),
        "bad_rows": found.bad_rows,
        "by": request.user.name,
        "at": request.context.now().isoformat(),
    }
    with request.context.write() as transaction:
        set_result(transaction, request.account_id, step.upload.id, result)
    return request.redirect(f"{step.path}done/")


def done(request: PanelRequest) -> Response:
    """What an import has done, and what it has left out."""
    step = _step(request)
    if step.upload.result is None:
        return request.redirect(f"{step.path}preview/")
    result: Mapping[str, Any] = step.upload.result
    return request.page("imports/done.html", section="inbox", upload=step.upload, result=result, path=step.path)


def download_left_out(request: PanelRequest) -> Response:
    """The rows that cannot be imported, with the reason beside each, to be mended and brought again."""
    step = _step(request)
    table, found = _found(step)
    name = f"left-out-{step.upload.name.removesuffix('.csv')}.csv"
    return request.file(("\ufeff" + left_out(table, found)).encode(), "text/csv; charset=utf-8", name)


def remove(request: PanelRequest) -> Response:
    """Forgets a file; what was imported from it stays."""
    upload = _step(request).upload
    with request.write("import.remove", upload.name) as transaction:
        remove_upload(transaction, request.account_id, upload.id)
    return request.redirect(PATH, request._("The file is removed. Orders that were imported from it stay."))


def _found(step: _Step) -> tuple[Table, Checked]:
    table = table_of(step.content, step.reading.encoding, step.reading.delimiter)
    return table, checked(table, step.reading, step.upload.created_at)


def _step(request: PanelRequest) -> _Step:
    with request.context.database.read() as transaction:
        upload = get_upload(transaction, request.account_id, request.id)
        content = content_of(transaction, request.account_id, request.id)
    said = dict(upload.reading or {})
    columns = tuple(said.pop("columns", ()))
    known = said if said.get("decimals") in get_args(Decimals) else {"integration_id": 0}
    return _Step(upload, content, Reading(columns=columns, **known))


ROUTES = (
    Route("GET", PATH, show, Right.SHIP),
    Route("POST", PATH, bring, Right.SHIP, most_bytes=MOST_BYTES + 64 * 1024),
    Route("GET", f"{PATH}{{id:int}}/", show_columns, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/", save_columns, Right.SHIP),
    Route("GET", f"{PATH}{{id:int}}/preview/", preview, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/preview/", run, Right.SHIP),
    Route("GET", f"{PATH}{{id:int}}/done/", done, Right.SHIP),
    Route("GET", f"{PATH}{{id:int}}/left-out.csv", download_left_out, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/remove/", remove, Right.SHIP),
)
