"""What was answered to a questionnaire: how many have, a chart for each question, what was written; who wrote it where that is known; all to take along."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.rendering import day
from school import questionnaire_results, questionnaire_sheet, questionnaires
from school.access import Power
from school.errors import NotThere
from school.questionnaire_results import Bin, Figures, Person, Results
from school.questionnaires import Per, Privacy, Question, QuestionKind, Questionnaire, QuestionnaireState
from school.responses import RespondentState
from school.sheets import as_csv
from translations import scales

page = Page("questionnaires", powers=frozenset({Power.BROADCASTS}))

FIRST_WORDS, WORDS, PEOPLE = 10, 50, 50
"""How many answers in their own words stand beside the charts, and on a page of their own; how many people on one page."""
LONGEST_SEARCH = 100
LABEL = 44
"""Characters of an answer that a chart has room for; the table beside it has them all."""
STATES: Mapping[str, tuple[str, str]] = {
    QuestionnaireState.DRAFT: ("draft", "wait"),
    QuestionnaireState.OPEN: ("open", "good"),
    QuestionnaireState.CLOSED: ("closed", ""),
}
STANDS: Mapping[str, tuple[str, str]] = {
    RespondentState.INVITED: ("not begun", "wait"),
    RespondentState.STARTED: ("under way", "wait"),
    RespondentState.DECLINED: ("does not wish to", ""),
    RespondentState.FINISHED: ("finished", "good"),
    RespondentState.COVERED: ("answered by another of the family", ""),
}
"""How far one who is asked has come, in plain words."""
UNITS: Mapping[str, str] = {Per.ADULT: "adults", Per.FAMILY: "families", Per.CHILD: "sets of questions, one for each adult about each child,"}
KINDS: Mapping[str, str] = {
    QuestionKind.CHOICE: "one answer",
    QuestionKind.SEVERAL: "as many answers as fit: shares add up to more than 100%",
    QuestionKind.SCALE: "a scale",
    QuestionKind.YES_NO: "yes or no",
    QuestionKind.NUMBER: "a number",
    QuestionKind.DATE: "a day",
    QuestionKind.TEXT: "own words",
}


@dataclass(frozen=True)
class Bar:
    """One bar of a chart, and one line of the table beside it. `share` is of those who answered, 0 to 1; `wide` of the longest bar."""

    label: str
    count: int
    share: float
    wide: float

    @property
    def short(self) -> str:
        """What fits above the bar."""
        return self.label if len(self.label) <= LABEL else f"{self.label[: LABEL - 1]}…"


@dataclass(frozen=True)
class Shown:
    """One question on the page: its figures, its bars, and the first of what was said in words."""

    figures: Figures
    bars: Sequence[Bar]
    words: questionnaire_results.Words | None


@page.get("/{questionnaire_id:int}/results")
def show(desk: Desk, questionnaire_id: int) -> Response:
    """All of it on one page. `q` is looked for in what was said in words."""
    questionnaire, told = _told(desk, questionnaire_id)
    search, start = desk.query.text("q", LONGEST_SEARCH), desk.query.number("from") or 0
    people = questionnaire_results.people(desk.school, questionnaire, start=start, limit=PEOPLE + 1)
    return desk.render(
        "questionnaires/results.html",
        block="live",
        questionnaire=questionnaire,
        told=told,
        questions=[_shown(desk, told, each, search) for each in told.questions],
        why=questionnaire_sheet.WHY[told.withheld] if told.withheld is not None else "",
        people=[(each, _answers(each, questionnaire)) for each in people[:PEOPLE]],
        start=start,
        more=start + PEOPLE if len(people) > PEOPLE else None,
        q=search,
        is_private=questionnaire.privacy in (Privacy.PRIVATE, Privacy.ANONYMOUS),
        STATES=STATES,
        STANDS=STANDS,
        UNITS=UNITS,
        KINDS=KINDS,
        percent=lambda share: f"{share:.0%}",
    )


@page.get("/{questionnaire_id:int}/results/{question_id:int}")
def show_words(desk: Desk, questionnaire_id: int, question_id: int) -> Response:
    """All that was said in words to one question, page by page."""
    questionnaire, told = _told(desk, questionnaire_id)
    question = next((each for each in questionnaire.questions if each.id == question_id), None)
    if question is None or not (question.kind == QuestionKind.TEXT or question.takes_other):
        raise NotThere
    search, start = desk.query.text("q", LONGEST_SEARCH), desk.query.number("from") or 0
    words = questionnaire_results.said(desk.school, told, question, search, start=start, limit=WORDS)
    return desk.render(
        "questionnaires/words.html", questionnaire=questionnaire, question=question, words=words, told=told, q=search, start=start, each_page=WORDS
    )


@page.get("/{questionnaire_id:int}/results.csv")
def as_sheet(desk: Desk, questionnaire_id: int) -> Response:
    """The results for a spreadsheet. That they were taken is in the audit."""
    _, told = _told(desk, questionnaire_id)
    desk.saw("questionnaire", questionnaire_id)
    sheet = as_csv(questionnaire_sheet.rows(desk.school, told, scales.in_english))
    return _file(sheet, "text/csv", f"questionnaire-{questionnaire_id}.csv")


@page.get("/{questionnaire_id:int}/results.json")
def as_json(desk: Desk, questionnaire_id: int) -> Response:
    """The results for a program. That they were taken is in the audit."""
    _, told = _told(desk, questionnaire_id)
    desk.saw("questionnaire", questionnaire_id)
    written = json.dumps(questionnaire_sheet.plain(desk.school, told, scales.in_english), ensure_ascii=False, indent=2)
    return _file(written, "application/json", f"questionnaire-{questionnaire_id}.json")


def _file(content: str, media_type: str, name: str) -> Response:
    return Response(content, media_type=f"{media_type}; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _told(desk: Desk, questionnaire_id: int) -> tuple[Questionnaire, Results]:
    """The results, and that they were looked at where they are somebody's."""
    questionnaire = questionnaires.find(desk.school, desk.viewer, questionnaire_id)
    told = questionnaire_results.results(desk.school, questionnaire)
    if told.is_named:
        desk.saw("questionnaire", questionnaire_id)
    return questionnaire, told


def _shown(desk: Desk, told: Results, figures: Figures, search: str) -> Shown:
    words = questionnaire_results.said(desk.school, told, figures.question, search, limit=FIRST_WORDS) if figures.words else None
    return Shown(figures, _bars(figures), words)


def _bars(figures: Figures) -> Sequence[Bar]:
    names = scales.in_english(figures.question)
    labelled = [(names.get(key, key), count) for key, count in figures.counts.items()] or [(_span(each, figures.by), each.count) for each in figures.bins]
    most = max((count for _, count in labelled), default=0) or 1
    return [Bar(label, count, count / figures.answered if figures.answered else 0.0, round(count / most, 4)) for label, count in labelled]


def _span(each: Bin, by: str) -> str:
    """'7', '10 to 19', 'week of Mon 2 March 2026', 'March 2026'."""
    if not isinstance(each.first, date):
        return questionnaire_sheet.span(each)
    return f"week of {day(each.first)} {each.first.year}" if by == "week" else f"{each.first:%B %Y}"


def _answers(person: Person, questionnaire: Questionnaire) -> Sequence[tuple[Question, str]]:
    """What one answered, question by question; nothing where they have not finished."""
    written = ((each, person.answers.get(each.key, ())) for each in questionnaire.questions)
    return [(each, "; ".join(map(str, questionnaire_sheet.cells(given, scales.in_english(each)))) or "left out") for each, given in written if given]
