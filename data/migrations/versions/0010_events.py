"""What is on: events, who is asked to them and answers, groups that adults ask to join, calendars to subscribe to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _events()
    _answers()
    _groups()
    _feeds()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("series", sa.String(length=32), nullable=True),
        sa.Column("source", sa.String(length=400), nullable=True),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("words_id", sa.Integer(), nullable=True),
        sa.Column("access_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("interpreters", sa.JSON(), nullable=False),
        sa.Column("asks", sa.Boolean(), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("invite_on", sa.Date(), nullable=True),
        sa.Column("reminders", sa.JSON(), nullable=False),
        sa.Column("picture_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("look_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint('ends_on > "on" OR (ends_on = "on" AND ends > starts)', name=op.f("ck_events_ends_after_it_starts")),
        sa.CheckConstraint("most >= 1", name=op.f("ck_events_someone_may_come")),
        sa.CheckConstraint("taken >= 0 AND (capacity IS NULL OR taken <= capacity)", name=op.f("ck_events_never_too_many")),
        sa.ForeignKeyConstraint(["access_id"], ["texts.id"], name=op.f("fk_events_access_id_texts")),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_events_made_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["picture_id"], ["kept_files.id"], name=op.f("fk_events_picture_id_kept_files"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["title_id"], ["texts.id"], name=op.f("fk_events_title_id_texts")),
        sa.ForeignKeyConstraint(["words_id"], ["texts.id"], name=op.f("fk_events_words_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("source", name=op.f("uq_events_source")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_events_look_at", "events", ["look_at"], unique=False, sqlite_where=sa.text("look_at IS NOT NULL"), postgresql_where=sa.text("look_at IS NOT NULL")
    )
    op.create_index("ix_events_on", "events", ["on"], unique=False)
    op.create_index("ix_events_series", "events", ["series", "on"], unique=False)
    op.create_table(
        "event_guests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("adult_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(class_id IS NULL OR group_id IS NULL) AND (class_id IS NULL OR adult_id IS NULL) AND (group_id IS NULL OR adult_id IS NULL)",
            name=op.f("ck_event_guests_one_kind"),
        ),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_event_guests_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["class_id"], ["school_classes.id"], name=op.f("fk_event_guests_class_id_school_classes"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_guests_event_id_events"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_event_guests_group_id_groups"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_guests")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_event_guests_event_id"), "event_guests", ["event_id"], unique=False)
    op.create_table(
        "event_staff",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_event_staff_event_id_events"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_event_staff_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "staff_id", name=op.f("pk_event_staff")),
    )


def _answers() -> None:
    op.create_table(
        "rsvps",
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("answered_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("waiting_since", UtcDateTime(timezone=True), nullable=True),
        sa.Column("offered_until", UtcDateTime(timezone=True), nullable=True),
        sa.Column("came", sa.Integer(), nullable=True),
        sa.CheckConstraint("(answer = 'offered') = (offered_until IS NOT NULL)", name=op.f("ck_rsvps_an_offer_ends")),
        sa.CheckConstraint("people >= 1", name=op.f("ck_rsvps_someone_comes")),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_rsvps_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_rsvps_event_id_events"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "adult_id", name=op.f("pk_rsvps")),
    )
    op.create_index(op.f("ix_rsvps_adult_id"), "rsvps", ["adult_id"], unique=False)
    op.create_index(
        "ix_rsvps_offered_until",
        "rsvps",
        ["offered_until"],
        unique=False,
        sqlite_where=sa.text("offered_until IS NOT NULL"),
        postgresql_where=sa.text("offered_until IS NOT NULL"),
    )
    op.create_index("ix_rsvps_waiting", "rsvps", ["event_id", "answer", "waiting_since"], unique=False)


def _groups() -> None:
    op.create_table(
        "group_terms",
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("staff_agree", sa.Boolean(), nullable=False),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("name_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["about_id"], ["texts.id"], name=op.f("fk_group_terms_about_id_texts")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_terms_group_id_groups"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["name_id"], ["texts.id"], name=op.f("fk_group_terms_name_id_texts")),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_group_terms")),
    )
    op.create_table(
        "group_wishes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("is_agreed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_group_wishes_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["staff.id"], name=op.f("fk_group_wishes_decided_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_group_wishes_group_id_groups"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_wishes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_group_wishes_adult_id"), "group_wishes", ["adult_id"], unique=False)
    op.create_index(
        "uq_group_wishes_open",
        "group_wishes",
        ["group_id", "adult_id"],
        unique=True,
        sqlite_where=sa.text("decided_at IS NULL"),
        postgresql_where=sa.text("decided_at IS NULL"),
    )


def _feeds() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("class_id IS NULL OR staff_id IS NULL", name=op.f("ck_feeds_one_kind")),
        sa.ForeignKeyConstraint(["class_id"], ["school_classes.id"], name=op.f("fk_feeds_class_id_school_classes"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_feeds_made_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_feeds_staff_id_staff"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feeds")),
        sa.UniqueConstraint("token", name=op.f("uq_feeds_token")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("feeds")
    op.drop_table("group_wishes")
    op.drop_table("group_terms")
    op.drop_table("rsvps")
    op.drop_table("event_staff")
    op.drop_table("event_guests")
    op.drop_table("events")
