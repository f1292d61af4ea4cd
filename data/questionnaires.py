"""Questionnaires: what is asked, who is asked, and what was answered, which stands apart from whoever answered unless they were told otherwise.

docs/questionnaires.md says what each `Privacy` promises, and by which of these tables it is kept.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Json, Utc
from data.events import Event
from data.kept_files import KeptFile
from data.people import Adult, Child, SchoolClass, Staff
from data.texts import Text


class Privacy(StrEnum):
    """Who can know whose an answer is."""

    NAMED = "named"  # staff see who answered what
    PRIVATE = "private"  # asked in the chat; finished answers stand apart from the person
    ANONYMOUS = "anonymous"  # asked on a page that knows nobody


class Per(StrEnum):
    """How often one adult is asked."""

    ADULT = "adult"
    CHILD = "child"  # once for each of their children
    FAMILY = "family"  # whoever of a family answers first answers for all


class QuestionnaireState(StrEnum):
    """How far a questionnaire has come."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class QuestionKind(StrEnum):
    """How a question is answered."""

    CHOICE = "choice"
    SEVERAL = "several"  # of the choices as many as fit
    SCALE = "scale"  # one of its points, each with words of its own, the lowest first
    YES_NO = "yes_no"
    NUMBER = "number"
    DATE = "date"
    TEXT = "text"


class RespondentState(StrEnum):
    """How far one who is asked has come."""

    INVITED = "invited"
    STARTED = "started"
    DECLINED = "declined"  # they do not wish to: no reminder; they may begin all the same
    FINISHED = "finished"
    COVERED = "covered"  # another of their family has answered for them


class Questionnaire(Base):
    """One questionnaire, from draft to closed; frozen from the moment it is opened.

    `audience_kind` with `audience_id` or `audience_tag` says who is asked; `closes_on` is the last day for an answer, `remind_on` the day of the one reminder.
    An evaluation is asked after `event`.
    """

    __tablename__ = "questionnaires"
    __table_args__ = (
        CheckConstraint("state <> 'open' OR closes_on IS NOT NULL", name="an_open_one_closes"),
        CheckConstraint("privacy <> 'anonymous' OR per = 'adult'", name="a_page_asks_each_adult"),
        Index("ix_questionnaires_state_closes_on", "state", "closes_on"),
    )

    id: Mapped[Id]
    title_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    opening_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    thanks_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    per: Mapped[str] = mapped_column(String(10))
    privacy: Mapped[str] = mapped_column(String(10))
    audience_kind: Mapped[str] = mapped_column(String(20))
    audience_id: Mapped[int | None]
    audience_tag: Mapped[str] = mapped_column(String(35), default="")
    state: Mapped[str] = mapped_column(String(10), default=QuestionnaireState.DRAFT)
    days: Mapped[int]
    opened_at: Mapped[Utc | None]
    closes_on: Mapped[date | None]
    remind_on: Mapped[date | None]
    closed_at: Mapped[Utc | None]
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), unique=True)
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    made_at: Mapped[Utc]
    title: Mapped[Text] = relationship(foreign_keys=[title_id], lazy="joined")
    opening: Mapped[Text | None] = relationship(foreign_keys=[opening_id], lazy="joined")
    thanks: Mapped[Text | None] = relationship(foreign_keys=[thanks_id], lazy="joined")
    event: Mapped[Event | None] = relationship()
    made_by: Mapped[Staff | None] = relationship()
    questions: Mapped[list[Question]] = relationship(back_populates="questionnaire", cascade="all, delete-orphan", order_by="Question.place")


class Question(Base):
    """One question. `scale` names shipped points of a scale; own ones are `choices`. `least` and `most` bound a number.

    It is asked only where each of the questions (by key) in `only_if` was answered by one of the choices (by key) that stand there.
    """

    __tablename__ = "questions"
    __table_args__ = (UniqueConstraint("questionnaire_id", "place"), UniqueConstraint("questionnaire_id", "key"))

    id: Mapped[Id]
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"))
    place: Mapped[int]
    key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    is_optional: Mapped[bool] = mapped_column(default=False)
    takes_other: Mapped[bool] = mapped_column(default=False)
    scale: Mapped[str | None] = mapped_column(String(20))
    least: Mapped[int | None]
    most: Mapped[int | None]
    file_id: Mapped[int | None] = mapped_column(ForeignKey("kept_files.id", ondelete="SET NULL"))
    only_if: Mapped[Json] = mapped_column(default=dict)
    questionnaire: Mapped[Questionnaire] = relationship(back_populates="questions")
    text: Mapped[Text] = relationship(lazy="joined")
    file: Mapped[KeptFile | None] = relationship()
    choices: Mapped[list[QuestionChoice]] = relationship(cascade="all, delete-orphan", order_by="QuestionChoice.place", lazy="selectin")


class QuestionChoice(Base):
    """One answer that is offered; its place, counted from 1, is its key in answers."""

    __tablename__ = "question_choices"

    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    text: Mapped[Text] = relationship(lazy="joined")

    @property
    def key(self) -> str:
        """How an answer names it."""
        return str(self.place)


class Respondent(Base):
    """That one adult is asked in the chat: about `child` where it is for each child. `household` is the same for all adults of one family.

    `words_to_forget`: they have finished, and the texts that carried their answers are still to be emptied.
    """

    __tablename__ = "respondents"
    __table_args__ = (
        UniqueConstraint("questionnaire_id", "adult_id", "about"),
        Index("ix_respondents_adult_id", "adult_id", "state"),
        Index("ix_respondents_words_to_forget", "words_to_forget"),
    )

    id: Mapped[Id]
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"))
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    about: Mapped[str] = mapped_column(String(20), default="")  # 'c12' where it is about a child: no two rows may be about the same
    child_id: Mapped[int | None] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"))
    household: Mapped[str] = mapped_column(String(20), default="")
    state: Mapped[str] = mapped_column(String(10), default=RespondentState.INVITED)
    finished_on: Mapped[date | None]
    words_to_forget: Mapped[bool] = mapped_column(default=False)
    questionnaire: Mapped[Questionnaire] = relationship()
    adult: Mapped[Adult] = relationship()
    child: Mapped[Child | None] = relationship()


class Response(Base):
    """One set of answers. While it is given, and for ever where it is `named`, it is `respondent`'s; else it is nobody's, and says no day."""

    __tablename__ = "responses"
    __table_args__ = (Index("ix_responses_questionnaire_id", "questionnaire_id", "is_finished"),)

    id: Mapped[Id]
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"))
    respondent_id: Mapped[int | None] = mapped_column(ForeignKey("respondents.id", ondelete="CASCADE"), unique=True)
    is_finished: Mapped[bool] = mapped_column(default=False)
    answers: Mapped[list[Answered]] = relationship(cascade="all, delete-orphan")


class Answered(Base):
    """One answer, or one choice of several: a question that was left out has a row with nothing in it. `text` is what they wrote, in their own words.

    The first index holds a whole answer, in the order in which they are counted: results are read out of it alone.
    """

    __tablename__ = "answers"
    __table_args__ = (
        Index("ix_answers_question_id", "question_id", "choice", "number", "on", "text_id", "response_id"),
        Index("ix_answers_response_id", "response_id"),
    )

    id: Mapped[Id]
    response_id: Mapped[int] = mapped_column(ForeignKey("responses.id", ondelete="CASCADE"))
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"))
    choice: Mapped[str | None] = mapped_column(String(10))
    number: Mapped[int | None]
    on: Mapped[date | None] = mapped_column("on")
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id", ondelete="SET NULL"))
    text: Mapped[Text | None] = relationship()


class SealedResponse(Base):
    """A finished set of answers that waits, with no tie to anybody, until enough others have come in for them to be shuffled and opened together.

    Its key is random, and the table is kept in the order of its keys: when it came in shows nowhere.
    """

    __tablename__ = "sealed_responses"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  # SQLAlchemy's own form

    token: Mapped[str] = mapped_column(String(32), primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(35))  # that their own words are in
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)


class QuestionnaireLink(Base):
    """That a page may be answered once, by whoever has the token whose SHA-256 this is. Whose link it is, is written nowhere. Gone once it was used.

    The class and language are there to count answers by, and named only where enough were asked.
    """

    __tablename__ = "questionnaire_links"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"), index=True)
    language: Mapped[str] = mapped_column(String(35))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_classes.id", ondelete="SET NULL"))
    school_class: Mapped[SchoolClass | None] = relationship()


class QuestionnaireTally(Base):
    """How many links of an anonymous questionnaire were given out, and how many were used: by class and, apart from that, by language.

    The dimension 'sent' is a bill: of messages that were forgotten, how many there were (`asked`) and as how many parts they were paid for (`answered`).
    """

    __tablename__ = "questionnaire_tallies"

    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id", ondelete="CASCADE"), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(10), primary_key=True)  # 'all', 'class' or 'language'; or 'sent'
    value: Mapped[str] = mapped_column(String(35), primary_key=True)  # a class's id, a language's tag, '' for those that are not named; 'sms 2026-11'
    asked: Mapped[int] = mapped_column(default=0)
    answered: Mapped[int] = mapped_column(default=0)
