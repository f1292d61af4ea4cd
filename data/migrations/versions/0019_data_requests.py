"""What families ask about their own data, what is to be deleted at providers, and what was removed when it was past its time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_requests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("checked", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_data_requests_decided_at_a_time")),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_data_requests_adult_id_adults"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["staff.id"], name=op.f("fk_data_requests_decided_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_requests")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_data_requests_adult_id"), "data_requests", ["adult_id"], unique=False)
    op.create_index("ix_data_requests_state", "data_requests", ["state", "due_on"], unique=False)
    op.create_table(
        "provider_deletions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=10), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["data_requests.id"], name=op.f("fk_provider_deletions_request_id_data_requests"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_deletions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_provider_deletions_request_id"), "provider_deletions", ["request_id"], unique=False)
    op.create_index("ix_provider_deletions_state", "provider_deletions", ["state", "next_at"], unique=False)
    op.create_table(
        "retention_runs",
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("removed", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("on", name=op.f("pk_retention_runs")),
    )
    op.add_column("attention", sa.Column("was_from", sa.String(length=400), nullable=False, server_default=""))
