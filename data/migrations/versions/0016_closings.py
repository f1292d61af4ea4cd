"""Numbers and chats that were a parent's and are closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "closings",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("address_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("closed_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["address_id"], ["addresses.id"], name=op.f("fk_closings_address_id_addresses")),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_closings_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["closed_by_id"], ["staff.id"], name=op.f("fk_closings_closed_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["ended_by_id"], ["staff.id"], name=op.f("fk_closings_ended_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closings")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_closings_address_id"), "closings", ["address_id"], unique=False)
    op.create_index(op.f("ix_closings_adult_id"), "closings", ["adult_id"], unique=False)
