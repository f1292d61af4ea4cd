"""An adult's appointments are found without reading everyone's."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_appointments_adult_id", "appointments", ["adult_id", "starts_at"], unique=False)
