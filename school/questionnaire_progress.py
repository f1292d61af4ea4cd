"""How many of those who are asked have answered: in all, by class, by language. Groups of fewer than five are told together, so that no figure names anyone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import String, cast, distinct, func, literal, select

from data.people import SchoolClass
from data.questionnaires import Privacy, Questionnaire, QuestionnaireTally, Respondent, RespondentState
from school import School
from school.questionnaires import SMALLEST_GROUP, class_of, merged

__all__ = ["Rate", "by_class", "by_language", "totals"]

_HAVE_ANSWERED = (RespondentState.FINISHED, RespondentState.COVERED)


@dataclass(frozen=True)
class Rate:
    """So many of those who are asked have answered. `group` is a class's name or a language's tag; '' those that are told together."""

    asked: int
    answered: int
    group: str = ""

    @property
    def percent(self) -> int:
        """The same of a hundred."""
        return round(100 * self.answered / self.asked) if self.asked else 0


def totals(school: School, questionnaires: Collection[Questionnaire]) -> Mapping[int, Rate]:
    """How many answers are asked for and were given, by the questionnaire's id: one of each adult, about each child, or of each family."""
    ids = [each.id for each in questionnaires]
    has_answered = Respondent.state.in_(_HAVE_ANSWERED)
    unit = func.coalesce(func.nullif(Respondent.household, ""), literal("r") + cast(Respondent.id, String))
    counted = select(Respondent.questionnaire_id, func.count(distinct(unit)), func.count(distinct(unit)).filter(has_answered))
    rows = school.session.execute(counted.where(Respondent.questionnaire_id.in_(ids)).group_by(Respondent.questionnaire_id))
    tallies = select(QuestionnaireTally).where(QuestionnaireTally.questionnaire_id.in_(ids), QuestionnaireTally.dimension == "all")
    found = {row.questionnaire_id: Rate(row.asked, row.answered) for row in school.session.scalars(tallies)}
    return {each: Rate(0, 0) for each in ids} | found | {each: Rate(asked, answered) for each, asked, answered in rows}


def by_class(school: School, questionnaire: Questionnaire) -> Sequence[Rate]:
    """The same by class, as far as classes can be told apart; those with children in several are told with the small ones."""
    names = {each.id: each.name for each in school.session.scalars(select(SchoolClass))}
    found = _rates(school, questionnaire, "class", lambda row: str(row.child.class_id) if row.child else class_of(row.adult))
    return _in_order([Rate(rate.asked, rate.answered, names.get(int(rate.group), "") if rate.group else "") for rate in found])


def by_language(school: School, questionnaire: Questionnaire) -> Sequence[Rate]:
    """The same by the language that they read."""
    return _in_order(_rates(school, questionnaire, "language", lambda row: row.adult.language))


def _in_order(found: Sequence[Rate]) -> Sequence[Rate]:
    """By name, what is told together last. A line alone says nothing that the total does not, nor does one of a few."""
    told = sorted((rate for rate in found if rate.asked >= SMALLEST_GROUP), key=lambda rate: (not rate.group, rate.group))
    return told if len(told) > 1 else ()


def _rates(school: School, questionnaire: Questionnaire, dimension: str, group_of: Callable[[Respondent], str]) -> Sequence[Rate]:
    if questionnaire.privacy == Privacy.ANONYMOUS:
        of_it = (QuestionnaireTally.questionnaire_id == questionnaire.id, QuestionnaireTally.dimension == dimension)
        return [Rate(row.asked, row.answered, row.value) for row in school.session.scalars(select(QuestionnaireTally).where(*of_it))]
    units: dict[str, list[Respondent]] = {}
    for row in school.session.scalars(select(Respondent).where(Respondent.questionnaire_id == questionnaire.id)):
        units.setdefault(row.household or f"r{row.id}", []).append(row)
    groups: dict[str, list[bool]] = {}
    for rows in units.values():
        named = {group_of(row) for row in rows}
        groups.setdefault(named.pop() if len(named) == 1 else "", []).append(any(row.state in _HAVE_ANSWERED for row in rows))
    sizes = merged({group: len(answers) for group, answers in groups.items()})
    together = [has for group, answers in groups.items() if group not in sizes or not group for has in answers]
    return [Rate(size, sum(groups[group] if group else together), group) for group, size in sizes.items()]
