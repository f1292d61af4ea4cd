"""Questionnaires, who is asked, and what was answered; what a message is about whose words are to be forgotten; whether guests are asked afterwards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.base import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _questionnaires()
    _questions()
    _who_answers()
    _nobodys()
    op.add_column("events", sa.Column("asks_after", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("inbox", sa.Column("topic", sa.String(length=40), nullable=True))
    op.create_index(
        "ix_inbox_topic", "inbox", ["topic"], unique=False, sqlite_where=sa.text("topic IS NOT NULL"), postgresql_where=sa.text("topic IS NOT NULL")
    )
    op.add_column("outbox", sa.Column("topic", sa.String(length=40), nullable=True))
    op.create_index(
        "ix_outbox_topic", "outbox", ["topic"], unique=False, sqlite_where=sa.text("topic IS NOT NULL"), postgresql_where=sa.text("topic IS NOT NULL")
    )


def _questionnaires() -> None:
    op.create_table(
        "questionnaires",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("opening_id", sa.Integer(), nullable=True),
        sa.Column("thanks_id", sa.Integer(), nullable=True),
        sa.Column("per", sa.String(length=10), nullable=False),
        sa.Column("privacy", sa.String(length=10), nullable=False),
        sa.Column("audience_kind", sa.String(length=20), nullable=False),
        sa.Column("audience_id", sa.Integer(), nullable=True),
        sa.Column("audience_tag", sa.String(length=35), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column("remind_on", sa.Date(), nullable=True),
        sa.Column("closed_at", UtcDateTime(timezone=True), nullable=True),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", UtcDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("privacy <> 'anonymous' OR per = 'adult'", name=op.f("ck_questionnaires_a_page_asks_each_adult")),
        sa.CheckConstraint("state <> 'open' OR closes_on IS NOT NULL", name=op.f("ck_questionnaires_an_open_one_closes")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_questionnaires_event_id_events"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["made_by_id"], ["staff.id"], name=op.f("fk_questionnaires_made_by_id_staff"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["opening_id"], ["texts.id"], name=op.f("fk_questionnaires_opening_id_texts")),
        sa.ForeignKeyConstraint(["thanks_id"], ["texts.id"], name=op.f("fk_questionnaires_thanks_id_texts")),
        sa.ForeignKeyConstraint(["title_id"], ["texts.id"], name=op.f("fk_questionnaires_title_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaires")),
        sa.UniqueConstraint("event_id", name=op.f("uq_questionnaires_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_questionnaires_state_closes_on", "questionnaires", ["state", "closes_on"], unique=False)


def _questions() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("is_optional", sa.Boolean(), nullable=False),
        sa.Column("takes_other", sa.Boolean(), nullable=False),
        sa.Column("scale", sa.String(length=20), nullable=True),
        sa.Column("least", sa.Integer(), nullable=True),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("file_id", sa.Integer(), nullable=True),
        sa.Column("only_if", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["kept_files.id"], name=op.f("fk_questions_file_id_kept_files"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_questions_questionnaire_id_questionnaires"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_questions_text_id_texts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
        sa.UniqueConstraint("questionnaire_id", "key", name=op.f("uq_questions_questionnaire_id_key")),
        sa.UniqueConstraint("questionnaire_id", "place", name=op.f("uq_questions_questionnaire_id_place")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "question_choices",
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name=op.f("fk_question_choices_question_id_questions"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_question_choices_text_id_texts")),
        sa.PrimaryKeyConstraint("question_id", "place", name=op.f("pk_question_choices")),
    )


def _who_answers() -> None:
    op.create_table(
        "respondents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("adult_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(length=20), nullable=False),
        sa.Column("child_id", sa.Integer(), nullable=True),
        sa.Column("household", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("finished_on", sa.Date(), nullable=True),
        sa.Column("words_to_forget", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["adult_id"], ["adults.id"], name=op.f("fk_respondents_adult_id_adults"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["child_id"], ["children.id"], name=op.f("fk_respondents_child_id_children"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_respondents_questionnaire_id_questionnaires"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_respondents")),
        sa.UniqueConstraint("questionnaire_id", "adult_id", "about", name=op.f("uq_respondents_questionnaire_id_adult_id_about")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_respondents_adult_id", "respondents", ["adult_id", "state"], unique=False)
    op.create_index("ix_respondents_words_to_forget", "respondents", ["words_to_forget"], unique=False)
    op.create_table(
        "responses",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("respondent_id", sa.Integer(), nullable=True),
        sa.Column("is_finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_responses_questionnaire_id_questionnaires"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["respondent_id"], ["respondents.id"], name=op.f("fk_responses_respondent_id_respondents"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responses")),
        sa.UniqueConstraint("respondent_id", name=op.f("uq_responses_respondent_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_responses_questionnaire_id", "responses", ["questionnaire_id", "is_finished"], unique=False)
    op.create_table(
        "answers",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("choice", sa.String(length=10), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("on", sa.Date(), nullable=True),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["question_id"], ["questions.id"], name=op.f("fk_answers_question_id_questions"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["response_id"], ["responses.id"], name=op.f("fk_answers_response_id_responses"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_answers_text_id_texts"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_answers_question_id", "answers", ["question_id", "choice", "number", "on", "text_id", "response_id"], unique=False)
    op.create_index("ix_answers_response_id", "answers", ["response_id"], unique=False)


def _nobodys() -> None:
    op.create_table(
        "questionnaire_links",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["class_id"], ["school_classes.id"], name=op.f("fk_questionnaire_links_class_id_school_classes"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_questionnaire_links_questionnaire_id_questionnaires"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_questionnaire_links")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_questionnaire_links_questionnaire_id"), "questionnaire_links", ["questionnaire_id"], unique=False)
    op.create_table(
        "questionnaire_tallies",
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=35), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_questionnaire_tallies_questionnaire_id_questionnaires"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("questionnaire_id", "dimension", "value", name=op.f("pk_questionnaire_tallies")),
    )
    op.create_table(
        "sealed_responses",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_sealed_responses_questionnaire_id_questionnaires"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sealed_responses")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sealed_responses_questionnaire_id"), "sealed_responses", ["questionnaire_id"], unique=False)
