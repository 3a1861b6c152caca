"""Every table, on one page.

A record is a few columns that queries look at, plus one JSON body that holds everything else. Every row that belongs to
an account says so in `account_id`. Times are ISO 8601 text in UTC with microseconds, so that they sort as text.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""A whole number that identifies something on the wire."""


def _account() -> Column[int]:
    return Column("account_id", Id, ForeignKey("accounts.id"), nullable=False)


sequences = Table(
    "sequences",
    metadata,
    Column("name", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),  # the first number that no process has reserved yet
    Column("last", BigInteger, nullable=False),  # the last number that may be handed out
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("revision", Integer, nullable=False),  # grows with every change of what decides how the account ships
    Column("body", Text, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("public_key", Text, primary_key=True),
    _account(),
    Column("secret_hash", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("response_profile", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("integration_id", Id, ForeignKey("integrations.id")),  # null: a key from before keys had one
    Column("expires_at", Text),  # null: never; set when another key takes its place
    Column("last_used_at", Text),  # null: not yet; about, as it is written down beside the requests
)

access_tokens = Table(
    "access_tokens",
    metadata,
    Column("token_hash", Text, primary_key=True),
    _account(),
    Column("public_key", Text, ForeignKey("api_keys.public_key"), nullable=False),
    Column("scopes", Text, nullable=False),  # separated by spaces
    Column("expires_at", Text, nullable=False),
    Index(None, "expires_at"),
    Index(None, "public_key", "expires_at"),
)

integrations = Table(
    "integrations",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("signature_key", Text),  # signs its webhooks; sealed
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("removed_at", Text),  # its orders and shipments stay
    Index(None, "account_id"),
)

integration_logs = Table(
    "integration_logs",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("integration_id", Id, ForeignKey("integrations.id"), nullable=False),
    Column("created_at", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "account_id", "integration_id", "created_at"),
    Index(None, "account_id", "created_at"),
)

sender_addresses = Table(
    "sender_addresses",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("is_default", Boolean, nullable=False),
    Column("brand_id", Id, ForeignKey("brands.id")),
    Column("body", Text, nullable=False),
    Column("details", Text, nullable=False),  # what is no part of an address: tax numbers, signature
    Index(None, "account_id"),
)

brands = Table(
    "brands",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("logo_sha256", Text),
    Column("body", Text, nullable=False),
    Index(None, "account_id"),
)

images = Table(  # content never changes: its name is its hash, so a label can be drawn again from its frozen input
    "images",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("png", LargeBinary, nullable=False),
)

contracts = Table(
    "contracts",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("carrier_code", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("is_live", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("removed_at", Text),  # shipments that were made under it still have to be cancelled and tracked
    Index(None, "account_id", "carrier_code"),
)

number_ranges = Table(
    "number_ranges",
    metadata,
    Column("sequence", Text, ForeignKey("sequences.name"), primary_key=True),
    _account(),
    Column("contract_id", Id, ForeignKey("contracts.id"), nullable=False),
    Column("is_live", Boolean, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("position", Integer, nullable=False),  # the ranges of a contract are used up from the lowest to the highest
    Index(None, "contract_id", "is_live"),
)

shipping_options = Table(  # options that an account has added to those that a carrier declares
    "shipping_options",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("code", Text, primary_key=True),
    Column("carrier_code", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
)

rate_sheets = Table(  # what one shipping option costs under one contract
    "rate_sheets",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("option_code", Text, nullable=False),
    Column("contract_id", Id, ForeignKey("contracts.id")),  # null: whatever the contract
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Index(None, "account_id", "option_code"),
)

shipping_rules = Table(
    "shipping_rules",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("position", Integer, nullable=False),  # rules run from the lowest to the highest
    Column("is_active", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),  # grows by one with every change of the rule
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Index(None, "account_id", "position"),
)

service_points = Table(  # where carriers hand parcels out; the installation's, not an account's
    "service_points",
    metadata,
    Column("id", Id, primary_key=True),
    Column("carrier_code", Text, nullable=False),
    Column("carrier_service_point_id", Text, nullable=False),
    Column("country_code", Text, nullable=False),
    Column("latitude", Integer, nullable=False),  # in millionths of a degree
    Column("longitude", Integer, nullable=False),
    Column("kind", Text),  # what sort of place it is, whichever carrier; null: nobody knows
    Column("shop_type", Text),  # the same in the carrier's own words
    Column("postal_key", Text, nullable=False),  # its postal code and city, as they are looked for
    Column("city_key", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("removed_at", Text),  # not in the newest data file; orders that name it still say where it is
    UniqueConstraint("carrier_code", "carrier_service_point_id"),
    Index(None, "country_code", "postal_key"),
    Index(None, "country_code", "city_key"),
    # All that searches filter by, so that even a filter few points pass never reads the table.
    Index(
        "ix_service_points_search",
        "country_code",
        "latitude",
        "longitude",
        "carrier_code",
        "kind",
        "shop_type",
        "removed_at",
    ),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("integration_id", Id, ForeignKey("integrations.id"), nullable=False),
    Column("order_id", Text, nullable=False),
    Column("order_number", Text, nullable=False),
    Column("order_id_key", Text, nullable=False),  # the same in lower case, for search
    Column("order_number_key", Text, nullable=False),
    Column("status_key", Text, nullable=False),
    Column("order_created_at", Text, nullable=False),
    Column("order_updated_at", Text),
    Column("created_at", Text, nullable=False),
    Column("modified_at", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("warnings", Text, nullable=False),  # what will stand in the way of a label, found when the order arrived
    UniqueConstraint("account_id", "integration_id", "order_id"),
    Index(None, "account_id", "id"),
    Index(None, "account_id", "order_number_key"),
    Index(None, "account_id", "order_id_key"),
    Index(None, "account_id", "order_created_at"),
    Index(None, "account_id", "status_key", "id"),
    Index(None, "account_id", "integration_id", "id"),
)

shipments = Table(
    "shipments",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("integration_id", Id, nullable=False),
    Column("order_id", Id),  # no foreign key: a shipment outlives its order
    Column("contract_id", Id),  # null: the built-in one
    Column("order_number_key", Text, nullable=False),  # in lower case, for search
    Column("external_reference_id", Text),
    Column("reference_guard", Text),  # the same, until the announcement has failed: one shipment per reference
    Column("created_at", Text, nullable=False),
    Column("body", Text, nullable=False),  # the frozen input; never changes
    Index(None, "account_id", "reference_guard", unique=True),
    Index(None, "account_id", "order_id"),
    Index(None, "account_id", "contract_id"),
    Index(None, "account_id", "created_at", "id"),
    Index(None, "account_id", "integration_id", "created_at", "id"),
    Index(None, "account_id", "order_number_key", "created_at", "id"),
    Index(None, "account_id", "external_reference_id", "created_at", "id"),
)

parcels = Table(
    "parcels",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("shipment_id", Text, ForeignKey("shipments.id"), nullable=False),
    Column("integration_id", Id, nullable=False),  # its shipment's
    Column("box_number", Integer, nullable=False),
    Column("carrier_code", Text, nullable=False),
    Column("tracking_number", Text),
    Column("tracking_key", Text),  # the same in lower case, as tracking links write it
    Column("status", Text, nullable=False),
    Column("created_at", Text, nullable=False),  # its shipment's
    Column("updated_at", Text, nullable=False),
    Column("announced_at", Text),
    UniqueConstraint("carrier_code", "tracking_number"),  # for ever: no number is handed out twice
    Index(None, "shipment_id"),
    Index(None, "tracking_key"),
    # All that lists of shipments filter by, so that even a filter few parcels pass never reads the table.
    Index(
        "ix_parcels_list",
        "account_id",
        "created_at",
        "shipment_id",
        "integration_id",
        "status",
        "updated_at",
        "announced_at",
    ),
    # What was announced on a day.
    Index(
        "ix_parcels_announced",
        "account_id",
        "announced_at",
        "carrier_code",
        sqlite_where=text("announced_at IS NOT NULL"),
    ),
    # What nobody has scanned since it was announced.
    Index(
        "ix_parcels_waiting",
        "account_id",
        "announced_at",
        sqlite_where=text(
            "status IN ('READY_TO_SEND', 'ANNOUNCED', 'ANNOUNCED_UNCOLLECTED', 'COLLECT_ERROR', 'CANCELLATION_FAILED')"
        ),
    ),
)

parcel_events = Table(  # what happened to a parcel; only ever added to
    "parcel_events",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("parcel_id", Id, nullable=False),  # of `parcels` or of `foreign_parcels`
    Column("status", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "account_id", "parcel_id", "at"),
)

foreign_parcels = Table(  # labelled elsewhere, tracked here
    "foreign_parcels",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("carrier_code", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("tracking_number", Text, nullable=False),
    Column("tracking_key", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("account_id", "carrier_code", "source_id"),
    UniqueConstraint("account_id", "carrier_code", "tracking_number"),
    Index(None, "tracking_key"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("shipment_id", Text, ForeignKey("shipments.id"), primary_key=True),
    _account(),
    Column("order_key", Text, nullable=False),
    Column("guard", Text),  # while it is set, no other attempt may hold it: one live label per order
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("in_background", Boolean, nullable=False),  # a job announces it, and nobody waits for it
    Column("tries", Integer, nullable=False),  # how often the carrier has been asked to book it
    Column("is_partly_booked", Boolean, nullable=False),  # it has booked some parcels, and is to take them back
    Column("lease_owner", Text),  # the process that asks a carrier about it at this moment
    Column("lease_until", Text),  # when that process is taken for dead, unless it has said otherwise by then
    Column("request_id", Id, ForeignKey("idempotent_requests.id", ondelete="SET NULL")),  # null: it had no key
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    UniqueConstraint("account_id", "guard"),
    Index(None, "account_id", "order_key"),
    Index(None, "state"),
    Index(None, "request_id", sqlite_where=text("request_id IS NOT NULL")),
    # Those that ended without a label: few, however many there are.
    Index(
        "ix_attempts_ended",
        "account_id",
        "changed_at",
        sqlite_where=text("state IN ('rejected', 'abandoned', 'cancelled')"),
    ),
)

attempt_moves = Table(  # every step of every attempt from one state to the next; only ever added to
    "attempt_moves",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("shipment_id", Text, nullable=False),
    Column("from_state", Text),  # null: this is how it began
    Column("to_state", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "shipment_id"),
)

idempotent_requests = Table(  # requests with an Idempotency-Key that have changed something
    "idempotent_requests",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("route", Text, nullable=False),  # method and path of the endpoint: a key means nothing elsewhere
    Column("key", Text, nullable=False),
    Column("request_hash", Text, nullable=False),  # of path, query and body: another request cannot have this key
    Column("created_at", Text, nullable=False),
    Column("lease_owner", Text),  # the process that works on it at this moment
    Column("lease_until", Text),
    Column("status", Integer),  # of the answer; null: nobody has been answered yet
    Column("headers", Text, nullable=False),
    Column("answer", LargeBinary),
    UniqueConstraint("account_id", "route", "key"),
    Index(None, "created_at"),
)

requests = Table(  # what was asked and answered lately, for people who look for a mistake
    "requests",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id),  # null: the credentials were wrong
    Column("at", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "account_id", "id"),
    Index(None, "at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("accounts.id")),  # null: the installation's own
    Column("lane", Text, nullable=False),  # which workers run it
    Column("kind", Text, nullable=False),  # which function runs it
    Column("subject", Text, nullable=False),  # what it is about; a lane can limit how many of one run at a time
    Column("body", Text, nullable=False),
    Column("runs", Integer, nullable=False),  # how often it was begun
    Column("due_at", Text, nullable=False),  # while it runs: when its lease ends
    Column("is_running", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("died_at", Text),  # set: it is not tried any more until a person says so
    Column("reason", Text, nullable=False),  # why it has to run again, or has died
    Index(None, "lane", "died_at", "due_at", "subject"),
    Index(None, "account_id"),
)

deliveries = Table(  # of webhooks: what was sent, or is going to be
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    _account(),
    Column("receiver", Text, nullable=False),  # `integration 70` or `subscription <id>`
    Column("event_type", Text, nullable=False),
    Column("body", Text, nullable=False),  # the bytes that are signed, the same on every try
    Column("state", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("status_code", Integer),
    Column("answer", Text, nullable=False),  # how the receiver's answer begins, or why there is none
    Column("scenario", Text, nullable=False, server_default=""),  # how it is to go wrong on purpose; empty: not at all
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Index(None, "account_id", "created_at", "id"),
    Index(None, "account_id", "receiver", "created_at", "id"),
)

event_connections = Table(
    "event_connections",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Index(None, "account_id", "created_at"),
)

event_subscriptions = Table(
    "event_subscriptions",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("connection_id", Id, ForeignKey("event_connections.id"), nullable=False),
    Column("event_type", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Index(None, "account_id", "event_type", "is_active"),
    Index(None, "connection_id"),
)

users = Table(  # people who use the panel
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),  # what a person signs in with
    Column(
        "name_key", Text, nullable=False, unique=True
    ),  # the same in lower case: nobody else has it, whichever account
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("disabled_at", Text),  # what a person did stays theirs, so nobody is removed
    Index(None, "account_id"),
)

sessions = Table(  # of people who are signed in
    "sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    _account(),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    Column("confirmed_at", Text, nullable=False),  # when the password was given last
    Column("agent", Text, nullable=False),  # which browser, by its own words
    Index(None, "user_id"),
    Index(None, "created_at"),
)

sign_in_failures = Table(  # what slows guessing down
    "sign_in_failures",
    metadata,
    Column("key", Text, primary_key=True),  # a name that was tried, or an address that tried
    Column("count", Integer, nullable=False),
    Column("until", Text, nullable=False),  # when it is forgotten
)

audit = Table(  # who did what in the panel; only ever added to
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("at", Text, nullable=False),
    Column("user_id", Id),  # null: nobody who was signed in
    Column("actor", Text, nullable=False),  # the name that the person had then
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "account_id", "id"),
    Index(None, "account_id", "action", "id"),
    Index(None, "account_id", "subject", "id"),
)

inbox = Table(  # where each order stands, in narrow rows, so that a list of many is counted at once
    "inbox",
    metadata,
    Column("order_id", Id, ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True),
    _account(),
    Column("state", Text, nullable=False),  # what the attempts to ship it have come to
    Column("integration_id", Id, nullable=False),
    Column("country_code", Text, nullable=False),  # where it goes; empty: it has no address
    Column("has_warnings", Boolean, nullable=False),
    Column("status_key", Text, nullable=False),  # the shop's word for it, in lower case
    Column("order_created_at", Text, nullable=False),
    # All that the inbox filters by, so that even a filter few orders pass never reads the table.
    Index(
        "ix_inbox_list",
        "account_id",
        "state",
        "order_id",
        "has_warnings",
        "integration_id",
        "country_code",
        "status_key",
        "order_created_at",
    ),
)

order_terms = Table(  # what an order is found by: numbers, names, SKUs, in lower case, word by word
    "order_terms",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("term", Text, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "order_id"),
)

saved_views = Table(  # filters of the inbox that somebody has given a name
    "saved_views",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("account_id", "name"),
)

batches = Table(  # orders that a person has had shipped, or labels printed, together
    "batches",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("form_key", Text, nullable=False),  # of the form that was sent: the same form makes one batch
    Column("actor", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("stopped_at", Text),  # set: nothing more of it is begun until somebody resumes it
    Column("body", Text, nullable=False),
    UniqueConstraint("account_id", "form_key"),
    Index(None, "account_id", "id"),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", Id, ForeignKey("batches.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _account(),
    Column("order_id", Id, nullable=False),
    Column("state", Text, nullable=False),
    Column("shipment_id", Text),
    Column("body", Text, nullable=False),  # what stands in the way, if anything does
    Index(None, "batch_id", "state"),
)

rule_trials = Table(  # rules that were tried on what was shipped before, and what came of it
    "rule_trials",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("form_key", Text, nullable=False),  # of the form that was sent: the same form makes one trial
    Column("actor", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("body", Text, nullable=False),  # what was asked
    Column("report", Text, nullable=False),  # what has been found so far
    UniqueConstraint("account_id", "form_key"),
    Index(None, "account_id", "id"),
)

sent_forms = Table(  # forms that have done something which sending them again must not do again
    "sent_forms",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("form_key", Text, primary_key=True),
    Column("at", Text, nullable=False),
    Index(None, "at"),
)

uploads = Table(  # files with orders that somebody has brought, between the steps of their import
    "uploads",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("reading", Text),  # how it is to be read, once somebody has said so
    Column("result", Text),  # what its import has done; null: it was not imported
    Column("created_at", Text, nullable=False),
    Index(None, "account_id", "id"),
)

packings = Table(  # what a person is packing at this moment
    "packings",
    metadata,
    Column("user_id", Id, ForeignKey("users.id"), primary_key=True),
    _account(),
    Column("body", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
)

printers = Table(
    "printers",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("name", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("removed_at", Text),  # its jobs still say where they went
    Index(None, "account_id"),
)

print_jobs = Table(
    "print_jobs",
    metadata,
    Column("id", Id, primary_key=True),
    _account(),
    Column("printer_id", Id, ForeignKey("printers.id"), nullable=False),
    Column("form_key", Text),  # of the form that was sent: the same form prints once
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),  # why it is paused
    Column("actor", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("changed_at", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("account_id", "form_key"),
    Index(None, "account_id", "id"),
    Index(None, "printer_id", "state", "id"),
)

print_items = Table(  # the papers of a job, in the order in which they come out
    "print_items",
    metadata,
    Column("job_id", Id, ForeignKey("print_jobs.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    _account(),
    Column("parcel_id", Id),  # null: no parcel's, such as a test page
    Column("sha256", Text, nullable=False),  # of the bytes that go to the printer
    Column("state", Text, nullable=False),
    Column("is_copy", Boolean, nullable=False),  # the same label was printed before, or may have been
    Column("sent_at", Text),
    Index(None, "account_id", "parcel_id"),
)

request_bodies = Table(  # of the request log; without secrets
    "request_bodies",
    metadata,
    Column("request_id", Id, ForeignKey("requests.id", ondelete="CASCADE"), primary_key=True),
    Column("asked", LargeBinary, nullable=False),
    Column("answered", LargeBinary, nullable=False),
)

label_counts = Table(  # how many labels were made in an hour, so that nobody has to count them
    "label_counts",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("hour", Text, primary_key=True),  # in UTC: `2026-11-24T12`, which is how a time begins
    Column("carrier_code", Text, primary_key=True),
    Column("country_code", Text, primary_key=True),  # where they go
    Column("contract_id", Id, primary_key=True, autoincrement=False),  # 0: the built-in one
    Column("labels", Integer, nullable=False),
    sqlite_with_rowid=False,  # all of it is the key, and what is counted lies beside it
)
