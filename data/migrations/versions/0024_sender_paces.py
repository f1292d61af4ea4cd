"""How fast the processes of one school send together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sender_paces",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("taken", sa.JSON(), nullable=False),
        sa.Column("held_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_sender_paces")),
    )
