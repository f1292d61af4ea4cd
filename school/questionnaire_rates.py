"""How many of those who are asked have answered: in all, by class, by language.

docs/decisions/0021-figures-name-nobody.md says which groups are told apart and why: there is one count of them, since two would tell by their difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, case, cast, distinct, func, literal, select

from data.people import Adult, Child, Guardianship
from data.questionnaires import Per, Privacy, Questionnaire, QuestionnaireTally, Respondent, RespondentState
from school import School
from school.questionnaires import SMALLEST_GROUP, merged

__all__ = ["Group", "Rates", "apart", "is_told", "together", "totals"]

_HAVE_ANSWERED = (RespondentState.FINISHED, RespondentState.COVERED)


@dataclass(frozen=True)
class Group:
    """How many were asked and how many have finished: of one class or language, or of those together that are not told apart (`value` '').

    `people` is how many adults (or families, where one answers for all) are in it: one adult may be asked about several children.
    """

    value: str
    people: int
    asked: int
    finished: int

    @property
    def share(self) -> float:
        """The response rate, 0 to 1."""
        return self.finished / self.asked if self.asked else 0.0


def is_told(questionnaire: Questionnaire, people: int) -> bool:
    """Whether how many of so many people have finished may be told: of a few it would name them."""
    return questionnaire.privacy == Privacy.NAMED or people >= SMALLEST_GROUP


def totals(school: School, questionnaires: Collection[Questionnaire]) -> Mapping[int, Group]:
    """How many answers are asked for and were given, by the questionnaire's id: one of each adult, about each child, or of each family."""
    ids = [each.id for each in questionnaires]
    has_answered = Respondent.state.in_(_HAVE_ANSWERED)
    unit = func.coalesce(func.nullif(Respondent.household, ""), literal("r") + cast(Respondent.id, String))
    people = func.count(distinct(func.coalesce(func.nullif(Respondent.household, ""), literal("a") + cast(Respondent.adult_id, String))))
    counted = select(Respondent.questionnaire_id, people, func.count(distinct(unit)), func.count(distinct(unit)).filter(has_answered))
    rows = school.session.execute(counted.where(Respondent.questionnaire_id.in_(ids)).group_by(Respondent.questionnaire_id))
    tallies = select(QuestionnaireTally).where(QuestionnaireTally.questionnaire_id.in_(ids), QuestionnaireTally.dimension == "all")
    found = {row.questionnaire_id: Group("", row.asked, row.asked, row.answered) for row in school.session.scalars(tallies)}
    return {each: Group("", 0, 0, 0) for each in ids} | found | {each: Group("", *counts) for each, *counts in rows}


class Rates:
    """How many were asked and have finished."""

    def __init__(self, school: School, questionnaire: Questionnaire) -> None:
        self._school, self._questionnaire = school, questionnaire
        self._known: dict[str, Sequence[Group]] = {}
        self.everybody = self._everybody()

    def _everybody(self) -> Group:
        """All: told apart by language they are each in one group; but one adult who is asked about several children counts once."""
        is_for_each_child = self._questionnaire.per == Per.CHILD
        found = together(self.groups("all" if is_for_each_child or self._questionnaire.privacy == Privacy.ANONYMOUS else "language"))
        return found[0] if found else Group("", 0, 0, 0)

    def by(self, dimension: str) -> Sequence[Group]:
        """The groups that may be told apart, the largest first and those together last; none where there is only one."""
        groups = self.groups(dimension)
        told = groups if self._questionnaire.privacy == Privacy.NAMED else apart(groups)
        return sorted(told, key=lambda group: (not group.value, -group.asked, group.value)) if len(told) > 1 else ()

    def groups(self, dimension: str) -> Sequence[Group]:
        """Every group as it is, told apart or not: 'all', by 'class' or by 'language'."""
        if dimension not in self._known:
            is_anonymous = self._questionnaire.privacy == Privacy.ANONYMOUS
            self._known[dimension] = (
                self._of_tallies(dimension)
                if is_anonymous
                else [Group(str(value or ""), *counts) for value, *counts in self._school.session.execute(self._of_respondents(dimension))]
            )
        return self._known[dimension]

    def _of_tallies(self, dimension: str) -> Sequence[Group]:
        of_it = (QuestionnaireTally.questionnaire_id == self._questionnaire.id, QuestionnaireTally.dimension == dimension)
        return [
            Group(tally.value, tally.asked, tally.asked, tally.answered) for tally in self._school.session.scalars(select(QuestionnaireTally).where(*of_it))
        ]

    def _of_respondents(self, dimension: str) -> Select[Any]:
        """Counted by what is the same for all of one unit, null where a family's children are in several classes, or its adults read several languages."""
        per = self._questionnaire.per
        first, last, rows = _valued(self._questionnaire, dimension)
        has_finished = case((Respondent.state == RespondentState.FINISHED, 1), else_=0)
        if per == Per.FAMILY:
            told = (func.min(first).label("first"), func.max(last).label("last"), func.max(has_finished).label("finished"))
            units = rows.with_only_columns(*told, maintain_column_froms=True).group_by(Respondent.household).subquery()
            value: ColumnElement[Any] = case((units.c.first == units.c.last, units.c.first), else_=None)
            return select(value, func.count(), func.count(), func.sum(units.c.finished)).group_by(value)
        value = case((first == last, first), else_=None)
        people = func.count() if per == Per.ADULT else func.count(distinct(Respondent.adult_id))
        return rows.with_only_columns(value, people, func.count(), func.sum(has_finished), maintain_column_froms=True).group_by(value)


def _valued(questionnaire: Questionnaire, dimension: str) -> tuple[ColumnElement[Any], ColumnElement[Any], Select[Any]]:
    """The least and the largest value of a respondent, by which they are counted, and the respondents with what that needs."""
    rows: Select[Any] = select(Respondent).where(Respondent.questionnaire_id == questionnaire.id)
    if dimension == "language":
        return Adult.language.expression, Adult.language.expression, rows.join(Adult, Adult.id == Respondent.adult_id)
    if dimension == "class" and questionnaire.per == Per.CHILD:
        return Child.class_id.expression, Child.class_id.expression, rows.join(Child, Child.id == Respondent.child_id)
    if dimension == "class":
        return _CLASSES.c.first, _CLASSES.c.last, rows.outerjoin(_CLASSES, _CLASSES.c.adult_id == Respondent.adult_id)
    return literal(""), literal(""), rows


_CLASSES = (
    select(Guardianship.adult_id, func.min(Child.class_id).label("first"), func.max(Child.class_id).label("last"))
    .join(Child, Child.id == Guardianship.child_id)
    .where(Guardianship.may_be_asked, Child.left_on.is_(None))
    .group_by(Guardianship.adult_id)
    .subquery()
)


def apart(groups: Iterable[Group]) -> Sequence[Group]:
    """Groups that can be told apart without telling who has answered; the rest together under ''.

    In a group where all have finished, or none, everyone's silence or answer is known; so such a group goes with the rest, as do those that are too few. The
    smallest go first and none is passed over: were only the odd ones taken out, that one is missing would tell which it was. Where nothing can be told apart,
    all are one.
    """
    waiting = list(groups)
    sizes = {group.value: group.people for group in waiting}
    kept = merged(sizes)
    ordered = sorted((group for group in waiting if group.value in kept and group.value), key=lambda group: (group.people, group.asked, group.value))
    rest = [group for group in waiting if not group.value or group.value not in kept]
    for taken in range(len(ordered) + 1):
        others = together([*rest, *ordered[:taken]])
        if all(map(_tells_nobody, [*others, *ordered[taken:]])):
            return [*ordered[taken:], *others]
    return together(waiting)


def together(groups: Sequence[Group]) -> Sequence[Group]:
    """All of these as one, told apart from nobody; none of none."""
    if not groups:
        return []
    return [Group("", sum(each.people for each in groups), sum(each.asked for each in groups), sum(each.finished for each in groups))]


def _tells_nobody(group: Group) -> bool:
    return group.people >= SMALLEST_GROUP and 0 < group.finished < group.asked
