"""What the school tells many at once, and each time that it was sent; what a message waits as, and what it was paid for as."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _broadcasts()
    _dates_and_runs()
    op.add_column("outbox", sa.Column("waits_as", sa.String(length=20), nullable=True))
    op.add_column("outbox", sa.Column("parts", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("rest", sa.JSON(none_as_null=True), nullable=True))
    op.execute("UPDATE outbox SET lane = lane + 1 WHERE lane > 1")  # what is urgent goes between alerts and notices


def _broadcasts() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("audience_kind", sa.String(length=20), nullable=False),
        sa.Column("audience_id", sa.Integer(), nullable=True),
        sa.Column("audience_tag", sa.String(length=35), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("waits_for", sa.String(length=20), nullable=True),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("at", sa.Time(), nullable=True),
        sa.Column("repeats", sa.String(length=20), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("first_parts", sa.JSON(), nullable=False),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("over_cap_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(repeats IS NULL) = (until IS NULL)", name=op.f("ck_broadcasts_a_repeat_ends")),
        sa.CheckConstraint("state <> 'planned' OR (next_on IS NOT NULL AND \"at\" IS NOT NULL)", name=op.f("ck_broadcasts_a_plan_has_a_time")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["staff.id"], name=op.f("fk_broadcasts_approved_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["file_id"], ["kept_files.id"], name=op.f("fk_broadcasts_file_id_kept_files"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_broadcasts_made_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_broadcasts_text_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_broadcasts_next_on", "broadcasts", ["state", "next_on"], unique=False)


def _dates_and_runs() -> None:
    op.create_table(
        "broadcast_dates",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("broadcast_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.Time(), nullable=True),
        sa.Column("what_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_dates_broadcast_id_broadcasts"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["what_id"], ["texts.id"], name=op.f("fk_broadcast_dates_what_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_dates")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_broadcast_dates_broadcast_id"), "broadcast_dates", ["broadcast_id"], unique=False)
    op.create_table(
        "broadcast_runs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("broadcast_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("planned_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("sharing", sa.JSON(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("pence", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name=op.f("fk_broadcast_runs_broadcast_id_broadcasts"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["file_id"], ["kept_files.id"], name=op.f("fk_broadcast_runs_file_id_kept_files"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_broadcast_runs_text_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_runs")),
        sa.UniqueConstraint("broadcast_id", "on", name=op.f("uq_broadcast_runs_broadcast_id_on")),
        sqlite_autoincrement=True,
    )
