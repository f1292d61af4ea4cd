"""What a questionnaire asks, before it is kept: read from a file or made on a page, and looked over for what could not be answered.

Every fault names the place it stands at, so that a file can tell its line and a page its field:

    Fault(where, what)      `where` is a path, ('questions', 2, 'choices'); `what` is an English sentence for staff
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from data.questionnaires import Per, Privacy, QuestionKind
from school.audiences import EVERYONE, Audience

__all__ = ["OTHER", "SCALES", "Asked", "Fault", "Form", "Per", "Privacy", "QuestionKind", "Where", "faults", "keys"]

Where = tuple[str | int, ...]

SCALES: Mapping[str, int] = {"agree": 5, "happy": 5, "good": 5, "often": 4}
"""The shipped scales and how many points each has; how the points read stands with the catalogs."""
OTHER = "other"
"""The key of 'Other' among a question's answers."""
MOST_QUESTIONS, MOST_CHOICES, MOST_CHARACTERS, LABEL_CHARACTERS = 40, 10, 300, 60
"""What a phone can show: ten choices are Telegram's and WhatsApp's list, and a question is one text message."""
MOST_DAYS = 120
LARGEST = 999_999_999
"""The largest number that is an answer, above nought or below: it must fit where both databases keep it."""
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NEEDS_CHOICES = (QuestionKind.CHOICE, QuestionKind.SEVERAL)
_CAN_STEER = (QuestionKind.CHOICE, QuestionKind.SEVERAL, QuestionKind.SCALE, QuestionKind.YES_NO)


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where."""

    where: Where
    what: str


@dataclass(frozen=True)
class Asked:
    """One question. `scale` is one of SCALES where it has no choices of its own; `least` and `most` bound a number.

    `only_if` names answers to earlier questions, one of which must have been given: question to keys ('1' is the first choice; 'yes', 'no', 'other').
    `picture` is the id of a kept file.
    """

    key: str
    ask: str
    kind: QuestionKind
    choices: Sequence[str] = ()
    takes_other: bool = False
    scale: str | None = None
    least: int | None = None
    most: int | None = None
    is_optional: bool = False
    only_if: Mapping[str, Sequence[str]] = field(default_factory=dict)
    picture_id: int | None = None


@dataclass(frozen=True)
class Form:
    """A whole questionnaire, in the staff's language. It is open for `days`, the day of its opening being the first."""

    title: str
    questions: Sequence[Asked]
    opening: str = ""
    thanks: str = ""
    per: Per = Per.ADULT
    privacy: Privacy = Privacy.PRIVATE
    audience: Audience = EVERYONE
    days: int = 14


def keys(asked: Asked) -> Sequence[str]:
    """The keys by which an answer to it names what was chosen; none where it is not chosen."""
    if asked.kind == QuestionKind.YES_NO:
        return ("yes", "no")
    count = len(asked.choices) or SCALES.get(asked.scale or "", 0)
    return (*map(str, range(1, count + 1)), *([OTHER] if asked.takes_other else []))


def faults(form: Form) -> Sequence[Fault]:
    """All that must be put right before it can be asked, in the order in which it stands."""
    return [*_of_the_whole(form), *(fault for place, asked in enumerate(form.questions) for fault in _of_question(form, place, asked))]


def _of_the_whole(form: Form) -> Iterator[Fault]:
    if not form.title.strip():
        yield Fault(("title",), "It has no title.")
    if not form.questions:
        yield Fault(("questions",), "It asks nothing: add a question.")
    if len(form.questions) > MOST_QUESTIONS:
        yield Fault(("questions",), f"It asks {len(form.questions)} questions; {MOST_QUESTIONS} are the most that a parent can be asked for.")
    if not 1 <= form.days <= MOST_DAYS:
        yield Fault(("days",), f"It must be open for 1 to {MOST_DAYS} days.")
    if form.privacy == Privacy.ANONYMOUS and form.per != Per.ADULT:
        yield Fault(("per",), "An anonymous page cannot be asked for each child or family: it does not know whose it is. Ask each adult.")


def _of_question(form: Form, place: int, asked: Asked) -> Iterator[Fault]:
    where: Where = ("questions", place)
    if not _KEY.fullmatch(asked.key):
        yield Fault((*where, "id"), f"'{asked.key}' is no id: small letters, digits and _, beginning with a letter, at most 40.")
    if any(other.key == asked.key for other in form.questions[:place]):
        yield Fault((*where, "id"), f"Two questions have the id '{asked.key}'.")
    if not asked.ask.strip():
        yield Fault((*where, "ask"), "The question has no words.")
    if len(asked.ask) > MOST_CHARACTERS:
        yield Fault((*where, "ask"), f"The question has {len(asked.ask)} characters; more than {MOST_CHARACTERS} are too many for a text message.")
    yield from (Fault((*where, *part), what) for part, what in _of_answers(asked))
    yield from (Fault((*where, "only_if"), what) for what in _of_condition(form.questions[:place], asked))


def _of_answers(asked: Asked) -> Iterator[tuple[Where, str]]:
    count, may_choose = len(asked.choices), asked.kind in _NEEDS_CHOICES
    yield from _of_choices(asked)
    if asked.kind == QuestionKind.SCALE and not (count >= 2 if count else asked.scale in SCALES):
        yield ("points",), f"A scale has two or more points of its own, or is one of {', '.join(SCALES)}."
    if count and asked.kind not in (*_NEEDS_CHOICES, QuestionKind.SCALE):
        yield ("choices",), f"A question of kind '{asked.kind}' has no choices."
    if asked.takes_other and not may_choose:
        yield ("other",), "Only a question with choices can have 'Other'."
    yield from _of_bounds(asked)


def _of_choices(asked: Asked) -> Iterator[tuple[Where, str]]:
    count = len(asked.choices)
    if asked.kind in _NEEDS_CHOICES and count < 2:
        yield ("choices",), "A question with choices needs two or more."
    if count + asked.takes_other > MOST_CHOICES:
        yield ("choices",), f"It has {count + asked.takes_other} choices; a phone shows {MOST_CHOICES} at most."
    for place, choice in enumerate(asked.choices):
        if not choice.strip() or len(choice) > LABEL_CHARACTERS:
            yield ("choices", place), f"A choice has 1 to {LABEL_CHARACTERS} characters."
        elif choice.casefold() in {other.casefold() for other in asked.choices[:place]}:
            yield ("choices", place), f"'{choice}' stands there twice."


def _of_bounds(asked: Asked) -> Iterator[tuple[Where, str]]:
    if (asked.least is not None or asked.most is not None) and asked.kind != QuestionKind.NUMBER:
        yield ("least" if asked.least is not None else "most",), "Only a number has a least and a most."
    for name, bound in (("least", asked.least), ("most", asked.most)):
        if bound is not None and abs(bound) > LARGEST:
            yield (name,), f"A number goes up to {LARGEST:,} here."
    if asked.least is not None and asked.most is not None and asked.least > asked.most:
        yield ("most",), f"The most, {asked.most}, is less than the least, {asked.least}."


def _of_condition(before: Sequence[Asked], asked: Asked) -> Iterator[str]:
    by_key = {other.key: other for other in before}
    for key, wanted in asked.only_if.items():
        other = by_key.get(key)
        if other is None:
            yield f"It hangs on '{key}', which is no earlier question."
        elif other.kind not in _CAN_STEER:
            yield f"It hangs on '{key}', whose answers are not chosen from a list."
        elif not wanted:
            yield f"It hangs on '{key}', but on no answer of it."
        elif unknown := [each for each in wanted if each not in keys(other)]:
            yield f"'{unknown[0]}' is no answer to '{key}'."
