"""Find at once what did not arrive, what is of one kind, and all that was reported of a message; look at one day of the audit"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MISSED = "state IN ('failed', 'undelivered', 'expired', 'unconfirmed')"


def upgrade() -> None:
    op.create_index("ix_outbox_missed", "outbox", ["adult_id", "created_at"], sqlite_where=sa.text(MISSED), postgresql_where=sa.text(MISSED))
    op.create_index("ix_outbox_kind", "outbox", ["kind", "id"])
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index(op.f("ix_callbacks_uid"), "callbacks", ["uid"])
    op.create_index("ix_audit_at", "audit", ["at"])


def downgrade() -> None:
    op.drop_index("ix_audit_at", "audit")
    op.drop_index(op.f("ix_callbacks_uid"), "callbacks")
    op.drop_index("ix_outbox_created_at", "outbox")
    op.drop_index("ix_outbox_kind", "outbox")
    op.drop_index("ix_outbox_missed", "outbox")
