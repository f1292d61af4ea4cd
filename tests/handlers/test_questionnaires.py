"""What an answer that comes in late becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select

from bot.channels.base import ChannelName
from data.attention import Attention, Need
from school import School, demo, questionnaires, responses
from school.questionnaire_form import Asked, Form, QuestionKind
from tests.school.small import MONDAY
from tests.world import World


def test_an_answer_that_comes_hours_late_is_an_answer_and_reaches_nobody_by_name(make_world: Callable[..., World]) -> None:
    world = make_world(MONDAY)
    asked = [Asked("safe", "Is your child safe at school?", QuestionKind.YES_NO), Asked("more", "What else?", QuestionKind.TEXT)]
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        questionnaires.open_up(school, None, questionnaires.make(school, None, Form("Safe", asked)))
    world.pass_time(timedelta(seconds=1))
    world.settle()
    assert "safe at school" in world.say("Tom", "1")[-1].text
    world.receive(world.phones[ChannelName.SMS].says(world.address("Tom", "sms"), "No, never"))
    world.moment += timedelta(hours=3)
    world.settle()
    with world.house.store.read() as session:
        school = School(session, world.moment, world.house.school_settings)
        [respondent] = responses.of_adult(school, demo.adult(school, "Tom"))
        assert responses.given(school, respondent)["safe"].choices == ("no",)
        assert session.scalars(select(Attention.text).where(Attention.need == Need.LATE)).all() == []
