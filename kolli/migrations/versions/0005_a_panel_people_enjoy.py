"""a panel people enjoy.

Only new tables, but for what is filled in from the old ones: where each order stands, and what it is found by.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_ROWS_AT_A_TIME = 5_000
_LONGEST_TERM, _MOST_TERMS = 64, 200
_SEPARATORS = str.maketrans(dict.fromkeys(',;:/\\|()[]{}<>"“”„«»&+*?!#', " "))
_PARTS = re.compile("[-_]+")

_orders = sa.table(
    "orders",
    *map(sa.column, ("id", "account_id", "integration_id", "order_id", "status_key", "order_created_at")),
    *map(sa.column, ("body", "warnings")),
)
_inbox = sa.table(
    "inbox",
    *map(sa.column, ("order_id", "account_id", "state", "integration_id", "country_code", "has_warnings")),
    *map(sa.column, ("status_key", "order_created_at")),
)
_order_terms = sa.table("order_terms", *map(sa.column, ("account_id", "term", "order_id")))
_STANDINGS = """
    UPDATE inbox SET state = coalesce((
        SELECT CASE attempts.state
            WHEN 'stored' THEN 'shipped' WHEN 'unknown' THEN 'unknown' WHEN 'cancelling' THEN 'shipping'
            WHEN 'intended' THEN 'shipping' WHEN 'queued' THEN 'shipping' WHEN 'rejected' THEN 'failed'
            WHEN 'abandoned' THEN 'failed' ELSE 'open' END
        FROM attempts
        WHERE attempts.account_id = inbox.account_id AND attempts.order_key = (
            SELECT CAST(orders.integration_id AS TEXT) || ' ' || orders.order_id
            FROM orders WHERE orders.id = inbox.order_id)
        ORDER BY CASE attempts.state WHEN 'stored' THEN 1 WHEN 'unknown' THEN 2 WHEN 'cancelling' THEN 3
            WHEN 'intended' THEN 3 WHEN 'queued' THEN 3 ELSE 4 END, attempts.created_at DESC, attempts.shipment_id DESC
        LIMIT 1), 'open')
"""


def upgrade() -> None:
    """Changes the schema."""
    op.add_column("api_keys", sa.Column("expires_at", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_at", sa.Text(), nullable=True))
    op.create_table(
        "users",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_users_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name_key", name=op.f("uq_users_name_key")),
    )
    op.create_index(op.f("ix_users_account_id"), "users", ["account_id"])
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sessions_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_created_at"), "sessions", ["created_at"])
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"])
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failures")),
    )
    op.create_table(
        "audit",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("user_id", _ID, nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_audit_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_account_id_action_id"), "audit", ["account_id", "action", "id"])
    op.create_index(op.f("ix_audit_account_id_id"), "audit", ["account_id", "id"])
    op.create_index(op.f("ix_audit_account_id_subject_id"), "audit", ["account_id", "subject", "id"])
    op.create_table(
        "inbox",
        sa.Column("order_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("integration_id", _ID, nullable=False),
        sa.Column("country_code", sa.Text(), nullable=False),
        sa.Column("has_warnings", sa.Boolean(), nullable=False),
        sa.Column("status_key", sa.Text(), nullable=False),
        sa.Column("order_created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_inbox_order_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_inbox_account_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        op.f("ix_inbox_list"),
        "inbox",
        [
            "account_id",
            "state",
            "order_id",
            "has_warnings",
            "integration_id",
            "country_code",
            "status_key",
            "order_created_at",
        ],
    )
    op.create_table(
        "order_terms",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("order_id", _ID, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_terms_order_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_order_terms_account_id")),
        sa.PrimaryKeyConstraint("account_id", "term", "order_id", name=op.f("pk_order_terms")),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saved_views_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_views_account_id_name")),
    )
    op.create_table(
        "batches",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("form_key", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_batches_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("account_id", "form_key", name=op.f("uq_batches_account_id_form_key")),
    )
    op.create_index(op.f("ix_batches_account_id_id"), "batches", ["account_id", "id"])
    op.create_table(
        "batch_items",
        sa.Column("batch_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("order_id", _ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_batch_items_account_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_items_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_batch_items")),
    )
    op.create_index(op.f("ix_batch_items_batch_id_state"), "batch_items", ["batch_id", "state"])
    op.create_table(
        "rule_trials",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("form_key", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_rule_trials_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_trials")),
        sa.UniqueConstraint("account_id", "form_key", name=op.f("uq_rule_trials_account_id_form_key")),
    )
    op.create_index(op.f("ix_rule_trials_account_id_id"), "rule_trials", ["account_id", "id"])
    op.create_table(
        "sent_forms",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("form_key", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sent_forms_account_id")),
        sa.PrimaryKeyConstraint("account_id", "form_key", name=op.f("pk_sent_forms")),
    )
    op.create_index(op.f("ix_sent_forms_at"), "sent_forms", ["at"])
    op.create_table(
        "uploads",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("reading", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_uploads_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index(op.f("ix_uploads_account_id_id"), "uploads", ["account_id", "id"])
    op.create_table(
        "packings",
        sa.Column("user_id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_packings_user_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_packings_account_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_packings")),
    )
    op.create_table(
        "printers",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_printers_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_printers")),
    )
    op.create_index(op.f("ix_printers_account_id"), "printers", ["account_id"])
    op.create_table(
        "print_jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("printer_id", _ID, nullable=False),
        sa.Column("form_key", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_print_jobs_account_id")),
        sa.ForeignKeyConstraint(["printer_id"], ["printers.id"], name=op.f("fk_print_jobs_printer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_jobs")),
        sa.UniqueConstraint("account_id", "form_key", name=op.f("uq_print_jobs_account_id_form_key")),
    )
    op.create_index(op.f("ix_print_jobs_account_id_id"), "print_jobs", ["account_id", "id"])
    op.create_index(op.f("ix_print_jobs_printer_id_state_id"), "print_jobs", ["printer_id", "state", "id"])
    op.create_table(
        "print_items",
        sa.Column("job_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("parcel_id", _ID, nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("is_copy", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["print_jobs.id"], name=op.f("fk_print_items_job_id")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_print_items_account_id")),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_print_items")),
    )
    op.create_index(op.f("ix_print_items_account_id_parcel_id"), "print_items", ["account_id", "parcel_id"])
    op.create_table(
        "request_bodies",
        sa.Column("request_id", _ID, nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column("answered", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.id"], name=op.f("fk_request_bodies_request_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_request_bodies")),
    )
    op.create_table(
        "label_counts",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("hour", sa.Text(), nullable=False),
        sa.Column("carrier_code", sa.Text(), nullable=False),
        sa.Column("country_code", sa.Text(), nullable=False),
        sa.Column("contract_id", _ID, autoincrement=False, nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_label_counts_account_id")),
        sa.PrimaryKeyConstraint(
            "account_id", "hour", "carrier_code", "country_code", "contract_id", name=op.f("pk_label_counts")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_parcels_announced",
        "parcels",
        ["account_id", "announced_at", "carrier_code"],
        sqlite_where=sa.text("announced_at IS NOT NULL"),
    )
    op.create_index(
        "ix_parcels_waiting",
        "parcels",
        ["account_id", "announced_at"],
        sqlite_where=sa.text(
            "status IN ('READY_TO_SEND', 'ANNOUNCED', 'ANNOUNCED_UNCOLLECTED', 'COLLECT_ERROR', 'CANCELLATION_FAILED')"
        ),
    )
    op.create_index(
        "ix_attempts_ended",
        "attempts",
        ["account_id", "changed_at"],
        sqlite_where=sa.text("state IN ('rejected', 'abandoned', 'cancelled')"),
    )
    _count_labels(op.get_bind())
    _fill()
    op.create_index(op.f("ix_order_terms_order_id"), "order_terms", ["order_id"])


def _count_labels(connection: sa.Connection) -> None:
    """Counts the labels that were made before there was a table that does."""
    counts: Counter[tuple[object, ...]] = Counter()
    labels = sa.text(
        "SELECT parcels.account_id, substr(parcels.announced_at, 1, 13), parcels.carrier_code, shipments.body"
        " FROM parcels JOIN shipments ON shipments.id = parcels.shipment_id WHERE parcels.announced_at IS NOT NULL"
    )
    for account_id, hour, carrier_code, body in connection.execute(labels):
        draft = json.loads(body)
        country_code = draft["recipient"]["country_code"]
        counts[account_id, hour, carrier_code, country_code, draft.get("contract_id") or 0] += 1
    if counts:
        connection.execute(
            sa.text("INSERT INTO label_counts VALUES (:account, :hour, :carrier, :country, :contract, :labels)"),
            [
                dict(zip(("account", "hour", "carrier", "country", "contract"), key, strict=True), labels=labels)
                for key, labels in counts.items()
            ],
        )


def _fill() -> None:
    """Fills in what is kept beside orders, for those that are there."""
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(
        sa.select(_orders).where(_orders.c.id > last).order_by(_orders.c.id).limit(_ROWS_AT_A_TIME)
    ).all():
        documents = [msgspec.json.decode(row.body) for row in rows]
        pairs = list(zip(rows, documents, strict=True))
        connection.execute(sa.insert(_inbox), [_inbox_row(row, document) for row, document in pairs])
        terms = [
            {"account_id": row.account_id, "term": term, "order_id": row.id}
            for row, document in pairs
            for term in _terms_of(document)
        ]
        terms.sort(key=lambda row: row["term"])  # neighbours in the key are written together
        connection.execute(sa.insert(_order_terms), terms)
        last = rows[-1].id
    connection.execute(sa.text(_STANDINGS))


def _inbox_row(row: Any, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "order_id": row.id,
        "account_id": row.account_id,
        "state": "open",
        "integration_id": row.integration_id,
        "country_code": (document.get("shipping_address") or {}).get("country_code") or "",
        "has_warnings": row.warnings not in {"", "[]"},
        "status_key": row.status_key,
        "order_created_at": row.order_created_at,
    }


def _terms_of(document: dict[str, Any]) -> list[str]:
    found: dict[str, None] = {}
    for text in _texts(document):
        plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        for whole in plain.translate(_SEPARATORS).split():
            word = whole[:_LONGEST_TERM]
            found.setdefault(word)
            found.update(dict.fromkeys(part for part in _PARTS.split(word)[1:] if len(part) > 1))
        if len(found) >= _MOST_TERMS:
            break
    return sorted(list(found)[:_MOST_TERMS])


def _texts(document: dict[str, Any]) -> Iterator[str]:
    yield from (document["order_number"], document["order_id"])
    parts = (
        ("shipping_address", ("name", "company_name", "email", "postal_code")),
        ("customer_details", ("name", "email")),
        ("billing_address", ("name", "company_name", "email")),
    )
    for part, names in parts:
        known = document.get(part) or {}
        yield from (known[name] for name in names if known.get(name))
    yield from (item["sku"] for item in document["order_details"]["order_items"] if item.get("sku"))
