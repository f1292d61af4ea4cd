"""Questionnaires with answers in the standing school, for tests that look at their results."""

from __future__ import annotations

from datetime import date
from itertools import cycle

from sqlalchemy import select

from data.questionnaires import Questionnaire, Respondent
from data.texts import Text
from school import School, questionnaire_clock, questionnaires, responses, texts
from school.questionnaire_form import Asked, Form, Privacy, QuestionKind
from school.responses import SKIPPED, Given
from tests.world import World

LONG = "Something that happens on a Tuesday afternoon after lunch"
ASKED = [
    Asked("happy", "How happy is your child at school?", QuestionKind.SCALE, scale="happy"),
    Asked("clubs", "Which clubs would your child like?", QuestionKind.SEVERAL, ("Cooking", "Music", LONG), takes_other=True),
    Asked("visits", "How many times were you at school this term?", QuestionKind.NUMBER),
    Asked("since", "Since when is your child with us?", QuestionKind.DATE),
    Asked("ring", "Shall we ring you?", QuestionKind.YES_NO, only_if={"happy": ["1"]}),
    Asked("better", "What would make school better?", QuestionKind.TEXT, is_optional=True),
]
SAID = ("More swimming, please.", "=2+2 <b>bold</b>", "", "The bus is late every Monday", "Everyone is so kind.")


def asked(world: World, privacy: Privacy, answers: int, *, is_closed: bool = False) -> int:
    """The id of one that so many have answered."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        made = questionnaires.make(school, None, Form("Your year with us", ASKED, privacy=privacy))
        questionnaires.open_up(school, None, made)
        for place, respondent in enumerate(
            session.scalars(select(Respondent).where(Respondent.questionnaire_id == made.id).order_by(Respondent.id).limit(answers))
        ):
            _answer(school, respondent, place)
        if is_closed:
            questionnaires.close(school, None, made)
        questionnaire_clock.due(school)
        return made.id


def _answer(school: School, respondent: Respondent, place: int) -> None:
    words = SAID[place % len(SAID)]
    given = {
        "happy": Given((str(place % 5 + 1),)),
        "clubs": Given(("1", "other"), words="Chess") if place % 4 == 0 else Given(("1", "3")),
        "visits": Given(number=place * 3),
        "since": Given(on=date(2025, 9, 1 + place % 20)),
        "ring": Given(("yes",)),
        "better": Given(words=words) if words else SKIPPED,
    }
    for question in respondent.questionnaire.questions:
        if question.key != "ring" or place % 5 == 0:
            responses.keep(school, respondent, question, given[question.key], respondent.adult.language)
    responses.finish(school, respondent)


def translate_all(world: World) -> None:
    """Whatever was wanted in English is."""
    with world.house.store.write() as session:
        english = cycle(["The swimming is good", "More time outside"])
        for text in session.scalars(select(Text)):
            found = text.translation("en")
            if found is not None:
                texts.translated(found, next(english), "libretranslate")


def opened_at(world: World, questionnaire_id: int) -> str:
    """When it was opened, as a page could tell it."""
    with world.house.store.read() as session:
        return str(session.get_one(Questionnaire, questionnaire_id).opened_at)
