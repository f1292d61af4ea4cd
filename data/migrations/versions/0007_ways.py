"""Find at once the messages of one kind and of the last days, and all that was reported of one; look at one day of the audit"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_outbox_kind", "outbox", ["kind", "id"])
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index(op.f("ix_callbacks_uid"), "callbacks", ["uid"])
    op.create_index("ix_audit_at", "audit", ["at"])


def downgrade() -> None:
    op.drop_index("ix_audit_at", "audit")
    op.drop_index(op.f("ix_callbacks_uid"), "callbacks")
    op.drop_index("ix_outbox_created_at", "outbox")
    op.drop_index("ix_outbox_kind", "outbox")
