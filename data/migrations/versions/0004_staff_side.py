"""Let staff in, write down who saw what, and let them answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("about", sa.String(length=30), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_about", "audit", ["about", "about_id", "id"], unique=False)
    op.create_index("ix_audit_staff", "audit", ["staff_id", "id"], unique=False)
    op.create_table(
        "log_in_failures",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("in_a_row", sa.Integer(), nullable=False),
        sa.Column("wait_until", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_log_in_failures")),
    )
    op.create_table(
        "saved_replies",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_replies")),
        sa.UniqueConstraint("name", name=op.f("uq_saved_replies_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "accounts",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("pin_hash", sa.String(length=200), nullable=True),
        sa.Column("totp_salt", sa.String(length=32), nullable=True),
        sa.Column("totp_since", UtcDateTime(timezone=True), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_accounts_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "log_in_links",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_log_in_links_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_in_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_log_in_links_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_log_in_links_staff_id"), "log_in_links", ["staff_id"], unique=False)
    op.create_table(
        "sent_forms",
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("led_to", sa.String(length=300), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_sent_forms_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_sent_forms")),
    )
    op.create_index(op.f("ix_sent_forms_at"), "sent_forms", ["at"], unique=False)
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("device", sa.String(length=80), nullable=False),
        sa.Column("has_second_factor", sa.Boolean(), nullable=False),
        sa.Column("started_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("ended_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions", ["staff_id"], unique=False)
    op.create_table(
        "staff_told",
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("is_safeguarding", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_told_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("staff_id", "is_safeguarding", name=op.f("pk_staff_told")),
    )
    op.create_table(
        "tablets",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("added_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_tablets_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tablets")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_tablets_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tablets_staff_id"), "tablets", ["staff_id"], unique=False)
    op.create_table(
        "talks",
        sa.Column("thread", sa.String(length=30), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["class_id"], ["school_classes.id"], name=op.f("fk_talks_class_id_school_classes"), ondelete="SET NULL"),
        sa.Column("began_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_talks_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("thread", name=op.f("pk_talks")),
    )
    op.create_table(
        "thread_notes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("thread", sa.String(length=30), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["class_id"], ["school_classes.id"], name=op.f("fk_thread_notes_class_id_school_classes"), ondelete="SET NULL"),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_thread_notes_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_notes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_thread_notes_thread"), "thread_notes", ["thread"], unique=False)
    op.create_table(
        "staff_messages",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("thread", sa.String(length=30), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["class_id"], ["school_classes.id"], name=op.f("fk_staff_messages_class_id_school_classes"), ondelete="SET NULL"),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_messages_staff_id_staff"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_staff_messages_text_id_texts"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_staff_messages_thread"), "staff_messages", ["thread"], unique=False)
    op.create_table(
        "safeguarding_notes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("attention_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attention_id"], ["attention.id"], name=op.f("fk_safeguarding_notes_attention_id_attention"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_safeguarding_notes_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safeguarding_notes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_safeguarding_notes_attention_id"), "safeguarding_notes", ["attention_id"], unique=False)
    with op.batch_alter_table("attention", schema=None) as batch_op:
        batch_op.add_column(sa.Column("class_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("is_urgent", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("assigned_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("snoozed_until", UtcDateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("done_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_attention_class_id_school_classes"), "school_classes", ["class_id"], ["id"], ondelete="SET NULL")
        batch_op.create_foreign_key(batch_op.f("fk_attention_done_by_id_staff"), "staff", ["done_by_id"], ["id"], ondelete="SET NULL")
        batch_op.create_foreign_key(batch_op.f("fk_attention_assigned_id_staff"), "staff", ["assigned_id"], ["id"], ondelete="SET NULL")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("corrected", sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column("text_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_inbox_text_id_texts"), "texts", ["text_id"], ["id"], ondelete="SET NULL")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("english", sa.Text(), nullable=True))

    _forbid_changes_of_the_audit()


def _forbid_changes_of_the_audit() -> None:
    """An audit that can be changed proves nothing: the database itself refuses."""
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER audit_no_{what.lower()} BEFORE {what} ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END")
        return
    op.execute("CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$")
    op.execute("CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()")


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("english")
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_inbox_text_id_texts"), type_="foreignkey")
        batch_op.drop_column("text_id")
        batch_op.drop_column("corrected")
    with op.batch_alter_table("attention", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_attention_assigned_id_staff"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_attention_done_by_id_staff"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_attention_class_id_school_classes"), type_="foreignkey")
        batch_op.drop_column("done_by_id")
        batch_op.drop_column("snoozed_until")
        batch_op.drop_column("assigned_id")
        batch_op.drop_column("is_urgent")
        batch_op.drop_column("class_id")
    op.drop_index(op.f("ix_safeguarding_notes_attention_id"), "safeguarding_notes")
    op.drop_table("safeguarding_notes")
    op.drop_index(op.f("ix_staff_messages_thread"), "staff_messages")
    op.drop_table("staff_messages")
    op.drop_index(op.f("ix_thread_notes_thread"), "thread_notes")
    op.drop_table("thread_notes")
    op.drop_table("talks")
    op.drop_table("staff_told")
    op.drop_index(op.f("ix_tablets_staff_id"), "tablets")
    op.drop_table("tablets")
    op.drop_index(op.f("ix_staff_sessions_staff_id"), "staff_sessions")
    op.drop_table("staff_sessions")
    op.drop_index(op.f("ix_sent_forms_at"), "sent_forms")
    op.drop_table("sent_forms")
    op.drop_index(op.f("ix_log_in_links_staff_id"), "log_in_links")
    op.drop_table("log_in_links")
    op.drop_table("accounts")
    op.drop_table("saved_replies")
    op.drop_table("log_in_failures")
    op.drop_index("ix_audit_staff", "audit")
    op.drop_index("ix_audit_about", "audit")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only")
