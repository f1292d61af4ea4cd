"""That a database was put back from a backup, and whether anything may be sent since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restorations",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("restored_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("copy_of", UtcDateTime(timezone=True), nullable=True),
        sa.Column("released_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("released_by_id", sa.Integer(), nullable=True),
        sa.Column("chosen", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["released_by_id"], ["staff.id"], name=op.f("fk_restorations_released_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restorations")),
        sqlite_autoincrement=True,
    )
    waits = sa.text("released_at IS NULL")
    op.create_index("ix_restorations_not_released", "restorations", ["id"], sqlite_where=waits, postgresql_where=waits)
