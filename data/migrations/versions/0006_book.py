"""Keep the home/school book, what parents write for a class, and who may be photographed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STILL_HERE = sa.text("sent_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "book_entries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_book_entries_child_id_children"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_entries")),
        sa.UniqueConstraint("child_id", "on", name=op.f("uq_book_entries_child_id_on")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_book_entries_on"), "book_entries", ["on"], unique=False)

    op.create_table(
        "photo_consents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=True),
        sa.Column("kept_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_photo_consents_adult_id_adults"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_photo_consents_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["kept_by_id"], ["staff.id"], name=op.f("fk_photo_consents_kept_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_consents")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_photo_consents_child_id"), "photo_consents", ["child_id"], unique=False)

    op.create_table(
        "book_parts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("phrases", sa.JSON(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("written_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["book_entries.id"], name=op.f("fk_book_parts_entry_id_book_entries"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_book_parts_text_id_texts"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["written_by_id"], ["staff.id"], name=op.f("fk_book_parts_written_by_id_staff"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book_parts")),
        sa.UniqueConstraint("entry_id", "number", name=op.f("uq_book_parts_entry_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_book_parts_sent_at"), "book_parts", ["sent_at"], unique=False)
    op.create_index("uq_book_parts_still_here", "book_parts", ["entry_id"], unique=True, sqlite_where=STILL_HERE, postgresql_where=STILL_HERE)

    op.create_table(
        "class_lines",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("attention_id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("written_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_by_id", sa.Integer(), nullable=True),
        sa.Column("seen_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_class_lines_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["attention_id"], ["attention.id"], name=op.f("fk_class_lines_attention_id_attention"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_class_lines_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["seen_by_id"], ["staff.id"], name=op.f("fk_class_lines_seen_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_class_lines_text_id_texts"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_class_lines")),
        sa.UniqueConstraint("attention_id", name=op.f("uq_class_lines_attention_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_class_lines_adult_id"), "class_lines", ["adult_id"], unique=False)
    op.create_index("ix_class_lines_child_day", "class_lines", ["child_id", "on"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_class_lines_child_day", "class_lines")
    op.drop_index(op.f("ix_class_lines_adult_id"), "class_lines")

    op.drop_table("class_lines")
    op.drop_index("uq_book_parts_still_here", "book_parts", sqlite_where=STILL_HERE, postgresql_where=STILL_HERE)
    op.drop_index(op.f("ix_book_parts_sent_at"), "book_parts")

    op.drop_table("book_parts")
    op.drop_index(op.f("ix_photo_consents_child_id"), "photo_consents")

    op.drop_table("photo_consents")
    op.drop_index(op.f("ix_book_entries_on"), "book_entries")

    op.drop_table("book_entries")
