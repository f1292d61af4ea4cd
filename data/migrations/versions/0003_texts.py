"""Keep what people write, and its translations"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_corrections",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("english", sa.Text(), nullable=False),
        sa.Column("form", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_corrections")),
        sa.UniqueConstraint("language", "english", "form", name=op.f("uq_catalog_corrections_language_english_form")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "texts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=True),
        sa.Column("attention_id", sa.Integer(), nullable=True),
        sa.Column("is_sensitive", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_texts_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["attention_id"], ["attention.id"], name=op.f("fk_texts_attention_id_attention"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_texts")),
        sa.UniqueConstraint("attention_id", name=op.f("uq_texts_attention_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_texts_adult_id"), "texts", ["adult_id"], unique=False)

    op.create_table(
        "text_messages",
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["outbox.id"], name=op.f("fk_text_messages_message_id_outbox"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_text_messages_text_id_texts"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("text_id", "message_id", name=op.f("pk_text_messages")),
    )
    op.create_index(op.f("ix_text_messages_message_id"), "text_messages", ["message_id"], unique=False)

    op.create_table(
        "text_translations",
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("provider", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_text_translations_text_id_texts"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("text_id", "language", name=op.f("pk_text_translations")),
    )
    op.create_index("ix_text_translations_wanted", "text_translations", ["state", "next_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_text_translations_wanted", "text_translations")

    op.drop_table("text_translations")
    op.drop_index(op.f("ix_text_messages_message_id"), "text_messages")

    op.drop_table("text_messages")
    op.drop_index(op.f("ix_texts_adult_id"), "texts")

    op.drop_table("texts")
    op.drop_table("catalog_corrections")
