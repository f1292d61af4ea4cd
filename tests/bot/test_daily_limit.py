"""A mistake or a flood costs no more in a day than the school has said, and no number abroad is texted that it has not named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.channels.base import ChannelName
from data.addresses import Address
from data.outbox import Lane, Message
from data.people import Adult, AdultAddress, Staff
from data.spending import PaidParts
from school import School, addresses, daily_limit
from tests.bot.sending import MONDAY, WayOut
from tests.served import Served

FRENCH, JERSEY = "+33639980001", "+447797700001"
"""A French mobile from the range kept for fiction (Arcep), and a number that Jersey could give out."""


@pytest.fixture
def make_way(database_url: str) -> Iterator[Callable[..., WayOut]]:
    """Makes a way out whose school has set its limits so."""
    made: list[WayOut] = []

    def make(**settings: Any) -> WayOut:
        made.append(WayOut(database_url))
        made[-1].settings = replace(made[-1].settings, **settings)
        made[-1].dispatcher = made[-1].another()
        return made[-1]

    yield make
    for way in made:
        way.close()


def stranger(way: WayOut, number: str) -> int:
    """A reply to a number that the school does not know; its id."""

    def add(school: School) -> int:
        address = addresses.at(school, "sms", "phone", number)
        row = Message(key=f"s{number}", uid=f"s{number}", trace="t", kind="reply", text="Hello", lane=Lane.REPLY, address=address, created_at=school.now)
        school.session.add(row)
        school.session.flush()
        return row.id

    return way.write(add)


def test_news_waits_once_the_day_has_cost_so_much_and_a_person_is_told_once(make_way: Callable[..., WayOut]) -> None:
    way = make_way(parts_per_day=2)
    first, second, third, fourth = [way.queue(f"News {number}", kind="news") for number in range(4)]
    for _ in range(4):
        way.later(seconds=2)
    assert [way.state(each) for each in (first, second, third, fourth)] == ["sent", "sent", "queued", "queued"]
    assert way.calls() == ["2 paid message parts have left today"]


def test_who_writes_is_answered_and_what_is_urgent_leaves_all_the_same(make_way: Callable[..., WayOut]) -> None:
    way = make_way(parts_per_day=1)
    way.queue("News", kind="news")
    way.send()
    must = [way.queue("Your answer"), way.queue("A child", kind="alert", lane=Lane.ALERT), way.queue("Closed", kind="broadcast", lane=Lane.URGENT)]
    for _ in must:
        way.later(seconds=2)
    assert [way.state(each) for each in must] == ["sent"] * 3
    assert way.calls() == []


def test_a_flood_of_numbers_that_nobody_knows_is_answered_no_more(make_way: Callable[..., WayOut]) -> None:
    way = make_way(parts_per_day=2)
    replies = [stranger(way, f"+4477009005{number:02}") for number in range(5)]
    for _ in replies:
        way.later(seconds=2)
    assert [way.state(each) for each in replies] == ["sent", "sent", "queued", "queued", "queued"]


def test_what_costs_nothing_never_waits(make_way: Callable[..., WayOut]) -> None:
    way = make_way(parts_per_day=1)
    way.queue("News", kind="news")
    way.send()
    free = way.queue("News", kind="news", channel="telegram")
    way.later(seconds=2)
    assert way.state(free) == "sent"


def test_the_next_day_it_leaves_in_the_morning(make_way: Callable[..., WayOut]) -> None:
    way = make_way(parts_per_day=1)
    way.queue("News", kind="news")
    way.send()
    held = way.queue("More news", kind="news")
    way.later(seconds=2)
    way.now = MONDAY.replace(hour=6, minute=59) + timedelta(days=1)
    way.send()
    assert way.state(held) == "queued"
    way.later(minutes=2)
    assert way.state(held) == "sent"
    assert way.row(held).code is None


def test_a_person_lifts_the_limit_and_all_that_waited_leaves(make_way: Callable[..., WayOut]) -> None:
    way = make_way(parts_per_day=1)
    rows = [way.queue(f"News {number}", kind="news") for number in range(3)]
    for _ in rows:
        way.later(seconds=2)

    def lift(school: School) -> int:
        by = Staff(name="Mrs Doyle", email="office@school.example", role="office")
        school.session.add(by)
        school.session.flush()
        return daily_limit.lift(school, by)

    assert way.write(lift) == 1, "the third waits behind the second, which goes to the same number"
    for _ in rows:
        way.later(seconds=2)
    assert [way.state(each) for each in rows] == ["sent"] * 3
    assert way.calls() == []


def test_what_several_processes_hand_over_counts_together(make_way: Callable[..., WayOut]) -> None:
    way = make_way()
    for number, dispatcher in enumerate((way.dispatcher, way.another(), way.another())):
        way.queue("é" * 71 if number else "News", kind="news")
        way.run(dispatcher.run_once())
        way.now += timedelta(seconds=2)
    assert way.write(lambda school: school.session.get_one(PaidParts, school.today).parts) == len(way.sms.sent) == 3


def test_a_number_of_a_country_that_is_not_texted_gets_nothing(make_way: Callable[..., WayOut]) -> None:
    way = make_way()
    for number in (FRENCH, JERSEY):
        reply = stranger(way, number)
        way.send()
        assert way.state(reply) == "cancelled"
    assert way.sms.sent == []
    assert way.calls() == [], "a flood of these would bury what needs a person"


def test_a_family_abroad_is_reached_another_way_or_a_person_is_told(make_way: Callable[..., WayOut]) -> None:
    way = make_way()

    def moves(school: School) -> None:
        school.session.scalars(select(Address).where(Address.channel == "sms")).one().value = FRENCH

    way.write(moves)
    elsewhere = way.queue("News", kind="news", channel=None)
    way.later(seconds=2)
    assert (way.state(elsewhere), len(way.telegram.sent), len(way.sms.sent)) == ("sent", 1, 0)
    way.write(lambda school: school.session.delete(_link(school, "telegram")))
    lost = way.queue("News", kind="news", channel=None)
    way.later(seconds=2)
    assert (way.state(lost), way.row(lost).verdict) == ("failed", "abroad")
    assert way.calls() == ["news: abroad"]


def _link(school: School, channel: str) -> AdultAddress:
    adult = school.session.scalars(select(Adult)).one()
    return next(link for link in adult.addresses if link.address.channel == channel)


def test_a_country_that_the_school_names_is_texted(make_way: Callable[..., WayOut]) -> None:
    way = make_way(countries=("GB", "FR"))
    reply = stranger(way, FRENCH)
    way.send()
    assert way.state(reply) == "sent"
    assert way.sms.sent[0].channel == ChannelName.SMS


@pytest.mark.anyio
async def test_the_settings_reach_those_who_send(make_served: Callable[..., Served], demo_sqlite_url: str) -> None:
    served = make_served(demo_sqlite_url, limits={"parts_per_day": 7, "countries": ["GB", "JE"]})
    known = served.house.school_settings
    assert (known.parts_per_day, known.countries) == (7, ("GB", "JE"))
    await served.close()
