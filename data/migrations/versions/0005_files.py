"""Keep files, what is to be fetched, and the links that open them"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_files",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("media_type", sa.String(length=50), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("thumbnail", sa.LargeBinary(), nullable=True),
        sa.Column("adult_id", sa.Integer(), nullable=True),
        sa.Column("child_id", sa.Integer(), nullable=True),
        sa.Column("received_id", sa.Integer(), nullable=True),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_kept_files_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_kept_files_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["received_id"], ["inbox.id"], name=op.f("fk_kept_files_received_id_inbox"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_files")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_kept_files_adult_id"), "kept_files", ["adult_id"], unique=False)
    op.create_index(op.f("ix_kept_files_child_id"), "kept_files", ["child_id"], unique=False)
    op.create_index(op.f("ix_kept_files_received_id"), "kept_files", ["received_id"], unique=False)

    op.create_table(
        "file_links",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_file_links_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["file_id"], ["kept_files.id"], name=op.f("fk_file_links_file_id_kept_files"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["message_id"], ["outbox.id"], name=op.f("fk_file_links_message_id_outbox"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_file_links_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_file_links_adult_id"), "file_links", ["adult_id"], unique=False)
    op.create_index(op.f("ix_file_links_file_id"), "file_links", ["file_id"], unique=False)
    op.create_index(op.f("ix_file_links_message_id"), "file_links", ["message_id"], unique=False)

    op.create_table(
        "incoming_files",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("received_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("forget_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["kept_files.id"], name=op.f("fk_incoming_files_file_id_kept_files"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["received_id"], ["inbox.id"], name=op.f("fk_incoming_files_received_id_inbox"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_files")),
        sa.UniqueConstraint("received_id", "place", name=op.f("uq_incoming_files_received_id_place")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_incoming_files_forget_at"), "incoming_files", ["forget_at"], unique=False)
    op.create_index("ix_incoming_files_state", "incoming_files", ["state", "next_at"], unique=False)


def downgrade() -> None:
    op.drop_table("incoming_files")
    op.drop_table("file_links")
    op.drop_table("kept_files")
