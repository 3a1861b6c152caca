"""A server with demo data that ships one order and shows how to ship the next."""

import base64
import json
import secrets
import shlex
import shutil
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from kolli.account.accounts import Account, add_account
from kolli.account.brands import Brand, BrandDetails, add_brand, add_image
from kolli.account.contracts import Contract, add_contract
from kolli.account.integrations import (
    Integration,
    IntegrationSettings,
    add_integration,
    get_integration,
    sealed_signature_key,
    update_integration,
)
from kolli.account.keys import ApiKey, add_key, create_key
from kolli.account.number_ranges import add_number_range
from kolli.account.sender_addresses import SenderAddress, SenderDetails, Signature, TaxNumber, add_sender_address
from kolli.account.users import Role, User, add_user, hashed
from kolli.app import LOCK, now, open_database, open_vault, serve, sole_server
from kolli.database import Database
from kolli.errors import SetupError
from kolli.operations.context import Installation
from kolli.printing.model import Printer, Profile
from kolli.printing.queries import add_printer
from kolli.settings import Settings
from kolli.values import Address, Weight
from kolli.vault import Vault

HERE = Path(__file__).parent

INTEGRATION = 70
OWNER, OWNER_ID = "demo", 2
"""Who signs in to the demo's panel."""

PRINTER = 3
"""The demo prints from the browser."""

SHIPPED = "DEMO-1001"
FREE = "ORDER-25763"
"""The order of the API documentation's own example; the demo leaves it unshipped."""

LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
"""The demo may call its own machine, so that webhooks can be tried without a public address."""

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""No proxy leads to our own machine, whatever the environment says."""

MARK = "this folder is a Kolli demo"

_DETAILS = SenderDetails(
    Signature("Femke de Vries", "FV"),
    (TaxNumber("VAT", "NL", "NL123456789B01"), TaxNumber("EORI", "NL", "NL123456789")),
)
_SENDERS = (
    SenderAddress(
        17,
        Address(
            name="Lumen & Was",
            address_line_1="Kanaalweg",
            house_number="14",
            postal_code="3526 KL",
            city="Utrecht",
            country_code="NL",
            email="verzending@lumen-en-was.example",
            phone_number="+31302345678",
        ),
        is_default=True,
        brand_id=42,
        details=_DETAILS,
    ),
    SenderAddress(
        192,
        Address(
            name="Lumen & Was",
            company_name="Magazijn Zuid",
            address_line_1="Achtseweg Noord",
            house_number="20",
            postal_code="5651 GG",
            city="Eindhoven",
            country_code="NL",
            email="magazijn@lumen-en-was.example",
            phone_number="+31402345678",
        ),
        details=_DETAILS,
    ),
)

_SHOP = IntegrationSettings(shop_url="https://shop.lumen-en-was.example/", feedback_type="delayed")
_BRAND = BrandDetails(
    color="#b5651d",
    website="https://www.lumen-en-was.example",
    domain="lumen-en-was",
    notify_reply_to_email="klantenservice@lumen-en-was.example",
)
_CONTRACT_DATA = {"customer_code": "TEST"}
_CONTRACT = Contract(
    517,
    "postnl",
    "PostNL test contract",
    is_default=True,
    country_code="NL",
    client_id="TEST",
)


@dataclass(frozen=True)
class Credentials:
    """What a caller of the demo's API needs."""

    public_key: str
    secret: str


def run_demo(settings: Settings, folder: Path) -> None:
    """Starts anew in `folder`, ships one order over HTTP, prints what to try next, and serves until Ctrl-C."""
    with sole_server(folder):
        _empty(folder)
    settings = settings.model_copy(update={"data": folder, "private_targets": LOOPBACK})
    database = open_database(settings)
    credentials = load_demo(database, open_vault(settings, database))
    password = add_owner(database)
    database.close()

    def started(installation: Installation) -> None:
        caller = Caller(installation.public_url, credentials)
        caller.call("POST", "/api/v3/orders", (HERE / "orders.json").read_bytes())
        sys.stdout.write(f"{_told(installation, credentials, _ship_one(caller, folder), password)}\n")
        sys.stdout.flush()

    serve(settings, started)


def load_demo(
    database: Database,
    vault: Vault,
    *,
    at: datetime | None = None,
    known: Credentials | None = None,
    shop: IntegrationSettings = _SHOP,
) -> Credentials:
    """Stores the demo's account with everything but its orders, and gives a key to it: `known`, or a new one."""
    at = at or now()
    account = Account(
        1,
        "Lumen & Was",
        default_weight=Weight(Decimal(1), "kg"),
        default_shipping_option_code="sendcloud:letter",
        registered_at=at,
    )
    with database.write() as transaction:
        add_account(transaction, account)
        add_integration(transaction, account.id, Integration(INTEGRATION, "Demo shop", at, at, shop))
        logo = add_image(transaction, account.id, (HERE / "logo.png").read_bytes())
        add_brand(transaction, account.id, Brand(42, "Lumen & Was", True, logo, _BRAND))
        for sender in _SENDERS:
            add_sender_address(transaction, account.id, sender)
        add_contract(transaction, account.id, replace(_CONTRACT, sealed_data=vault.seal(_CONTRACT_DATA)))
        add_number_range(transaction, account.id, _CONTRACT.id, 1, 9_999_999, is_live=False, vault=vault)
        add_printer(transaction, account.id, Printer(PRINTER, "This browser", Profile(), is_default=True), at)
        if known:
            add_key(
                transaction, ApiKey(known.public_key, account.id, "Demo", integration_id=INTEGRATION), known.secret, at
            )
        else:
            key, secret = create_key(transaction, account.id, "Demo", at, integration_id=INTEGRATION)
            known = Credentials(key.public_key, secret)
        integration = get_integration(transaction, account.id, INTEGRATION)
        signed = replace(integration, sealed_signature_key=sealed_signature_key(known.secret, vault))
        update_integration(transaction, account.id, signed, at)
    return known


def add_owner(database: Database, password: str = "") -> str:
    """Lets somebody into the demo's panel, and gives the password: this one, or a new one."""
    password = password or secrets.token_urlsafe(9)
    owner = User(OWNER_ID, 1, OWNER, Role.OWNER, now())
    password_hash = hashed(password)
    with database.write() as transaction:
        add_user(transaction, owner, password_hash)
    return password


@dataclass(frozen=True)
class Caller:
    """A client of the API, as simple as can be."""

    url: str
    credentials: Credentials
    headers: Mapping[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Sends a request and gives the answer's body; any status but success is an HTTPError."""
        pair = f"{self.credentials.public_key}:{self.credentials.secret}"
        request = urllib.request.Request(  # noqa: S310 - the address is our own
            path if path.startswith("http") else self.url + path,
            method=method,
            data=body,
            headers={
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                "Content-Type": "application/json",
                **self.headers,
            },
        )
        with _DIRECT.open(request, timeout=30) as answer:
            content: bytes = answer.read()
        return content


def _ship_one(caller: Caller, folder: Path) -> list[Path]:
    wanted = {"integration_id": INTEGRATION, "order": {"order_number": SHIPPED}}
    answer = caller.call("POST", "/api/v3/orders/create-label-sync", json.dumps(wanted).encode())
    label = json.loads(answer)["data"][0]
    link = label["documents"][0]["link"]
    files = {
        "pdf": base64.b64decode(label["label"]["file"]),
        "png": caller.call("GET", f"{link}?mime_type=image/png&dpi=300"),
        "zpl": caller.call("GET", f"{link}?mime_type=application/zpl"),
    }
    written = []
    for suffix, content in files.items():
        path = folder / "labels" / f"{SHIPPED}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def _told(installation: Installation, credentials: Credentials, labels: list[Path], password: str) -> str:
    files = "\n".join(f"  {path}" for path in labels)
    return f"""
Kolli answers on {installation.public_url}; its data is in the folder {installation.settings.data}.

The panel, in a browser: {installation.public_url}/panel/
Sign in as {OWNER} with the password {password}

The order {SHIPPED} has been shipped. Its label:
{files}

Now ship {FREE} yourself, with the example of the API's documentation:

curl --request POST --url {installation.public_url}/api/v3/orders/create-label-sync \\
  --user {credentials.public_key}:{credentials.secret} --header 'Content-Type: application/json' \\
  --data '{{"integration_id": {INTEGRATION}, "label_details": {{"mime_type": "application/pdf", "dpi": 72}},
           "order": {{"order_number": "{FREE}", "apply_shipping_rules": false}}}}'

The answer names the label's address, documents[0].link, where it can be fetched as often as you like:

curl --user {credentials.public_key}:{credentials.secret} --output label.pdf <link>

Commands beside this server need its folder:

export KOLLI_DATA={installation.settings.data} KOLLI_PORT={installation.settings.port} KOLLI_PRIVATE_TARGETS=127.0.0.0/8
export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"

Everything else there is to ask, with examples to send: {installation.public_url}/explorer/

Stop the server with Ctrl-C. The next start of the demo begins anew.
"""


def _empty(folder: Path) -> None:
    """Removes what an earlier demo has left; a folder that holds anything else is a SetupError."""
    mark = folder / "README"
    found = [path for path in folder.iterdir() if path.name != LOCK]
    if found and not (mark.exists() and MARK in mark.read_text(encoding="utf-8")):
        raise SetupError(f"The folder {folder} holds something that is not a demo. Choose another with --folder.")
    for path in found:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    mark.write_text(f"This file is only here to say: {MARK}. Every start of the demo empties it.\n", encoding="utf-8")
