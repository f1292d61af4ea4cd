"""What was answered to a questionnaire, in figures. docs/decisions/0021-figures-name-nobody.md says what is withheld and why.

Named ones hide nothing. Of private and anonymous ones:

- answers count from the moment they are opened, shuffled, by fives (`school.responses.open_sealed`), and nothing is told of them while fewer than five are;
- how many have finished is told as it stands, of all, and of a group only where some have and some have not, and five or more were asked: see `apart`;
- an answer in their own words stands apart from the other answers of whoever gave it, in an order that says nothing; the language it was written in, and so
  what was written, is told only where five or more who read that language have finished;
- no time is told, nor can one be worked out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, distinct, false, func, or_, select, true
from sqlalchemy.orm import joinedload, selectinload

from data.people import Adult, SchoolClass
from data.questionnaires import (
    Answered,
    Privacy,
    Question,
    QuestionKind,
    Questionnaire,
    QuestionnaireState,
    Respondent,
    Response,
)
from data.texts import Reading, Text, TextTranslation, TranslationState, same_language
from school import School
from school.questionnaire_rates import Group, Rates, is_told
from school.questionnaires import SMALLEST_GROUP, merged
from school.responses import keys_of
from school.texts import STAFF_READ

__all__ = ["Bin", "Figures", "Numbers", "Person", "Results", "Said", "Withheld", "Words", "bins", "people", "results", "said"]

MOST_BINS = 8
"""How many bars a phone shows of numbers or days."""
MOST_WEEKS = 10
"""Days that lie further apart are counted by month."""


class Withheld(StrEnum):
    """Why the answers are not shown."""

    DRAFT = "draft"  # it has not been asked
    NOBODY = "nobody"  # nobody has finished
    TOO_FEW = "too_few"  # fewer than five have, so that figures would name them
    NOT_OPENED = "not_opened"  # enough have; theirs are opened together with those of others who follow


@dataclass(frozen=True)
class Bin:
    """How many answers lie from `first` to `last`, both counted in."""

    first: int | date
    last: int | date
    count: int


@dataclass(frozen=True)
class Numbers:
    """The numbers that were given: the least, the middle one (the mean of the middle two), the mean, the most."""

    least: int
    median: float
    mean: float
    most: int


@dataclass(frozen=True)
class Figures:
    """One question: how many answered it, left it out and were not asked. `counts` are by the keys of its choices, each with how many chose it.

    `numbers` and `bins` are None and empty where fewer than five answered a private or anonymous one: a least and a most are somebody's own.
    `words` is how many answered in words of their own: see `said`.
    """

    question: Question
    answered: int
    left_out: int
    not_asked: int
    counts: Mapping[str, int] = field(default_factory=dict)
    numbers: Numbers | None = None
    bins: Sequence[Bin] = ()
    by: str = ""  # 'week' or 'month', of days
    words: int = 0

    def share(self, key: str) -> float:
        """How many of those who answered chose this, 0 to 1."""
        return self.counts.get(key, 0) / self.answered if self.answered else 0.0


@dataclass(frozen=True)
class Results:
    """One questionnaire in figures. `asked` and `finished` are adults, children or families, as it asks; `finished` None where fewer than five were asked.

    `counted` sets of answers stand behind `questions`; where there are none `withheld` says why. A `by_class` or `by_language` of one group is left out.
    `told_languages` are those that may be named beside words; None: all.
    """

    questionnaire: Questionnaire
    asked: int
    finished: int | None
    by_class: Sequence[Group]
    by_language: Sequence[Group]
    counted: int
    withheld: Withheld | None
    questions: Sequence[Figures]
    class_names: Mapping[str, str]
    told_languages: Collection[str] | None = None

    @property
    def is_named(self) -> bool:
        """Whether it is known who answered what."""
        return bool(self.questionnaire.privacy == Privacy.NAMED)

    @property
    def share(self) -> float | None:
        """The response rate, 0 to 1; None where it is not told."""
        return None if self.finished is None else self.finished / self.asked if self.asked else 0.0


@dataclass(frozen=True)
class Said:
    """What someone wrote, as staff may read it. `original` and `language` are '' where it was written in English, or in a language that would name them."""

    reading: Reading
    original: str = ""
    language: str = ""


@dataclass(frozen=True)
class Words:
    """A page of answers in their own words, out of `count`.

    `hidden` more are not shown nor searched: they have no English yet, and were written in a language that would name who wrote them.
    """

    shown: Sequence[Said]
    count: int
    hidden: int


@dataclass(frozen=True)
class Person:
    """One who is asked by name, and what they have answered if they have finished: the keys that were chosen, a number, a day, words; by the question's key."""

    respondent: Respondent
    answers: Mapping[str, Sequence[Answered]]


def results(school: School, questionnaire: Questionnaire) -> Results:
    """The figures as they stand now. The caller has checked that whoever asks may see them (`school.questionnaires.find`)."""
    rate = Rates(school, questionnaire)
    counted = _counted(school, questionnaire)
    is_named = questionnaire.privacy == Privacy.NAMED
    withheld = _withheld(questionnaire, rate.everybody.finished, counted, is_named=is_named)
    return Results(
        questionnaire=questionnaire,
        asked=rate.everybody.asked,
        finished=rate.everybody.finished if is_told(questionnaire, rate.everybody.people) else None,
        by_class=rate.by("class"),
        by_language=rate.by("language"),
        counted=counted if withheld is None else 0,
        withheld=withheld,
        questions=_figures(school, questionnaire, counted, is_named=is_named) if withheld is None else (),
        class_names={str(each): name for each, name in school.session.execute(select(SchoolClass.id, SchoolClass.name))},
        told_languages=None if is_named else _languages(rate),
    )


def _withheld(questionnaire: Questionnaire, finished: int, counted: int, *, is_named: bool) -> Withheld | None:
    if questionnaire.state == QuestionnaireState.DRAFT:
        return Withheld.DRAFT
    if counted >= (1 if is_named else SMALLEST_GROUP):
        return None
    if is_named or not finished:
        return Withheld.NOBODY
    return Withheld.TOO_FEW if finished < SMALLEST_GROUP else Withheld.NOT_OPENED


# What was answered


def _counted(school: School, questionnaire: Questionnaire) -> int:
    return school.session.scalar(select(func.count()).where(Response.questionnaire_id == questionnaire.id, Response.is_finished == true())) or 0


def _finished(questionnaire: Questionnaire) -> ColumnElement[bool]:
    """Whether an answer counts. One of a set that is still being given has a tie to a person, and does not.

    Said by those that do not, of which there are few: so the answers themselves are counted out of an index.
    """
    unfinished = select(Response.id).where(Response.questionnaire_id == questionnaire.id, Response.is_finished == false())
    return Answered.response_id.not_in(unfinished)


@dataclass(frozen=True)
class _Row:
    """How many answers to one question are the same."""

    choice: str | None
    number: int | None
    on: date | None
    count: int
    texts: int


def _figures(school: School, questionnaire: Questionnaire, counted: int, *, is_named: bool) -> Sequence[Figures]:
    alike = (Answered.question_id, Answered.choice, Answered.number, Answered.on)
    ids = [question.id for question in questionnaire.questions]
    statement = select(*alike, func.count(), func.count(Answered.text_id)).where(Answered.question_id.in_(ids), _finished(questionnaire))
    found = school.session.execute(statement.group_by(*alike).order_by(*alike)).all()
    by_question = {question_id: [_Row(*row[1:]) for row in rows] for question_id, rows in groupby(found, key=lambda row: row[0])}
    several = _of_several(school, questionnaire)
    smallest = 1 if is_named else SMALLEST_GROUP
    return [_of_question(each, by_question.get(each.id, []), counted, several.get(each.id), smallest) for each in questionnaire.questions]


def _of_several(school: School, questionnaire: Questionnaire) -> Mapping[int, int]:
    """How many chose something, of whoever may choose several: their rows are more than they are."""
    ids = [question.id for question in questionnaire.questions if question.kind == QuestionKind.SEVERAL]
    if not ids:
        return {}
    chose = select(Answered.question_id, func.count(distinct(Answered.response_id))).where(Answered.question_id.in_(ids), Answered.choice.is_not(None))
    statement = chose.where(_finished(questionnaire)).group_by(Answered.question_id)
    return dict(school.session.execute(statement).all())


def _of_question(question: Question, rows: Sequence[_Row], counted: int, chose: int | None, smallest: int) -> Figures:
    given = [row for row in rows if (row.choice, row.number, row.on) != (None, None, None)]
    words = sum(row.texts for row in rows)
    empty = [row for row in rows if row not in given]
    is_text = question.kind == QuestionKind.TEXT
    answered = words if is_text else chose if chose is not None else sum(row.count for row in given)
    left_out = sum(row.count for row in empty) - (words if is_text else 0)
    chosen = {row.choice: row.count for row in given if row.choice is not None}
    counts = {key: chosen.get(key, 0) for key in keys_of(question)}
    numbers = [(row.number, row.count) for row in given if row.number is not None]
    days = [(row.on, row.count) for row in given if row.on is not None]
    shown = Figures(question, answered, left_out, counted - answered - left_out, counts, words=words)
    if answered < smallest or not (numbers or days):
        return shown
    by, spans = ("", bins(numbers)) if numbers else _days(days)
    return Figures(question, answered, left_out, shown.not_asked, counts, _numbers(numbers) if numbers else None, spans, by, words)


def _numbers(counts: Sequence[tuple[int, int]]) -> Numbers:
    """Of numbers in order, each with how often it was given."""
    total = sum(count for _, count in counts)
    middle = (_at(counts, (total - 1) // 2) + _at(counts, total // 2)) / 2
    return Numbers(counts[0][0], middle, sum(number * count for number, count in counts) / total, counts[-1][0])


def _at(counts: Sequence[tuple[int, int]], place: int) -> int:
    for number, count in counts:
        if place < count:
            return number
        place -= count
    raise IndexError(place)


def bins(counts: Sequence[tuple[int, int]]) -> Sequence[Bin]:
    """Numbers in order, with how often each was given, in at most `MOST_BINS` bins of one width: 1, 2, 5, 10 and so on; empty ones between count 0."""
    least, most = counts[0][0], counts[-1][0]
    width = next(step for power in range(20) for step in (10**power, 2 * 10**power, 5 * 10**power) if most // step - least // step < MOST_BINS)
    firsts = range(least // width * width, most + 1, width)
    return [Bin(first, first + width - 1, sum(count for number, count in counts if first <= number < first + width)) for first in firsts]


def _days(counts: Sequence[tuple[date, int]]) -> tuple[str, Sequence[Bin]]:
    """Days in order by the week that begins on Monday, or where they lie far apart by the month; those without an answer are left out."""
    is_near = (counts[-1][0] - counts[0][0]).days < MOST_WEEKS * 7
    span = _week if is_near else _month
    found = [(first, list(rows)) for first, rows in groupby(counts, key=lambda row: span(row[0]))]
    return ("week" if is_near else "month"), [Bin(first, last, sum(count for _, count in rows)) for (first, last), rows in found]


def _week(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


# In their own words


def said(school: School, shown: Results, question: Question, search: str = "", *, start: int = 0, limit: int | None = 50) -> Words:
    """Answers to a question in their own words, those in which `search` stands, in an order that says nothing."""
    if shown.withheld is not None:
        return Words((), 0, 0)
    told = shown.told_languages
    rows = select(Answered.text_id).where(Answered.question_id == question.id, Answered.text_id.is_not(None), _finished(shown.questionnaire))
    as_written = true() if told is None else or_(Text.language.in_(told), Text.language == STAFF_READ, Text.language.startswith(f"{STAFF_READ}-"))
    is_shown = or_(as_written, _english().is_not(None))
    wanted = rows.join(Text, Text.id == Answered.text_id).where(is_shown, _holds(search, as_written)) if search.strip() or told is not None else rows
    place = cast(Answered.text_id, BigInteger) * _SCATTER % _PLACES
    ids = school.session.scalars(wanted.order_by(place).offset(start).limit(limit)).all()
    found = {text.id: text for text in school.session.scalars(select(Text).where(Text.id.in_(ids)))}
    hidden = _count(school, rows.join(Text, Text.id == Answered.text_id).where(~is_shown)) if told is not None else 0
    return Words([_said(found[text_id], told) for text_id in ids if text_id is not None], _count(school, wanted), hidden)


_SCATTER, _PLACES = 2_654_435_761, 4_294_967_291
"""A text's place among others is its id times the one, modulo the other, two primes: the same each time, and not that of its coming in."""


def _count(school: School, rows: Select[Any]) -> int:
    return school.session.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _languages(rate: Rates) -> Collection[str]:
    """The languages that may be named beside an answer: five or more who read it were asked, and five or more of them have finished."""
    groups = {group.value: group for group in rate.groups("language")}
    kept = merged({value: group.people for value, group in groups.items()})
    return [value for value in kept if value and groups[value].finished >= SMALLEST_GROUP]


def _english() -> ColumnElement[str]:
    """A text's words in English; null where it was not translated."""
    translated = select(TextTranslation.words).where(TextTranslation.text_id == Text.id, TextTranslation.state == TranslationState.DONE)
    return translated.where(TextTranslation.language == STAFF_READ).limit(1).scalar_subquery()


def _holds(search: str, as_written: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether it stands in what is shown: never in what is not."""
    words = search.strip()
    if not words:
        return true()
    return or_(_english().icontains(words, autoescape=True), and_(as_written, Text.words.icontains(words, autoescape=True)))


def _said(text: Text, told: Collection[str] | None) -> Said:
    reading = text.read_in(STAFF_READ)
    if same_language(text.language, STAFF_READ) or (told is not None and text.language not in told):
        return Said(Reading(reading.words))  # that a computer translated it would tell that it was no English
    return Said(reading, text.words, text.language)


# By name


def people(school: School, questionnaire: Questionnaire, *, start: int = 0, limit: int | None = None) -> Sequence[Person]:
    """Who is asked and what they have answered, by name; nobody where it is not a named one. Unfinished answers may still change, and are not shown."""
    if questionnaire.privacy != Privacy.NAMED:
        return ()
    rows = select(Respondent).where(Respondent.questionnaire_id == questionnaire.id).join(Adult, Adult.id == Respondent.adult_id)
    rows = rows.options(joinedload(Respondent.adult), joinedload(Respondent.child)).order_by(Adult.name, Respondent.id).offset(start).limit(limit)
    respondents = school.session.scalars(rows).all()
    ids = [each.id for each in respondents]
    finished = select(Response).where(Response.respondent_id.in_(ids), Response.is_finished == true())
    loaded = finished.options(selectinload(Response.answers).joinedload(Answered.text))
    of_them = {response.respondent_id: response.answers for response in school.session.scalars(loaded)}
    keys = {question.id: question.key for question in questionnaire.questions}
    return [Person(each, _by_key(of_them.get(each.id, ()), keys)) for each in respondents]


def _by_key(answers: Sequence[Answered], keys: Mapping[int, str]) -> Mapping[str, Sequence[Answered]]:
    found: dict[str, list[Answered]] = {}
    for answer in sorted(answers, key=lambda each: each.id):
        found.setdefault(keys[answer.question_id], []).append(answer)
    return found
