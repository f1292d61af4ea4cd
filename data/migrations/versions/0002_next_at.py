"""Find what is to be looked at again"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IS_SET = sa.text("next_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("ix_outbox_next_at", "outbox", ["next_at"], unique=False, sqlite_where=IS_SET, postgresql_where=IS_SET)


def downgrade() -> None:
    op.drop_index("ix_outbox_next_at", "outbox")
