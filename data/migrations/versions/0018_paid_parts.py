"""How many paid message parts leave in a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paid_parts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("lifted_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["lifted_by_id"], ["staff.id"], name=op.f("fk_paid_parts_lifted_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_paid_parts")),
    )
