"""one label per purchase.

New columns of `attempts` are added in place, with a default: see 0003. Attempts of earlier versions have no lease, so
those that are unsettled are left behind, which is what they are while the database is migrated.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Changes the schema."""
    op.create_table(
        "idempotent_requests",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_idempotent_requests_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotent_requests")),
        sa.UniqueConstraint("account_id", "route", "key", name=op.f("uq_idempotent_requests_account_id_route_key")),
    )
    op.create_index(op.f("ix_idempotent_requests_created_at"), "idempotent_requests", ["created_at"])
    op.create_table(
        "attempt_moves",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=True),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_attempt_moves_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_moves")),
    )
    op.create_index(op.f("ix_attempt_moves_shipment_id"), "attempt_moves", ["shipment_id"])
    op.create_table(
        "requests",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_account_id_id"), "requests", ["account_id", "id"])
    op.create_index(op.f("ix_requests_at"), "requests", ["at"])
    op.add_column("deliveries", sa.Column("scenario", sa.Text(), nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("tries", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("attempts", sa.Column("is_partly_booked", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("attempts", sa.Column("lease_owner", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("lease_until", sa.Text(), nullable=True))
    op.execute(
        "ALTER TABLE attempts ADD COLUMN request_id INTEGER REFERENCES idempotent_requests (id) ON DELETE SET NULL"
    )
    op.create_index(
        op.f("ix_attempts_request_id"), "attempts", ["request_id"], sqlite_where=sa.text("request_id IS NOT NULL")
    )
