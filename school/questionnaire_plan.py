"""What would happen if a questionnaire were opened now: how many are asked, in which languages, who is not reached, and when they are reminded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from data.people import Adult
from data.questionnaires import Questionnaire
from school import School, questionnaires
from school.broadcast_plan import by_way
from school.calendar import end_of_quiet
from school.questionnaire_form import MOST_DAYS
from school.unreachable import Why
from school.ways import ways

__all__ = ["Asking", "Why", "asking"]


@dataclass(frozen=True)
class Asking:
    """What would happen. `languages` counts those who are asked by what they read, that of most first; `people` those who are reached by (language, channel).

    `unreached` are asked as well, but no message reaches them. The first leave at `leaves_at` (aware); `is_held`: since quiet hours hold them until then.
    """

    adults: int
    languages: Mapping[str, int]
    people: Mapping[tuple[str, str], int]
    unreached: Sequence[tuple[Adult, Why]]
    leaves_at: datetime
    is_held: bool
    closes_on: date
    remind_on: date | None


def asking(school: School, questionnaire: Questionnaire) -> Asking:
    """What would happen if it were opened now."""
    adults = questionnaires.to_ask(school, questionnaire)
    found = ways(school, questionnaires.asked_of(school, questionnaires.audience_of(questionnaire)))
    whys = {way.adult_id: way.why for way in found if way.why is not None}
    leaves_at = end_of_quiet(school, school.now)
    closes_on = school.today + timedelta(days=min(max(questionnaire.days, 1), MOST_DAYS) - 1)
    return Asking(
        adults=len(adults),
        languages=dict(Counter(adult.language for adult in adults).most_common()),
        people=by_way(found),
        unreached=sorted(((adult, whys[adult.id]) for adult in adults if adult.id in whys), key=lambda pair: pair[0].name),
        leaves_at=leaves_at,
        is_held=leaves_at != school.now,
        closes_on=closes_on,
        remind_on=questionnaires.day_of_reminder(school.today, closes_on),
    )
