"""choosing how to ship.

New columns of tables that other rows refer to are added in place, with a default: SQLite would have to drop such a
table to rebuild it.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Changes the schema."""
    op.add_column("accounts", sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("contracts", sa.Column("removed_at", sa.Text(), nullable=True))
    op.add_column("number_ranges", sa.Column("position", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index(op.f("ix_number_ranges_contract_id_is_live"), "number_ranges")
    op.create_index(op.f("ix_number_ranges_contract_id_is_live"), "number_ranges", ["contract_id", "is_live"])
    op.add_column("orders", sa.Column("warnings", sa.Text(), nullable=False, server_default="[]"))
    op.add_column("shipments", sa.Column("contract_id", _ID, nullable=True))
    _fill(op.get_bind())
    op.create_index(op.f("ix_shipments_account_id_contract_id"), "shipments", ["account_id", "contract_id"])

    op.create_table(
        "shipping_options",
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("carrier_code", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_shipping_options_account_id")),
        sa.PrimaryKeyConstraint("account_id", "code", name=op.f("pk_shipping_options")),
    )
    op.create_table(
        "rate_sheets",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("option_code", sa.Text(), nullable=False),
        sa.Column("contract_id", _ID, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_rate_sheets_account_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_rate_sheets_contract_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_sheets")),
    )
    op.create_index(op.f("ix_rate_sheets_account_id_option_code"), "rate_sheets", ["account_id", "option_code"])
    op.create_table(
        "shipping_rules",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", _ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_shipping_rules_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipping_rules")),
    )
    op.create_index(op.f("ix_shipping_rules_account_id_position"), "shipping_rules", ["account_id", "position"])
    op.create_table(
        "service_points",
        sa.Column("id", _ID, nullable=False),
        sa.Column("carrier_code", sa.Text(), nullable=False),
        sa.Column("carrier_service_point_id", sa.Text(), nullable=False),
        sa.Column("country_code", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Integer(), nullable=False),
        sa.Column("longitude", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("shop_type", sa.Text(), nullable=True),
        sa.Column("postal_key", sa.Text(), nullable=False),
        sa.Column("city_key", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_points")),
        sa.UniqueConstraint(
            "carrier_code",
            "carrier_service_point_id",
            name=op.f("uq_service_points_carrier_code_carrier_service_point_id"),
        ),
    )
    op.create_index(op.f("ix_service_points_country_code_postal_key"), "service_points", ["country_code", "postal_key"])
    op.create_index(op.f("ix_service_points_country_code_city_key"), "service_points", ["country_code", "city_key"])
    op.create_index(
        "ix_service_points_search",
        "service_points",
        ["country_code", "latitude", "longitude", "carrier_code", "kind", "shop_type", "removed_at"],
    )


def _fill(connection: sa.Connection) -> None:
    """Writes the contract of every shipment beside its frozen input, where queries can look at it."""
    last = ""
    select = sa.text("SELECT id, body FROM shipments WHERE id > :last ORDER BY id LIMIT 1000")
    update = sa.text("UPDATE shipments SET contract_id = :contract WHERE id = :id")
    while rows := connection.execute(select, {"last": last}).all():
        last = rows[-1].id
        known = [{"id": row.id, "contract": json.loads(row.body).get("contract_id")} for row in rows]
        if found := [each for each in known if each["contract"] is not None]:
            connection.execute(update, found)
