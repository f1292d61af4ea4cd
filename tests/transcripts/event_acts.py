"""What happens in a transcript about events, groups and broadcasts, and what can be looked up of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from bot.whatsapp import WORDS
from data.events import Event, EventState
from data.texts import PERSON, Text
from school import School, broadcasts, demo, event_changes, events, groups, openers, rsvps, texts
from school.broadcasts import Content
from school.events import Plan
from school.openers import Opener
from tests.world import World
from translations import keywords

OFFICE = "Mrs Doyle"


@contextmanager
def acting(world: World) -> Iterator[School]:
    """The school, to change something, after which the clock ticks."""
    with world.house.store.write() as session:
        yield School(session, world.moment, world.house.school_settings)
    world.house.ticker.tick()


def invites(world: World, title: str, day: str, starts: str, ends: str, place: str | None, more: str | None) -> None:
    """The whole school is invited. `more`: '1 place', '3 each', 'steps to the hall'."""
    wanted = [part.strip() for part in (more or "").split(";") if part.strip()]
    places = next((int(part.split()[0]) for part in wanted if part.endswith(("place", "places"))), None)
    each = next((int(part.split()[0]) for part in wanted if part.endswith(" each")), 2)
    access = next((part.removeprefix("access: ") for part in wanted if part.startswith("access: ")), "")
    interpreters = [part.removeprefix("interpreter: ") for part in wanted if part.startswith("interpreter: ")]
    with acting(world) as school:
        plan = Plan(title, _day(day), _time(starts), _time(ends), place=place or "", capacity=places, most=each, access=access, interpreters=interpreters)
        plan = replace(plan, asks_after="asked afterwards" in wanted)
        [made] = events.make(school, replace(plan, invite_on=school.today), demo.member(school, OFFICE))
        events.open_up(school, made)


def in_their_language(world: World, language: str, english: str, words: str) -> None:
    """Someone has translated a text, before anyone asked."""
    with acting(world) as school:
        for text in school.session.scalars(select(Text).where(Text.words == english)):
            texts.want(text, [language])
            texts.translated(next(one for one in text.translations if one.language == language), words, PERSON)


def moves(world: World, title: str, day: str, starts: str, ends: str) -> None:
    with acting(world) as school:
        event = _event(school, title)
        event_changes.change(school, event, replace(events.as_planned(school, event), on=_day(day), starts=_time(starts), ends=_time(ends)))


def moves_to(world: World, title: str, place: str) -> None:
    with acting(world) as school:
        event = _event(school, title)
        event_changes.change(school, event, replace(events.as_planned(school, event), place=place))


def calls_off(world: World, title: str) -> None:
    with acting(world) as school:
        event_changes.cancel(school, _event(school, title))


def answers(world: World, name: str, does: str, title: str, people: str | None) -> None:
    with acting(world) as school:
        act = {"comes": rsvps.accept, "waits for": rsvps.wait}.get(does)
        event, adult = _event(school, title), demo.adult(school, name)
        act(school, event, adult, int(people or 1)) if act else rsvps.decline(school, event, adult)


def decides(world: World, agrees: str, name: str) -> None:
    with acting(world) as school:
        [wish] = [wish for wish in groups.wishes(school) if wish.adult.name.startswith(name)]
        groups.decide(school, wish, demo.member(school, OFFICE), agree=agrees == "agrees")


def clock(world: World, moment: str) -> None:
    """It is later; the clock has ticked every half hour until then, but for the days between, when it ticked every four hours."""
    until = datetime.strptime(moment, "%a %Y-%m-%d %H:%M").replace(tzinfo=world.moment.tzinfo)
    begun = world.moment
    while world.moment < until:
        is_near = min(world.moment - begun, until - world.moment) < timedelta(hours=12)
        world.moment = min(until, world.moment + (timedelta(minutes=30) if is_near else timedelta(hours=4)))
        world.house.ticker.tick()
        world.settle()


def coming_to(school: School, title: str) -> list[str]:
    """Who answered what, with the number of people."""
    return [f"{row.adult.name.split()[0]} {row.answer} {row.people}" for row in rsvps.everyone(school, _event(school, title))]


def groups_of(school: School, name: str) -> list[str]:
    return sorted(group.name for group in demo.adult(school, name).groups)


def writes_to_all(world: World, words: str) -> None:
    with acting(world) as school:
        made = broadcasts.make(school, None, Content(words))
        broadcasts.send(school, None, made)


def approves(world: World, languages: str) -> None:
    """WhatsApp lets the school ask its families in these languages to open the conversation, in the words that `bookbag whatsapp setup` hands in."""
    with acting(world) as school:
        words = {
            tag: Opener("HX1", WORDS.format(school=openers.PLACE, open=keywords.OPEN).render(tag), keywords.OPEN.render(tag)) for tag in languages.split(", ")
        }
        openers.keep(school, words)


ACTS: dict[str, Callable[..., None]] = {
    r"the school invites to (.+?), (\w{3} [\d-]+) ([\d:]+)-([\d:]+)(?:, in the ([\w ]+))?(?:; (.+))?": invites,
    r"in ([\w-]+) '(.+)' is '(.+)'": in_their_language,
    r"the event (.+) is moved to (\w{3} [\d-]+) ([\d:]+)-([\d:]+)": moves,
    r"the event (.+) is moved to the (.+)": moves_to,
    r"the event (.+) is called off": calls_off,
    r"the school writes to everyone: '(.+)'": writes_to_all,
    r"WhatsApp has approved openers in ([\w, ]+)": approves,
    r"(\w+) (comes|waits for|does not come)(?: to)? (.+?)(?: with (\d+))?": answers,
    r"the office (agrees|does not agree) to the wish of (\w+)": decides,
    r"it is (\w{3} [\d-]+ [\d:]+)": clock,
}
FACTS: dict[str, Callable[..., list[str]]] = {
    r"answers to (.+)": coming_to,
    r"groups of (\w+)": groups_of,
}


def _event(school: School, title: str) -> Event:
    return school.session.scalars(
        select(Event).join(Event.title).where(Text.words == title, Event.state != EventState.DRAFT).order_by(Event.id.desc()).limit(1)
    ).one()


def _day(text: str) -> date:
    return datetime.strptime(text, "%a %Y-%m-%d").date()


def _time(text: str) -> time:
    return time.fromisoformat(text)
