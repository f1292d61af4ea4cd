"""Questionnaires: made, looked over, opened, closed. Once one is open nothing of it changes. What is answered: `school.responses`.

Its own refusals:

    Refusal
    ├── NotReady        it cannot be asked as it stands; `faults` say why
    ├── NobodyToAsk     there is nobody in the audience who may be asked
    └── NotNow          it has come too far, or not far enough, for that
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import selectinload

from data.kept_files import KeptFile
from data.outbox import Lane
from data.people import Adult, Child, Guardianship
from data.questionnaires import (
    Per,
    Privacy,
    Question,
    QuestionChoice,
    QuestionKind,
    Questionnaire,
    QuestionnaireState,
    QuestionnaireTally,
    Respondent,
    RespondentState,
)
from school import School, audiences, texts
from school.access import Power, Viewer
from school.audiences import Audience, AudienceKind
from school.calendar import end_of_quiet
from school.errors import NotThere, Refusal
from school.notices import tell, withdraw
from school.questionnaire_form import MOST_DAYS, OTHER, Asked, Fault, Form, faults

__all__ = [
    "OTHER",
    "Adult",
    "Form",
    "NobodyToAsk",
    "NotNow",
    "NotReady",
    "Per",
    "Privacy",
    "Question",
    "QuestionKind",
    "Questionnaire",
    "QuestionnaireState",
    "all_texts",
    "asked_of",
    "audience_of",
    "change",
    "class_of",
    "close",
    "copy",
    "day_of_reminder",
    "discard",
    "find",
    "form_of",
    "get",
    "hold",
    "is_open",
    "listing",
    "make",
    "mark",
    "most_texts",
    "newest",
    "open_up",
    "to_ask",
]

INVITATION, REMINDER = "questionnaire", "questionnaire_reminder"
"""Kinds of notices about one."""
SMALLEST_GROUP = 5
"""Fewer than so many are never told apart: of them, figures would name people."""


@dataclass(eq=False)
class NotReady(Refusal):
    """It cannot be asked as it stands."""

    faults: Sequence[Fault]


class NobodyToAsk(Refusal):
    """There is nobody in the audience who may be asked."""


@dataclass(eq=False)
class NotNow(Refusal):
    """It has come too far, or not far enough, for that."""

    state: str


# Making it


def make(school: School, who: Viewer | None, form: Form, *, event_id: int | None = None) -> Questionnaire:
    """A draft; it may have faults still. `who` is None for the command line. Refuses with NotThere (who may not ask many)."""
    _check_power(who)
    made = Questionnaire(made_at=school.now, made_by_id=who.staff.id if who else None, event_id=event_id)
    _put(school, made, form)
    return made


def change(school: School, who: Viewer | None, questionnaire: Questionnaire, form: Form) -> None:
    """Let a draft be this from now on. Refuses with NotThere, and with NotNow once it is open."""
    _check_power(who)
    _in_state(questionnaire, QuestionnaireState.DRAFT)
    _put(school, questionnaire, form)


def copy(school: School, who: Viewer | None, questionnaire: Questionnaire) -> Questionnaire:
    """A draft that asks the same, with pictures of its own. Refuses with NotThere."""
    form = form_of(questionnaire)
    pictures = {question.key: _copied(school, question.file) for question in questionnaire.questions if question.file is not None}
    return make(school, who, replace(form, questions=[replace(asked, picture_id=pictures.get(asked.key)) for asked in form.questions]))


def _copied(school: School, file: KeptFile) -> int:
    made = KeptFile(media_type=file.media_type, name=file.name, size=file.size, content=file.content, thumbnail=file.thumbnail, made_at=school.now)
    school.session.add(made)
    school.session.flush()
    return made.id


def mark(questionnaire: Questionnaire) -> str:
    """A word that is another one once anything of it was changed: whoever changes or opens what they saw some time ago is told so."""
    return hashlib.sha256(repr((form_of(questionnaire), str(questionnaire.state))).encode()).hexdigest()[:16]


def discard(school: School, who: Viewer | None, questionnaire: Questionnaire) -> None:
    """Throw a draft away. Refuses with NotThere or NotNow."""
    _check_power(who)
    _in_state(questionnaire, QuestionnaireState.DRAFT)
    remove(school, questionnaire)


def _put(school: School, questionnaire: Questionnaire, form: Form) -> None:
    """What stays as it was keeps its translations; a picture that is shown no more is kept no more."""
    old, pictures = all_texts(questionnaire), [question.file for question in questionnaire.questions if question.file is not None]
    pool = _Pool(school, old)
    questionnaire.per, questionnaire.privacy, questionnaire.days = form.per, form.privacy, form.days
    audience = form.audience
    questionnaire.audience_kind, questionnaire.audience_id, questionnaire.audience_tag = audience.kind, audience.about_id, audience.tag
    questionnaire.title = pool.take(form.title)
    questionnaire.opening = pool.take(form.opening) if form.opening.strip() else None
    questionnaire.thanks = pool.take(form.thanks) if form.thanks.strip() else None
    made = [_question(school, pool, place, asked) for place, asked in enumerate(form.questions, start=1)]
    questionnaire.questions = []
    school.session.add(questionnaire)
    school.session.flush()  # their places are free before others take them
    questionnaire.questions = made
    school.session.flush()
    shown = [question.file for question in made]
    for gone in (*(text for text in old if text not in pool.taken), *(picture for picture in pictures if picture not in shown)):
        school.session.delete(gone)
    school.session.flush()


class _Pool:
    """Texts to take words from: one that reads the same is used again, each once."""

    def __init__(self, school: School, kept: Iterable[texts.Text]) -> None:
        self._school, self._left = school, list(kept)
        self.taken: list[texts.Text] = []

    def take(self, words: str) -> texts.Text:
        found = next((text for text in self._left if text.words == words), None)
        if found is not None:
            self._left.remove(found)
        self.taken.append(found or texts.write(self._school, words, texts.STAFF_READ))
        return self.taken[-1]


def _question(school: School, pool: _Pool, place: int, asked: Asked) -> Question:
    made = Question(place=place, key=asked.key, kind=asked.kind, text=pool.take(asked.ask), is_optional=asked.is_optional, takes_other=asked.takes_other)
    made.scale, made.least, made.most = (None if asked.choices else asked.scale), asked.least, asked.most
    made.only_if = {key: list(wanted) for key, wanted in asked.only_if.items()}
    made.file = school.session.get(KeptFile, asked.picture_id) if asked.picture_id is not None else None
    made.choices = [QuestionChoice(place=number, text=pool.take(words)) for number, words in enumerate(asked.choices, start=1)]
    return made


def all_texts(questionnaire: Questionnaire) -> list[texts.Text]:
    """Every text of it, the questions and choices in their order."""
    whole = [text for text in (questionnaire.title, questionnaire.opening, questionnaire.thanks) if text is not None]
    return [*whole, *(text for question in questionnaire.questions for text in (question.text, *(choice.text for choice in question.choices)))]


def form_of(questionnaire: Questionnaire) -> Form:
    """The questionnaire as a form, as `make` takes it: to be looked over, changed, or made once more."""
    return Form(
        title=questionnaire.title.words,
        opening=questionnaire.opening.words if questionnaire.opening else "",
        thanks=questionnaire.thanks.words if questionnaire.thanks else "",
        per=Per(questionnaire.per),
        privacy=Privacy(questionnaire.privacy),
        audience=audience_of(questionnaire),
        days=questionnaire.days,
        questions=[_asked(question) for question in questionnaire.questions],
    )


def _asked(question: Question) -> Asked:
    return Asked(
        key=question.key,
        ask=question.text.words,
        kind=QuestionKind(question.kind),
        choices=tuple(choice.text.words for choice in question.choices),
        takes_other=question.takes_other,
        scale=question.scale,
        least=question.least,
        most=question.most,
        is_optional=question.is_optional,
        only_if=question.only_if,
        picture_id=question.file_id,
    )


def audience_of(questionnaire: Questionnaire) -> Audience:
    """Who is asked."""
    return Audience(AudienceKind(questionnaire.audience_kind), questionnaire.audience_id, questionnaire.audience_tag)


# Finding it


def get(school: School, questionnaire_id: int) -> Questionnaire | None:
    """The questionnaire with this id; None if it is gone."""
    return school.session.get(Questionnaire, questionnaire_id)


def find(school: School, who: Viewer, questionnaire_id: int) -> Questionnaire:
    """The questionnaire with this id. Refuses with NotThere."""
    _check_power(who)
    found = get(school, questionnaire_id)
    if found is None:
        raise NotThere
    return found


def hold(school: School, who: Viewer, questionnaire_id: int) -> Questionnaire:
    """The same, as it is now; nobody else changes it until the transaction ends. Refuses with NotThere."""
    found = find(school, who, questionnaire_id)
    school.session.refresh(found, with_for_update={"of": Questionnaire})
    return found


def listing(school: School, who: Viewer, limit: int = 100) -> Sequence[Questionnaire]:
    """The newest first. Refuses with NotThere."""
    _check_power(who)
    return newest(school, limit)


def newest(school: School, limit: int = 100) -> Sequence[Questionnaire]:
    """The same, for the command line."""
    return school.session.scalars(select(Questionnaire).order_by(Questionnaire.id.desc()).limit(limit)).all()


def is_open(school: School, questionnaire: Questionnaire) -> bool:
    """Whether an answer is taken today."""
    return questionnaire.state == QuestionnaireState.OPEN and questionnaire.closes_on is not None and school.today <= questionnaire.closes_on


def most_texts(questionnaire: Questionnaire) -> int:
    """How many texts a parent sends at most to answer it all: one for each question, and one more for words to 'Other'."""
    return sum(1 + question.takes_other for question in questionnaire.questions)


# Asking it


def to_ask(school: School, questionnaire: Questionnaire) -> Sequence[Adult]:
    """The adults who would be asked today, each once, ordered by id: those of its audience who may be asked about a child who is here."""
    asked = select(Adult).where(asked_of(school, audience_of(questionnaire))).order_by(Adult.id)
    return school.session.scalars(asked.options(selectinload(Adult.guardianships).joinedload(Guardianship.child))).all()


def asked_of(school: School, audience: Audience) -> ColumnElement[bool]:
    """The same for any audience, as a condition on Adult."""
    may = exists().where(Guardianship.adult_id == Adult.id, Guardianship.child_id == Child.id, Guardianship.may_be_asked, Child.left_on.is_(None))
    return audiences.members(school, audience) & may


def open_up(school: School, who: Viewer | None, questionnaire: Questionnaire, closes_on: date | None = None) -> int:
    """Ask it from now on, until `closes_on` (as many days as it says); how many adults are asked. From here on it is frozen.

    They are told after quiet hours. Refuses with NotThere, NotNow (it is no draft), NotReady or NobodyToAsk.
    """
    _check_power(who)
    _in_state(questionnaire, QuestionnaireState.DRAFT)
    last = closes_on or school.today + timedelta(days=questionnaire.days - 1)
    found = [*faults(form_of(questionnaire)), *_wrong_day(school.today, last)]
    if found:
        raise NotReady(found)
    asked = to_ask(school, questionnaire)
    if not asked:
        raise NobodyToAsk
    questionnaire.state, questionnaire.opened_at, questionnaire.closes_on = QuestionnaireState.OPEN, school.now, last
    questionnaire.remind_on = day_of_reminder(school.today, last)
    for text in all_texts(questionnaire):
        texts.want(text, {adult.language for adult in asked})
    if questionnaire.privacy == Privacy.ANONYMOUS:
        _count(school, questionnaire, asked)
    else:
        _add_respondents(school, questionnaire, asked)
    _tell(school, questionnaire, INVITATION, asked)
    school.session.flush()
    return len(asked)


def _wrong_day(first: date, last: date) -> Iterable[Fault]:
    if last < first:
        yield Fault(("days",), "It would close before it opens.")
    elif (last - first).days >= MOST_DAYS:
        yield Fault(("days",), f"It must be open for 1 to {MOST_DAYS} days.")


def day_of_reminder(first: date, last: date) -> date | None:
    """When those who have not answered are reminded of what is open from `first` to `last`: past the middle, and with a day to spare.

    Never of what is open for three days or fewer.
    """
    days = (last - first).days
    return last - timedelta(days=max(days // 3, 1)) if days >= 3 else None


def _tell(school: School, questionnaire: Questionnaire, kind: str, adults: Iterable[Adult]) -> None:
    for adult in adults:
        key = _key(questionnaire, kind, adult.id)
        until = end_of_quiet(school, school.now)
        tell(school, adult, kind, {"questionnaire": questionnaire.id}, key=key, not_before=until, lane=Lane.BROADCAST, must_arrive=False)


def _key(questionnaire: Questionnaire, kind: str, adult_id: int | str = "") -> str:
    return f"{kind}:{questionnaire.id}:{adult_id}"


def _add_respondents(school: School, questionnaire: Questionnaire, adults: Sequence[Adult]) -> None:
    households = _households(adults) if questionnaire.per == Per.FAMILY else {}
    for adult in adults:
        about: Sequence[Child | None] = _children(school, questionnaire, adult) if questionnaire.per == Per.CHILD else [None]
        for child in about:
            school.session.add(
                Respondent(
                    questionnaire_id=questionnaire.id,
                    adult_id=adult.id,
                    child_id=child.id if child else None,
                    about=f"c{child.id}" if child else "",
                    household=households.get(adult.id, ""),
                )
            )


def _children(school: School, questionnaire: Questionnaire, adult: Adult) -> Sequence[Child]:
    """The children about whom this adult is asked: of a class's questionnaire those of that class."""
    here = [row.child for row in adult.guardianships if row.may_be_asked and row.child.left_on is None]
    wanted = questionnaire.audience_id if questionnaire.audience_kind == AudienceKind.CLASS else None
    return sorted((child for child in here if wanted in (None, child.class_id)), key=lambda child: (child.name, child.id))


def _households(adults: Sequence[Adult]) -> Mapping[int, str]:
    """The family of each adult: those who are asked about the same child are one, and so are those who are one with them."""
    first: dict[int, int] = {adult.id: adult.id for adult in adults}

    def root(adult_id: int) -> int:
        while first[adult_id] != adult_id:
            adult_id = first[adult_id]
        return adult_id

    by_child: dict[int, int] = {}
    for adult in adults:
        for row in adult.guardianships:
            if row.may_be_asked and row.child.left_on is None:
                one, other = root(by_child.setdefault(row.child_id, adult.id)), root(adult.id)
                first[max(one, other)] = min(one, other)
    return {adult.id: f"f{root(adult.id)}" for adult in adults}


def _count(school: School, questionnaire: Questionnaire, adults: Sequence[Adult]) -> None:
    """Write down how many are asked, in groups that are large enough to be told apart."""
    for dimension, group_of in (("all", _everybody), ("class", class_of), ("language", _language_of)):
        for value, count in merged(_sizes(group_of(adult) for adult in adults)).items():
            school.session.add(QuestionnaireTally(questionnaire_id=questionnaire.id, dimension=dimension, value=value, asked=count))


def _everybody(adult: Adult) -> str:
    return ""


def _language_of(adult: Adult) -> str:
    return adult.language


def class_of(adult: Adult) -> str:
    """The class of their only child at school, or of all; '' where they have children in several."""
    classes = {row.child.class_id for row in adult.guardianships if row.may_be_asked and row.child.left_on is None}
    return str(classes.pop()) if len(classes) == 1 else ""


def _sizes(values: Iterable[str]) -> Mapping[str, int]:
    sizes: dict[str, int] = {}
    for value in values:
        sizes[value] = sizes.get(value, 0) + 1
    return sizes


def merged(sizes: Mapping[str, int], smallest: int = SMALLEST_GROUP) -> Mapping[str, int]:
    """Groups by value, the small ones together under ''; the next larger go there too until those are enough, so that nobody is worked out from the rest."""
    together, kept = sizes.get("", 0), {value: size for value, size in sizes.items() if value}
    for value in sorted(kept, key=lambda value: (kept[value], value)):
        if kept[value] < smallest or 0 < together < smallest:
            together += kept.pop(value)
    return kept | ({"": together} if together else {})


# Ending it


def close(school: School, who: Viewer | None, questionnaire: Questionnaire) -> None:
    """Take no more answers. Who was not told yet is not told any more. Refuses with NotThere or NotNow (it is not open)."""
    _check_power(who)
    _in_state(questionnaire, QuestionnaireState.OPEN)
    close_down(school, questionnaire)


def close_down(school: School, questionnaire: Questionnaire) -> None:
    """The same, when its day has come."""
    questionnaire.state, questionnaire.closed_at = QuestionnaireState.CLOSED, school.now
    for kind in (INVITATION, REMINDER):
        withdraw(school, _key(questionnaire, kind))


def remind(school: School, questionnaire: Questionnaire) -> None:
    """Remind those who have not answered and have not said that they will not, once. Where nobody knows who has answered, all are told where it is."""
    questionnaire.remind_on = None
    if questionnaire.privacy == Privacy.ANONYMOUS:
        _tell(school, questionnaire, REMINDER, to_ask(school, questionnaire))
        return
    waiting = select(Respondent.adult_id).where(
        Respondent.questionnaire_id == questionnaire.id, Respondent.state.in_((RespondentState.INVITED, RespondentState.STARTED))
    )
    _tell(school, questionnaire, REMINDER, school.session.scalars(select(Adult).where(Adult.id.in_(waiting), Adult.left_on.is_(None)).order_by(Adult.id)))


def remove(school: School, questionnaire: Questionnaire) -> None:
    """Remove it with all that was answered."""
    written, pictures = all_texts(questionnaire), [question.file for question in questionnaire.questions if question.file is not None]
    school.session.delete(questionnaire)
    school.session.flush()
    for gone in (*written, *pictures):
        school.session.delete(gone)
    school.session.flush()


def _in_state(questionnaire: Questionnaire, *states: QuestionnaireState) -> None:
    if questionnaire.state not in states:
        raise NotNow(questionnaire.state)


def _check_power(who: Viewer | None) -> None:
    if who is not None and not who.may(Power.BROADCASTS):
        raise NotThere
