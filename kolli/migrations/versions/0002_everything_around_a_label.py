"""everything around a label.

New columns of tables that other rows refer to are added in place, with a default: SQLite would have to drop such a
table to rebuild it.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNKNOWN_TIME = "2026-01-01T00:00:00+00:00"  # before the first version


def upgrade() -> None:
    """Changes the schema."""
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_deliveries_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deliveries_account_id_created_at_id"), ["account_id", "created_at", "id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_deliveries_account_id_receiver_created_at_id"),
            ["account_id", "receiver", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "event_connections",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_event_connections_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_connections")),
    )
    with op.batch_alter_table("event_connections", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_event_connections_account_id_created_at"), ["account_id", "created_at"], unique=False
        )

    op.create_table(
        "foreign_parcels",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("carrier_code", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("tracking_number", sa.Text(), nullable=False),
        sa.Column("tracking_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_foreign_parcels_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_foreign_parcels")),
        sa.UniqueConstraint(
            "account_id", "carrier_code", "source_id", name=op.f("uq_foreign_parcels_account_id_carrier_code_source_id")
        ),
        sa.UniqueConstraint(
            "account_id",
            "carrier_code",
            "tracking_number",
            name=op.f("uq_foreign_parcels_account_id_carrier_code_tracking_number"),
        ),
    )
    with op.batch_alter_table("foreign_parcels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_foreign_parcels_tracking_key"), ["tracking_key"], unique=False)

    op.create_table(
        "jobs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=True),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.Text(), nullable=False),
        sa.Column("is_running", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("died_at", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_jobs_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_jobs_lane_died_at_due_at_subject"), ["lane", "died_at", "due_at", "subject"], unique=False
        )

    op.create_table(
        "parcel_events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("parcel_id", _ID, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_parcel_events_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parcel_events")),
    )
    with op.batch_alter_table("parcel_events", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_parcel_events_account_id_parcel_id_at"), ["account_id", "parcel_id", "at"], unique=False
        )

    op.create_table(
        "event_subscriptions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("connection_id", _ID, nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_event_subscriptions_account_id")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["event_connections.id"], name=op.f("fk_event_subscriptions_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_subscriptions")),
    )
    with op.batch_alter_table("event_subscriptions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_event_subscriptions_account_id_event_type_is_active"),
            ["account_id", "event_type", "is_active"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_event_subscriptions_connection_id"), ["connection_id"], unique=False)

    op.create_table(
        "integration_logs",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("integration_id", _ID, nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_integration_logs_account_id")),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_integration_logs_integration_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_integration_logs")),
    )
    with op.batch_alter_table("integration_logs", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_integration_logs_account_id_created_at"), ["account_id", "created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_integration_logs_account_id_integration_id_created_at"),
            ["account_id", "integration_id", "created_at"],
            unique=False,
        )

    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("integration_id", _ID, nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_api_keys_integration_id"), "integrations", ["integration_id"], ["id"]
        )
    op.create_table(
        "access_tokens",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_access_tokens_account_id")),
        sa.ForeignKeyConstraint(["public_key"], ["api_keys.public_key"], name=op.f("fk_access_tokens_public_key")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_tokens")),
    )
    with op.batch_alter_table("access_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_tokens_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_access_tokens_public_key_expires_at"), ["public_key", "expires_at"], unique=False
        )

    op.add_column("brands", sa.Column("body", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("sender_addresses", sa.Column("details", sa.Text(), nullable=False, server_default="{}"))

    op.add_column("integrations", sa.Column("body", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("integrations", sa.Column("signature_key", sa.Text(), nullable=True))
    op.add_column("integrations", sa.Column("created_at", sa.Text(), nullable=False, server_default=_UNKNOWN_TIME))
    op.add_column("integrations", sa.Column("updated_at", sa.Text(), nullable=False, server_default=_UNKNOWN_TIME))
    op.add_column("integrations", sa.Column("removed_at", sa.Text(), nullable=True))

    op.add_column("parcels", sa.Column("integration_id", _ID, nullable=False, server_default="0"))
    op.add_column("parcels", sa.Column("created_at", sa.Text(), nullable=False, server_default=_UNKNOWN_TIME))
    op.add_column("parcels", sa.Column("updated_at", sa.Text(), nullable=False, server_default=_UNKNOWN_TIME))
    op.add_column("shipments", sa.Column("integration_id", _ID, nullable=False, server_default="0"))
    op.add_column("shipments", sa.Column("order_number_key", sa.Text(), nullable=False, server_default=""))
    op.add_column("shipments", sa.Column("external_reference_id", sa.Text(), nullable=True))
    op.add_column("shipments", sa.Column("reference_guard", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("in_background", sa.Boolean(), nullable=False, server_default=sa.false()))
    _fill(op.get_bind())

    columns = ["account_id", "created_at", "shipment_id", "integration_id", "status", "updated_at", "announced_at"]
    op.create_index("ix_parcels_list", "parcels", columns)
    for columns in (
        ["account_id", "created_at", "id"],
        ["account_id", "integration_id", "created_at", "id"],
        ["account_id", "order_number_key", "created_at", "id"],
        ["account_id", "external_reference_id", "created_at", "id"],
    ):
        op.create_index(op.f(f"ix_shipments_{'_'.join(columns)}"), "shipments", columns)
    op.create_index(
        op.f("ix_shipments_account_id_reference_guard"), "shipments", ["account_id", "reference_guard"], unique=True
    )


def _fill(connection: sa.Connection) -> None:
    """Gives the rows that are there what the new columns say about them."""
    for shipment_id, body, created_at in connection.execute(
        sa.text("SELECT id, body, created_at FROM shipments")
    ).all():
        draft = json.loads(body)
        values = {"id": shipment_id, "integration": draft["integration_id"], "number": draft["order_number"].lower()}
        connection.execute(
            sa.text("UPDATE shipments SET integration_id = :integration, order_number_key = :number WHERE id = :id"),
            values,
        )
        connection.execute(
            sa.text(
                "UPDATE parcels SET integration_id = :integration, created_at = :at,"
                " updated_at = coalesce(announced_at, :at) WHERE shipment_id = :id"
            ),
            {"id": shipment_id, "integration": draft["integration_id"], "at": created_at},
        )
    connection.execute(
        sa.text(
            "UPDATE api_keys SET integration_id ="
            " (SELECT min(id) FROM integrations WHERE integrations.account_id = api_keys.account_id)"
        )
    )
    for account_id, body, made_at in connection.execute(
        sa.text(
            "SELECT id, body, (SELECT min(created_at) FROM api_keys WHERE api_keys.account_id = accounts.id)"
            " FROM accounts"
        )
    ).all():
        account = {**json.loads(body), "registered_at": made_at or _UNKNOWN_TIME}
        connection.execute(
            sa.text("UPDATE accounts SET body = :body WHERE id = :id"), {"id": account_id, "body": json.dumps(account)}
        )
