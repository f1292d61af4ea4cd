"""Results to take along: as a sheet, and as JSON for a script. What is withheld on the page is withheld here; nothing has a time.

`Labels` says how each answer to a question reads, by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from data.questionnaires import Answered, Privacy, Question, QuestionKind
from school import School
from school.questionnaire_rates import Group
from school.questionnaire_results import Bin, Figures, Person, Results, Withheld, people, said

__all__ = ["WHY", "cells", "plain", "rows", "span"]

Labels = Callable[[Question], Mapping[str, str]]
WHY: Mapping[Withheld, str] = {
    Withheld.DRAFT: "It has not been opened yet.",
    Withheld.NOBODY: "Nobody has answered all of it yet.",
    Withheld.TOO_FEW: "Fewer than five have answered. Their answers are not shown, because so few could be told apart.",
    Withheld.NOT_OPENED: (
        "Answers are opened five or more at a time, mixed with others, so that none can be traced. "
        "The first are shown once ten have answered, or when it closes, if five have."
    ),
}
"""Why there are no answers, in plain words."""
BY_PERSON = ("name", "child", "state")


def rows(school: School, shown: Results, labels: Labels) -> Iterator[Sequence[object]]:
    """The rows of a sheet, the first its head: of a named one a row for each who is asked, of others a row for each figure and each answer in words."""
    if shown.is_named:
        yield from _by_person(school, shown, labels)
        return
    yield ("question", "answer", "count", "share", "language", "original")
    for figures in shown.questions:
        asked = figures.question.text.words
        for what, count, share in _counted(figures, labels):
            yield asked, what, count, share, "", ""
        if figures.words:
            for each in said(school, shown, figures.question, limit=None).shown:
                yield asked, each.reading.words, "", "", each.language, each.original


def _counted(figures: Figures, labels: Labels) -> Iterator[tuple[str, object, object]]:
    names = labels(figures.question)
    for key, count in figures.counts.items():
        yield names.get(key, key), count, round(figures.share(key), 4)
    if figures.numbers is not None:
        numbers = figures.numbers
        yield from (("least", numbers.least, ""), ("median", numbers.median, ""), ("mean", round(numbers.mean, 2), ""), ("most", numbers.most, ""))
    yield from ((span(each), each.count, round(each.count / figures.answered, 4)) for each in figures.bins)
    yield from (("answered", figures.answered, ""), ("left out", figures.left_out, ""), ("not asked", figures.not_asked, ""))


def span(each: Bin) -> str:
    """'7', '10 to 19', '2026-03-02 to 2026-03-08'."""
    return str(each.first) if each.first == each.last else f"{each.first} to {each.last}"


def _by_person(school: School, shown: Results, labels: Labels) -> Iterator[Sequence[object]]:
    questions = shown.questionnaire.questions
    heads = [[question.text.words, *([f"{question.text.words} (as written)"] if _takes_words(question) else [])] for question in questions]
    yield [*BY_PERSON, *(head for each in heads for head in each)]
    for person in people(school, shown.questionnaire):
        respondent = person.respondent
        child = respondent.child.name if respondent.child else ""
        yield [respondent.adult.name, child, str(respondent.state), *(cell for question in questions for cell in _both(person, question, labels))]


def _takes_words(question: Question) -> bool:
    return question.kind == QuestionKind.TEXT or question.takes_other


def _both(person: Person, question: Question, labels: Labels) -> Iterator[object]:
    given = person.answers.get(question.key, ())
    written = cells(given, labels(question))
    yield written[0] if len(written) == 1 else "; ".join(map(str, written))
    if _takes_words(question):
        yield "; ".join(row.text.words for row in given if row.text is not None and row.text.read_in("en").words != row.text.words)


def cells(given: Sequence[Answered], names: Mapping[str, str]) -> Sequence[object]:
    """What one answered to a question: the words of what they chose, their own words in English, a number, a day. None of them: left out."""
    found: list[object] = []
    for row in given:
        words = row.text.read_in("en").words if row.text is not None else None
        chosen = names.get(row.choice, row.choice) if row.choice is not None else None
        if chosen is not None:
            found.append(f"{chosen}: {words}" if words is not None else chosen)
        else:
            found += [each for each in (words, row.number, row.on) if each is not None]
    return found


def plain(school: School, shown: Results, labels: Labels) -> Mapping[str, Any]:
    """The results as JSON has them: lists, mappings, text and numbers."""
    questionnaire = shown.questionnaire
    return {
        "id": questionnaire.id,
        "title": questionnaire.title.words,
        "state": str(questionnaire.state),
        "answers": str(questionnaire.privacy),
        "for": str(questionnaire.per),
        "asked": shown.asked,
        "finished": shown.finished,
        "by_class": [_group(each, "class", shown.class_names.get(each.value, "")) for each in shown.by_class],
        "by_language": [_group(each, "language", each.value) for each in shown.by_language],
        "counted": shown.counted,
        "withheld": str(shown.withheld) if shown.withheld is not None else None,
        "questions": [_question(school, shown, each, labels) for each in shown.questions],
        **({"people": [_person(each, labels) for each in people(school, questionnaire)]} if questionnaire.privacy == Privacy.NAMED else {}),
    }


def _group(group: Group, what: str, name: str) -> Mapping[str, object]:
    return {what: name or None, "asked": group.asked, "finished": group.finished}


def _question(school: School, shown: Results, figures: Figures, labels: Labels) -> Mapping[str, Any]:
    question, names, numbers = figures.question, labels(figures.question), figures.numbers
    words = said(school, shown, question, limit=None) if figures.words else None
    return {
        "id": question.key,
        "ask": question.text.words,
        "kind": str(question.kind),
        "answered": figures.answered,
        "left_out": figures.left_out,
        "not_asked": figures.not_asked,
        "choices": [{"answer": names.get(key, key), "count": count, "share": round(figures.share(key), 4)} for key, count in figures.counts.items()],
        "numbers": {"least": numbers.least, "median": numbers.median, "mean": round(numbers.mean, 2), "most": numbers.most} if numbers else None,
        "spans": [{"first": _written(each.first), "last": _written(each.last), "count": each.count} for each in figures.bins],
        "words": [{"words": each.reading.words, "language": each.language or None, "original": each.original or None} for each in words.shown] if words else [],
        "words_not_shown": words.hidden if words else 0,
    }


def _person(person: Person, labels: Labels) -> Mapping[str, Any]:
    respondent = person.respondent
    names = {question.key: labels(question) for question in respondent.questionnaire.questions}
    return {
        "name": respondent.adult.name,
        "child": respondent.child.name if respondent.child else None,
        "state": str(respondent.state),
        "answers": {key: [_written(cell) for cell in cells(given, names[key])] for key, given in person.answers.items()},
    }


def _written(value: object) -> object:
    return value if isinstance(value, int | str) else str(value)
