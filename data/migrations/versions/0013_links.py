"""The unguessable parts of two links: to the calendar file of a yes, and to the page that ends e-mails to an address"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("rsvps", "addresses"):
        op.add_column(table, sa.Column("token", sa.String(length=43), nullable=True))
        op.create_index(op.f(f"ix_{table}_token"), table, ["token"], unique=True)


def downgrade() -> None:
    for table in ("addresses", "rsvps"):
        op.drop_index(op.f(f"ix_{table}_token"), table)
        op.drop_column(table, "token")
