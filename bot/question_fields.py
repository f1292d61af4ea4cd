"""The fields of an anonymous questionnaire's page as they are drawn: in the reader's words, with what they typed, and what was wrong with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.question_form import CHOSEN, Typed, words_field
from data.questionnaires import Question, QuestionKind, Questionnaire
from data.texts import Text
from school.file_kinds import PICTURES
from school.questionnaire_form import OTHER
from school.responses import LONGEST, NoAnswer, Why
from translations import Phrase, _, direction, scales, spoken, written

# Translators: under a question on a web page: it need not be answered.
MAY_BE_LEFT_OUT = _("You can leave this out.")
# Translators: under a question on a web page with several answers to tick.
SEVERAL_FIT = _("You can choose more than one.")
# Translators: on a web page, at a question without an answer.
NOTHING_ANSWERED = _("Please answer this question.")
# Translators: on a web page, at an answer in own words. {most} is a number.
SHORTER = _("Please write this shorter: at most {most} characters.")
# Translators: above a question on a web page. {answers} are answers to an earlier question, {number} is that question's number.
ONLY_IF = _("Only if you answered question {number} with: {answers}")
LIKE_A_NUMBER = _("Please answer with a number.")
LIKE_A_DAY = _("Please answer with a day, such as 3 March.")
SAY_WHAT = _("Please say what.")


@dataclass(frozen=True)
class Said:
    """Words, with the language and direction they are in."""

    words: str
    language: str
    side: str


@dataclass(frozen=True)
class Choice:
    """One answer to tick."""

    id: str
    key: str
    label: Said
    is_chosen: bool


@dataclass(frozen=True)
class Field:
    """One question as it is drawn. `first` is the id of what is filled in first, `about` the ids of what is said about it."""

    id: str
    name: str
    number: str
    text: Said
    control: str
    choices: Sequence[Choice]
    words_name: str
    words: str
    typed: str
    only_if: str
    hint: str
    fault: str
    picture: str
    is_counted: bool

    @property
    def first(self) -> str:
        """What a fault leads to."""
        return self.choices[0].id if self.choices else f"{self.id}-is"

    @property
    def about(self) -> str:
        """What is read out with it."""
        return " ".join(f"{self.id}-{part}" for part in ("hint", "fault") if getattr(self, part))


def staffs(text: Text, language: str) -> Said:
    """What staff wrote, for a reader of `language`: translated where that was done."""
    reading = text.read_in(language)
    return _in(reading.words, text.language if reading.is_foreign else language)


def own(phrase: Phrase, language: str) -> Said:
    """One of Bookbag's own sentences."""
    return _in(phrase.render(language), spoken(language))


def fields(questionnaire: Questionnaire, language: str, answered: Mapping[str, Typed], faults: Mapping[str, NoAnswer], pictures_at: str) -> Iterator[Field]:
    """Every question, in its order. Below `pictures_at` its picture is found, by the question's key."""
    for number, question in enumerate(questionnaire.questions, start=1):
        said = answered.get(question.key, Typed())
        refused = faults.get(question.key)
        fault = _fault(question, said, refused.why).render(language) if refused is not None else ""
        hint = _hint(question, language)
        has_picture = question.file is not None and question.file.media_type in PICTURES
        yield Field(
            id=html_id(question.key),
            name=question.key,
            number=written(number, spoken(language)),
            text=staffs(question.text, language),
            control=_control(question),
            choices=_choices(question, language, said),
            words_name=words_field(question) if question.takes_other else "",
            words=said.words,
            typed=said.text,
            only_if=_only_if(questionnaire, question, language),
            hint=hint if hint != fault else "",
            fault=fault,
            picture=f"{pictures_at}/{question.key}" if has_picture else "",
            is_counted=question.least is not None and question.least >= 0,
        )


def html_id(key: str, choice: str = "") -> str:
    """The id of a question on the page, or of one of its answers."""
    return f"q-{key}-{choice}" if choice else f"q-{key}"


def style_of(questionnaire: Questionnaire) -> str:
    """What hides a question until the answers that it hangs on are ticked. A browser that does not know `:has` shows it, with the line that says when."""
    rules = [rule for question in questionnaire.questions for rule in _shown_when(questionnaire, question)]
    rules += [f"#q-{question.key}:not(:has(#{html_id(question.key, OTHER)}:checked)) .other{{display:none}}" for question in _with_other(questionnaire)]
    return f"@supports selector(:has(*)){{.only{{display:none}}{''.join(rules)}}}" if rules else ""


def _with_other(questionnaire: Questionnaire) -> Iterator[Question]:
    return (question for question in questionnaire.questions if question.takes_other)


def _shown_when(questionnaire: Questionnaire, question: Question) -> Iterator[str]:
    """Hidden where one of its conditions, or of those it hangs on, is not met."""
    for key, wanted in _conditions(questionnaire, question).items():
        ticked = ",".join(f"#{html_id(key, choice)}:checked" for choice in wanted)
        yield f"form:not(:has({ticked})) #{html_id(question.key)}{{display:none}}"


def _conditions(questionnaire: Questionnaire, question: Question) -> Mapping[str, Sequence[str]]:
    by_key = {each.key: each for each in questionnaire.questions}
    found: dict[str, Sequence[str]] = {}
    for key, wanted in question.only_if.items():
        found |= _conditions(questionnaire, by_key[key])
        earlier = set(found.get(key, ()) or wanted)
        found[key] = [choice for choice in wanted if choice in earlier]
    return found


def _in(words: str, language: str) -> Said:
    return Said(words, language, "rtl" if direction.is_right_to_left(language) else "ltr")


def _control(question: Question) -> str:
    if question.kind in CHOSEN:
        return "checkbox" if question.kind == QuestionKind.SEVERAL else "radio"
    return {QuestionKind.DATE: "date", QuestionKind.TEXT: "textarea"}.get(QuestionKind(question.kind), "text")


def _choices(question: Question, language: str, said: Typed) -> Sequence[Choice]:
    """Every answer to tick; of a question that may be left out and allows one, also the one that takes a tick back."""
    offered = _labels(question, language)
    if offered and question.is_optional and question.kind != QuestionKind.SEVERAL:
        # Translators: a choice: to leave a question out. At most 20 characters.
        offered[""] = own(_("Skip"), language)
    return [Choice(html_id(question.key, key or "none"), key, label, key in said.chosen) for key, label in offered.items()]


def _labels(question: Question, language: str) -> dict[str, Said]:
    if question.kind == QuestionKind.YES_NO:
        # Translators: a choice under a question of the school. At most 20 characters.
        return {"yes": own(_("Yes"), language), "no": own(_("No"), language)}
    if question.kind not in CHOSEN:
        return {}
    chosen = {choice.key: staffs(choice.text, language) for choice in question.choices}
    points = {str(place): own(point, language) for place, point in enumerate(scales.POINTS.get(question.scale or "", ()), start=1)}
    # Translators: a choice: none of those above. At most 20 characters.
    return (chosen or points) | ({OTHER: own(_("Something else"), language)} if question.takes_other else {})


def _only_if(questionnaire: Questionnaire, question: Question, language: str) -> str:
    lines = []
    for number, other in enumerate(questionnaire.questions, start=1):
        if other.key in question.only_if:
            labels = _labels(other, language)
            answers = tuple(labels[key].words for key in question.only_if[other.key])
            lines.append(ONLY_IF.format(number=number, answers=answers).render(language))
    return " ".join(lines)


def _hint(question: Question, language: str) -> str:
    hints = [_bounds(question)] if question.kind == QuestionKind.NUMBER else [SEVERAL_FIT] if question.kind == QuestionKind.SEVERAL else []
    if question.is_optional:
        hints.append(MAY_BE_LEFT_OUT)
    return " ".join(hint.render(language) for hint in hints)


def _bounds(question: Question) -> Phrase:
    if question.least is not None and question.most is not None:
        return _("Please send a number from {least} to {most}.").format(least=question.least, most=question.most)
    if question.least is not None:
        return _("Please send a number that is not below {least}.").format(least=question.least)
    if question.most is not None:
        return _("Please send a number that is not above {most}.").format(most=question.most)
    return LIKE_A_NUMBER


def _fault(question: Question, said: Typed, why: Why) -> Phrase:
    if question.kind == QuestionKind.NUMBER and why is not Why.NOTHING:
        return _bounds(question)
    if why is Why.MUCH:
        return SHORTER.format(most=LONGEST)
    if question.kind == QuestionKind.DATE and why is Why.UNKNOWN:
        return LIKE_A_DAY
    if OTHER in said.chosen:
        return SAY_WHAT
    return NOTHING_ANSWERED
