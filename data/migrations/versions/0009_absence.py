"""Keep who is absent, whom the school asked after, and what a text may not decide"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _whom_the_school_asks_after()
    _what_is_said()
    _what_a_text_may_not_decide()


def _whom_the_school_asks_after() -> None:
    op.create_table(
        "absence_chases",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_back_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("taken_back_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["staff.id"], name=op.f("fk_absence_chases_asked_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_absence_chases_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["taken_back_by_id"], ["staff.id"], name=op.f("fk_absence_chases_taken_back_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence_chases")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_absence_chases_child_id_day",
        "absence_chases",
        ["child_id", "day"],
        unique=True,
        sqlite_where=sa.text("taken_back_at IS NULL"),
        postgresql_where=sa.text("taken_back_at IS NULL"),
    )
    op.create_table(
        "absence_asked",
        sa.Column("chase_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_absence_asked_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["chase_id"], ["absence_chases.id"], name=op.f("fk_absence_asked_chase_id_absence_chases"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chase_id", "adult_id", name=op.f("pk_absence_asked")),
    )
    op.create_index(op.f("ix_absence_asked_adult_id"), "absence_asked", ["adult_id"], unique=False)


def _what_is_said() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("chase_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=True),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("back_on", sa.Date(), nullable=True),
        sa.Column("expected_at", sa.Time(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("heard_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("taken_back_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("adult_id IS NULL OR staff_id IS NULL", name=op.f("ck_absences_said_by_one")),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_absences_adult_id_adults"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["chase_id"], ["absence_chases.id"], name=op.f("fk_absences_chase_id_absence_chases"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_absences_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_absences_staff_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_absences_text_id_texts"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
        sa.UniqueConstraint("child_id", "adult_id", "first_on", name=op.f("uq_absences_child_id_adult_id_first_on")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_absences_adult_id"), "absences", ["adult_id"], unique=False)
    op.create_index("ix_absences_first_on", "absences", ["first_on"], unique=False)
    op.create_index("ix_absences_source", "absences", ["source"], unique=False)


def _what_a_text_may_not_decide() -> None:
    op.create_table(
        "collection_requests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("attention_id", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("rung", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("state = 'open' OR decided_at IS NOT NULL", name=op.f("ck_collection_requests_decided_at_a_time")),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_collection_requests_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["attention_id"], ["attention.id"], name=op.f("fk_collection_requests_attention_id_attention"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["staff.id"], name=op.f("fk_collection_requests_decided_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_collection_requests_text_id_texts"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection_requests")),
        sa.UniqueConstraint("source", name=op.f("uq_collection_requests_source")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_collection_requests_adult_id"), "collection_requests", ["adult_id"], unique=False)
    op.create_index("ix_collection_requests_state", "collection_requests", ["state", "id"], unique=False)
    op.create_table(
        "collection_children",
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_collection_children_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["request_id"], ["collection_requests.id"], name=op.f("fk_collection_children_request_id_collection_requests"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "child_id", name=op.f("pk_collection_children")),
    )


def downgrade() -> None:
    op.drop_table("collection_children")
    op.drop_index("ix_collection_requests_state", table_name="collection_requests")
    op.drop_index(op.f("ix_collection_requests_adult_id"), table_name="collection_requests")
    op.drop_table("collection_requests")
    op.drop_index("ix_absences_source", table_name="absences")
    op.drop_index("ix_absences_first_on", table_name="absences")
    op.drop_index(op.f("ix_absences_adult_id"), table_name="absences")
    op.drop_table("absences")
    op.drop_index(op.f("ix_absence_asked_adult_id"), table_name="absence_asked")
    op.drop_table("absence_asked")
    op.drop_index(
        "uq_absence_chases_child_id_day",
        table_name="absence_chases",
        sqlite_where=sa.text("taken_back_at IS NULL"),
        postgresql_where=sa.text("taken_back_at IS NULL"),
    )
    op.drop_table("absence_chases")
