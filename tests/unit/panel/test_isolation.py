"""Every route of the panel with the ids of another account: in its path, behind its question mark, in its form.

The other account has one of everything. Whoever asks is an owner, so that no role stands in the way; what must stand in
the way is that every query asks for the account. The routes are those there are, so that a new one is tried as well.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

import kolli.panel
from kolli import schema
from kolli.account.brands import Brand, add_brand
from kolli.account.contracts import Contract, add_contract
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.app import web
from kolli.operations.background import workers
from kolli.operations.batches import BatchChoice, make_batch
from kolli.operations.printing import add_new_printer, print_parcels
from kolli.operations.request_log import RequestLog
from kolli.panel import panel_routes
from kolli.panel.web import Route
from kolli.printing.model import Profile
from kolli.rules.queries import add_rule
from kolli.webhooks.deliveries import Delivery, Receiver, add_result
from tests.factories import NOW, a_caller, a_rule, an_address, an_installation, an_item, an_order, with_items
from tests.people import Person, person
from tests.unit.panel.test_imports import ROW, a_file, bring

ROUTES = [route for route in panel_routes() if isinstance(route, Route)]
OURS, THEIRS = "Ons Huis", "Zwaluwnest"

NOT_ASKED_FOR = {"audit", "jobs", "attempt_moves", "parcel_events"}
"""Tables whose ids no page takes; small numbers, which another account has as well."""

NOT_IDS = {"csrf", "form_key", "password", "old_password", "own_password", "next", "language", "theme", "time_zone"}

FIELDS = sorted(
    {
        name
        for file in Path(kolli.panel.__path__[0]).rglob("*.py")
        for name in re.findall(
            r"""(?:form|query)\.(?:text|texts|number|raw|get|getlist)\(\s*"([a-z_0-9]+)\"""", file.read_text("utf-8")
        )
    }
    - NOT_IDS
)
"""The fields that pages read by name, whatever they mean."""

KINDS = {
    "/panel/inbox/views/": "saved_views",
    "/panel/inbox/import/": "uploads",
    "/panel/orders/": "orders",
    "/panel/packing/slips/": "shipments",
    "/panel/batches/": "batches",
    "/panel/print-jobs/": "print_jobs",
    "/panel/lists/perhaps-paid/": "shipments",
    "/panel/settings/sender-addresses/": "sender_addresses",
    "/panel/settings/brands/": "brands",
    "/panel/settings/contracts/": "contracts",
    "/panel/settings/shops/": "integrations",
    "/panel/settings/rules/dry-runs/": "rule_trials",
    "/panel/settings/rules/": "shipping_rules",
    "/panel/settings/printers/": "printers",
    "/panel/settings/webhooks/connections/": "event_connections",
    "/panel/settings/webhooks/subscriptions/": "event_subscriptions",
    "/panel/settings/webhooks/log/": "deliveries",
    "/panel/settings/webhooks/": "integrations",
    "/panel/settings/keys/": "api_keys",
    "/panel/settings/users/": "users",
    "/panel/requests/": "requests",
}
"""What the ids in a path are ids of, by how it begins."""

ENDS_IT = ("remove/", "revoke/", "sign-out/", "shut-out/", "cancel/")

REFUSED = {"POST /panel/settings/rules/{id:int}/": {404, 409, 422}}
"""What is told where it is not 404: what was typed about a rule that has gone meanwhile is shown again."""

TRIED = sorted(ROUTES, key=lambda route: route.path.endswith(ENDS_IT))
"""What removes something comes last, so that the others find it."""


def named(route):
    return f"{route.method} {route.path}"


@dataclass(frozen=True)
class House:
    """An account with one of everything."""

    account_id: int
    owner: Person
    kinds: dict[str, str]  # which table an id is of
    texts: tuple[str, ...]  # that nobody else may read


def rows_of(installation, account_id):
    """Every row of an account, by its table."""
    with installation.database.read() as transaction:
        return {
            table.name: sorted(
                tuple(map(repr, row))
                for row in transaction.execute(select(table).where(table.c.account_id == account_id))
            )
            for table in schema.metadata.sorted_tables
            if "account_id" in table.c and table.name != "requests"
        }


def ids_of(installation, account_id):
    """Whatever of an account has an id, or a word that serves as one."""
    found: dict[str, str] = {}
    with installation.database.read() as transaction:
        for table in schema.metadata.sorted_tables:
            names = [name for name in ("id", "public_key", "key") if name in table.c]
            if "account_id" in table.c and names and table.name not in NOT_ASKED_FOR:
                for row in transaction.execute(select(table).where(table.c.account_id == account_id)):
                    found |= {str(getattr(row, name)): table.name for name in names}
    return found


def furnished(installation, account_id, mark):
    """An account with one of everything, and the mark in all its texts."""
    shop = 69 + account_id
    caller = a_caller(installation, account_id=account_id, integration_id=shop, name=f"{mark} BV")
    context, owner = caller.context, person(installation, "owner", account_id=account_id, name=f"{mark} owner")
    log = RequestLog(installation.database, 10_000, lambda: NOW, "full")
    first = account_id * 1000
    with installation.database.write() as transaction:
        add_brand(transaction, account_id, Brand(first + 43, f"{mark} brand"))
        add_sender_address(transaction, account_id, SenderAddress(first + 18, an_address(name=f"{mark} sender")))
        sealed = installation.vault.seal({"customer_code": f"TE{chr(64 + account_id)}"})
        add_contract(transaction, account_id, Contract(first + 518, "postnl", f"{mark} contract", sealed_data=sealed))
        add_rule(transaction, account_id, a_rule("set_weight 2", rule_id=first + 7, name=f"{mark} rule"), NOW)
        receiver = Receiver("integration", shop)
        sent = Delivery(
            f"msg_{account_id:04}",
            receiver,
            "parcel_status_changed",
            f'{{"a":"{mark}"}}',
            created_at=NOW,
            changed_at=NOW,
            state="failed",
            tries=11,
        )
        add_result(transaction, account_id, sent)
    orders = [order(mark, shop, number) for number in (1, 2)]
    first_order, _ = caller.store(*orders)
    program = TestClient(web(installation, log.note), "http://kolli.test")
    assert caller.client.auth is not None
    program.auth = caller.client.auth
    wanted = {"integration_id": shop, "order": {"order_number": f"{mark}-1"}}
    label = program.post("/api/v3/orders/create-label-sync", json=wanted)
    shipped = label.json()["data"][0]
    log.flush()
    printer = add_new_printer(f"{mark} printer", Profile(), context)
    print_parcels([shipped["parcel_id"]], printer.id, None, mark, context)
    make_batch([first_order], BatchChoice(), f"a-form-of-{account_id}-xxxxx", mark, context)
    bring(owner, a_file(ROW.replace("Femke de Vries", f"{mark} import")), f"{mark}.csv", integration_id=str(shop))
    owner.post("/panel/inbox/views/", {"name": f"{mark} view", "query": "q=candle"})
    owner.post("/panel/settings/rules/dry-runs/", {"rule": str(first + 7)})
    hooks = {"url": f"https://hooks.example.com/{shop}", "auth_type": "none", "event_type": "parcels.event.created"}
    owner.post("/panel/settings/webhooks/connections/new/", hooks)
    ids = ids_of(installation, account_id)
    texts = (mark, mark.casefold(), shipped["tracking_number"], *hooks_of(shop))
    return House(account_id, owner, ids, texts)


def hooks_of(shop):
    return (f"hooks.example.com/{shop}",)


def order(mark, shop, number):
    document = with_items(
        an_item(name=f"{mark} candle", sku=f"{mark}-sku"),
        order_id=f"{mark}-{number}",
        order_number=f"{mark}-{number}",
        shipping_address={**an_order()["shipping_address"], "name": f"{mark} customer"},
    )
    document["order_details"]["integration"]["id"] = shop
    return document


@pytest.fixture(scope="module")
def houses(tmp_path_factory):
    installation = an_installation(tmp_path_factory.mktemp("isolation"))
    ours, theirs = (furnished(installation, number, mark) for number, mark in ((1, OURS), (2, THEIRS)))
    workers(installation).run_due()
    return installation, ours, theirs


def asked(owner, route, path, values):
    if route.method == "GET":
        return owner.get(path, params=values)
    return owner.post(path, values)


def traces(answer, house, told=()):
    """What a reader would learn of the other account; what was sent may come back."""
    text = answer.content.decode("utf-8", "replace") + str(answer.headers)
    for each in told:
        text = text.replace(each, "")
    return [each for each in house.texts if each in text]


def test_the_other_account_has_one_of_everything(houses):
    *_, theirs = houses

    assert {
        *(
            "orders",
            "shipments",
            "parcels",
            "printers",
            "print_jobs",
            "batches",
            "uploads",
            "saved_views",
            "shipping_rules",
        ),
        *("rule_trials", "contracts", "brands", "sender_addresses", "integrations", "users", "api_keys"),
        *("event_connections", "event_subscriptions", "deliveries", "requests"),
    } <= set(theirs.kinds.values())


@pytest.mark.parametrize("route", [route for route in ROUTES if "{" in route.path], ids=named)
def test_no_page_knows_an_id_of_another_account(houses, route):
    installation, ours, theirs = houses
    before = rows_of(installation, 2)
    for each, kind in theirs.kinds.items():
        for path in paths_with(each, route, theirs):
            answer = asked(ours.owner, route, path, {"do": "save"})
            assert answer.status_code in REFUSED.get(named(route), {404}), (path, kind)
            assert traces(answer, theirs, told=[each]) == [], (path, kind)
    assert rows_of(installation, 2) == before


def paths_with(each, route, house):
    """The addresses of a route with this id, as far as it takes such ids."""
    if "{id:int}" in route.path and not each.isdigit():
        return []
    path = re.sub(r"\{(?:suffix|part)\}", "pdf", route.path).replace("{position:int}", "1")
    parcels = [own for own, kind in house.kinds.items() if kind == "parcels"]
    paths = [path.replace("{parcel:int}", parcel) for parcel in parcels] if "{parcel:int}" in path else [path]
    return [re.sub(r"\{[^}]*\}", each, one) for one in paths]


@pytest.mark.parametrize("route", TRIED, ids=named)
def test_no_field_of_a_form_takes_an_id_of_another_account(houses, route):
    installation, ours, theirs = houses
    kinds, before = theirs.kinds, rows_of(installation, 2)
    asker = person(installation, "owner", name=f"asks {route.method} {route.path}")
    path = own_path(route, ours)
    for each in kinds:
        answer = asked(asker, route, path, dict.fromkeys(FIELDS, each))
        assert answer.status_code < 500, (each, kinds[each])
        assert traces(answer, theirs, told=[each]) == [], (each, kinds[each])
    assert rows_of(installation, 2) == before


def own_path(route, house):
    """The route, about something of the asker's own where there is one."""
    kind = next((kind for start, kind in KINDS.items() if route.path.startswith(start)), "")
    own = next((each for each, of_kind in house.kinds.items() if of_kind == kind), "4711")
    parcel = next(each for each, of_kind in house.kinds.items() if of_kind == "parcels")
    path = re.sub(r"\{(?:suffix|part)\}", "pdf", route.path).replace("{parcel:int}", parcel)
    return re.sub(r"\{[^}]*\}", own, path.replace("{position:int}", "1"))


ADDRESS = {
    "name": "Ons Huis",
    "address_line_1": "Boschdijk",
    "house_number": "20",
    "postal_code": "5651 GG",
    "city": "Eindhoven",
    "country_code": "NL",
}
RULE = {
    "name": "Ours",
    "is_active": "on",
    "joined": "and",
    "c0.property": "weight",
    "c0.operator": "gt",
    "c0.compare_to": "0.5",
    "do": "save",
}


@pytest.mark.parametrize(
    ("path", "kind", "fields"),
    [
        ("/panel/settings/sender-addresses/new/", "brands", {**ADDRESS, "brand_id": "{}"}),
        ("/panel/settings/keys/", "integrations", {"name": "Key", "profile": "example", "integration": "{}"}),
        ("/panel/settings/rules/new/", "contracts", {**RULE, "a0.identifier": "use_contract", "a0.value": "{}"}),
        ("/panel/settings/rules/dry-runs/", "shipping_rules", {"rule": "{}"}),
        ("/panel/orders/{orders}/ship/", "contracts", {"contract_id": "{}", "shipping_option_code": "postnl:standard"}),
        ("/panel/orders/{orders}/ship/", "sender_addresses", {"sender_address_id": "{}"}),
        ("/panel/orders/{orders}/ship/", "brands", {"brand_id": "{}"}),
        ("/panel/orders/{orders}/print/", "printers", {"printer": "{}"}),
        ("/panel/orders/{orders}/print/", "parcels", {"parcel": "{}"}),
        ("/panel/packing/printer/", "printers", {"printer": "{}"}),
        ("/panel/packing/scan/", "shipments", {"press": "reprint", "item": "{}"}),
        ("/panel/packing/scan/", "orders", {"press": "choose", "item": "{}"}),
        ("/panel/inbox/ship/", "orders", {"order": ["{}", "{}"]}),
        ("/panel/inbox/packing-slips.pdf", "orders", {"order": ["{}"]}),
        ("/panel/inbox/import/{uploads}/", "integrations", {"integration_id": "{}", "encoding": "utf-8"}),
        ("/panel/batches/{batches}/print/", "printers", {"printer": "{}"}),
        ("/panel/print-jobs/{print_jobs}/move/", "printers", {"to_printer": "{}"}),
        ("/panel/print-jobs/{print_jobs}/reprint/", "printers", {"printer": "{}", "first": "1", "last": "1"}),
        ("/panel/settings/webhooks/log/replay/", "deliveries", {"delivery": ["{}"], "confirmed": "on"}),
        ("/panel/settings/defaults/", "contracts", {"contract_id": "{}", "option": "postnl:standard"}),
    ],
)
def test_nothing_of_ours_comes_to_name_what_is_another_accounts(tmp_path, path, kind, fields):
    installation = an_installation(tmp_path)
    ours, theirs = (furnished(installation, number, mark) for number, mark in ((1, OURS), (2, THEIRS)))
    workers(installation).run_due()
    own = {of_kind: each for each, of_kind in ours.kinds.items()}
    foreign = [each for each, of_kind in theirs.kinds.items() if of_kind == kind]
    before, mine = rows_of(installation, 2), rows_of(installation, 1)
    for each in foreign:
        filled = {
            name: [each for _ in value] if isinstance(value, list) else value.format(each)
            for name, value in fields.items()
        }

        answer = ours.owner.post(path.format(**own), filled)

        assert answer.status_code in {303, 404, 422}
        assert traces(answer, theirs, told=[each]) == []
    workers(installation).run_due()
    assert rows_of(installation, 2) == before
    assert [
        (name, row)
        for name, rows in rows_of(installation, 1).items()
        for row in set(rows) - set(mine[name])
        if name not in {"audit", "packings"}
        if any(re.search(rf"(?<!\d){each}(?!\d)", " ".join(row)) for each in foreign)
    ] == []
