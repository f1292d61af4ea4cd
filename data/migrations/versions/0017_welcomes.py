"""Whom the school has told which school it is, and who has answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "welcomes",
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("sent_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_welcomes_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sent_by_id"], ["staff.id"], name=op.f("fk_welcomes_sent_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("adult_id", name=op.f("pk_welcomes")),
    )
