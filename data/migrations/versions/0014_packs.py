"""Home Learning Packs: the catalogue, its copies, holds, loans, the weekly loan, holiday packs, and the school's rules of lending."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _catalogue()
    _holds()
    _loans()
    _problems()
    _holidays()
    op.execute("INSERT INTO pack_rules (id, \"values\") VALUES (1, '{}')")  # who lends or takes back locks this row


def _catalogue() -> None:
    op.create_table(
        "packs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("stage", sa.String(length=60), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("picture_id", sa.Integer(), nullable=True),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["about_id"], ["texts.id"], name=op.f("fk_packs_about_id_texts")),
        sa.ForeignKeyConstraint(["picture_id"], ["kept_files.id"], name=op.f("fk_packs_picture_id_kept_files"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["title_id"], ["texts.id"], name=op.f("fk_packs_title_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packs")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pack_items",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("name_id", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.CheckConstraint("pieces >= 1", name=op.f("ck_pack_items_there_is_one")),
        sa.ForeignKeyConstraint(["name_id"], ["texts.id"], name=op.f("fk_pack_items_name_id_texts")),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_pack_items_pack_id_packs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_items")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pack_items_pack_id"), "pack_items", ["pack_id"], unique=False)
    op.create_table(
        "pack_copies",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_pack_copies_pack_id_packs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_copies")),
        sa.UniqueConstraint("label", name=op.f("uq_pack_copies_label")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pack_copies_pack_id"), "pack_copies", ["pack_id"], unique=False)
    op.create_index(op.f("ix_pack_copies_state"), "pack_copies", ["state"], unique=False)


def _holds() -> None:
    op.create_table(
        "pack_holds",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("is_weekly", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("copy_id", sa.Integer(), nullable=True),
        sa.Column("ready_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("keep_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'ready') = (copy_id IS NOT NULL)", name=op.f("ck_pack_holds_ready_is_a_copy")),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_pack_holds_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_pack_holds_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["copy_id"], ["pack_copies.id"], name=op.f("fk_pack_holds_copy_id_pack_copies"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_pack_holds_pack_id_packs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_holds")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pack_holds_adult_id"), "pack_holds", ["adult_id"], unique=False)
    op.create_index(op.f("ix_pack_holds_child_id"), "pack_holds", ["child_id"], unique=False)
    op.create_index("ix_pack_holds_queue", "pack_holds", ["pack_id", "state", "asked_at"], unique=False)
    op.create_index("uq_pack_holds_copy", "pack_holds", ["copy_id"], unique=True)
    op.create_index(
        "uq_pack_holds_family",
        "pack_holds",
        ["pack_id", "adult_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'ready')"),
        postgresql_where=sa.text("state IN ('waiting', 'ready')"),
    )
    op.create_table(
        "weekly_places",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(timezone=True), nullable=False),
        sa.Column("served_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("missed_on", sa.Date(), nullable=True),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_weekly_places_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_weekly_places_child_id_children"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_places")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_weekly_places_child_id"), "weekly_places", ["child_id"], unique=False)
    op.create_index(
        "uq_weekly_places_open",
        "weekly_places",
        ["adult_id", "child_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _loans() -> None:
    op.create_table(
        "pack_loans",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("copy_id", sa.Integer(), nullable=False),
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=True),
        sa.Column("child_id", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("class_name", sa.String(length=100), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("is_weekly", sa.Boolean(), nullable=False),
        sa.Column("waited_since", UtcDateTime(timezone=True), nullable=True),
        sa.Column("out_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("renewals", sa.Integer(), nullable=False),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("reminded_on", sa.Date(), nullable=True),
        sa.Column("said_back_on", sa.Date(), nullable=True),
        sa.Column("back_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("lost_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("handed_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_pack_loans_adult_id_adults"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_pack_loans_child_id_children"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["copy_id"], ["pack_copies.id"], name=op.f("fk_pack_loans_copy_id_pack_copies"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["handed_by_id"], ["staff.id"], name=op.f("fk_pack_loans_handed_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["pack_id"], ["packs.id"], name=op.f("fk_pack_loans_pack_id_packs"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["taken_by_id"], ["staff.id"], name=op.f("fk_pack_loans_taken_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_loans")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pack_loans_adult_id"), "pack_loans", ["adult_id"], unique=False)
    op.create_index(op.f("ix_pack_loans_child_id"), "pack_loans", ["child_id"], unique=False)
    op.create_index("ix_pack_loans_pack", "pack_loans", ["pack_id", "out_at"], unique=False)
    op.create_index(
        "uq_pack_loans_copy",
        "pack_loans",
        ["copy_id"],
        unique=True,
        sqlite_where=sa.text("back_at IS NULL AND lost_at IS NULL"),
        postgresql_where=sa.text("back_at IS NULL AND lost_at IS NULL"),
    )


def _problems() -> None:
    op.create_table(
        "pack_problems",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("copy_id", sa.Integer(), nullable=False),
        sa.Column("loan_id", sa.Integer(), nullable=True),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("told_by_family", sa.Boolean(), nullable=False),
        sa.Column("told_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("mended_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["copy_id"], ["pack_copies.id"], name=op.f("fk_pack_problems_copy_id_pack_copies"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["item_id"], ["pack_items.id"], name=op.f("fk_pack_problems_item_id_pack_items"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["loan_id"], ["pack_loans.id"], name=op.f("fk_pack_problems_loan_id_pack_loans"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_problems")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_pack_problems_copy_id"), "pack_problems", ["copy_id"], unique=False)
    op.create_index(op.f("ix_pack_problems_loan_id"), "pack_problems", ["loan_id"], unique=False)


def _holidays() -> None:
    op.create_table(
        "holiday_packs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("offer_on", sa.Date(), nullable=True),
        sa.Column("answer_by", sa.Date(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("promised", sa.Integer(), nullable=False),
        sa.Column("is_over", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("promised >= 0 AND (stock IS NULL OR promised <= stock)", name=op.f("ck_holiday_packs_never_too_many")),
        sa.ForeignKeyConstraint(["about_id"], ["texts.id"], name=op.f("fk_holiday_packs_about_id_texts")),
        sa.ForeignKeyConstraint(["title_id"], ["texts.id"], name=op.f("fk_holiday_packs_title_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holiday_packs")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "holiday_wishes",
        sa.Column("holiday_pack_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("given_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_holiday_wishes_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_holiday_wishes_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["holiday_pack_id"], ["holiday_packs.id"], name=op.f("fk_holiday_wishes_holiday_pack_id_holiday_packs"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("holiday_pack_id", "adult_id", "child_id", name=op.f("pk_holiday_wishes")),
    )
    op.create_index(op.f("ix_holiday_wishes_adult_id"), "holiday_wishes", ["adult_id"], unique=False)
    op.create_index(op.f("ix_holiday_wishes_child_id"), "holiday_wishes", ["child_id"], unique=False)
    op.create_table(
        "pack_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("filled_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack_rules")),
    )
