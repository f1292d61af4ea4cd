"""What each adult wants to be told and where first, and where the phone company itself lets nothing through."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preferences",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("address_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["address_id"], ["addresses.id"], name=op.f("fk_preferences_address_id_addresses"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_preferences_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_preferences_staff_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_preferences")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_preferences_adult_id_kind", "preferences", ["adult_id", "kind"], unique=False)
    op.add_column("addresses", sa.Column("carrier_stopped_at", UtcDateTime(timezone=True), nullable=True))
    # Until now it was not told apart: what the phone company said last stands.
    op.execute(
        "UPDATE addresses SET carrier_stopped_at = state_since WHERE state = 'opted_out' AND channel = 'sms' AND id IN "
        "(SELECT c.address_id FROM consents c WHERE c.how = 'carrier' AND c.id = (SELECT max(d.id) FROM consents d WHERE d.address_id = c.address_id))"
    )
