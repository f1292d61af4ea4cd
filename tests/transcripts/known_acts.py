"""What can happen, and be looked up, of becoming known and of numbers that are closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from school import School, closings, consent, demo, doubts, family_records, leaving, notices, welcomes
from school.closings import Reason
from tests.world import World

OFFICE = "Mrs Doyle"


def _closes(world: World, channel: str, name: str, reason: str) -> None:
    """The office closes where someone of the cast is reached."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        adult = demo.adult(school, name)
        address = next(link.address for link in adult.addresses if link.address.channel == channel)
        closings.close(school, address, Reason(reason), demo.member(school, OFFICE))


def _opens(world: World, name: str) -> None:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        closings.reopen(school, closings.of(school, demo.adult(school, name))[0], demo.member(school, OFFICE))


def _welcomes(world: World, name: str) -> None:
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        welcomes.invite(school, demo.adult(school, name), demo.member(school, OFFICE))


def _is_gone(world: World, name: str) -> None:
    """The phone company says that nobody has the number any more."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        for link in demo.adult(school, name).addresses:
            consent.mark_bad(school, link.address, "30005")


def _is_silent(world: World, name: str) -> None:
    """A year went by, in which nothing came from them and nothing went there."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        for link in demo.adult(school, name).addresses:
            link.address.first_greeted_at = world.moment - doubts.SILENCE - timedelta(days=1)


def _asks(world: World, name: str) -> None:
    """The school has something to say to them: it asks for a meeting about their child."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        notices.tell(school, demo.adult(school, name), "rang", {"on": school.today.isoformat()}, key=f"to-say:{name}:{world.moment}")


def _doubts(school: School) -> list[str]:
    return [f"{row.why} {' and '.join(adult.name.split()[0] for adult in adults)}" for row, adults in doubts.open_doubts(school)]


def _leaves(world: World, child: str) -> None:
    """A child leaves the school, and with it whoever has no other child there."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        children = [demo.child(school, child)]
        leaving.leave(school, children, leaving.adults_without_others(school, children), demo.member(school, OFFICE))


def _comes_back(world: World, name: str, number: str) -> None:
    """They are at the school again: the office has rung, and gives them their rights and a number."""
    with world.house.store.write() as session:
        school = School(session, world.moment, world.house.school_settings)
        adult = demo.adult(school, name)
        for child in leaving.come_back(school, adult):
            family_records.allow(school, adult, child, family_records.RIGHTS)
        family_records.add_number(school, adult, number, ["sms"], "Rang them", OFFICE)


def _known(school: School, name: str) -> list[str]:
    row = welcomes.of(school, demo.adult(school, name))
    return [f"since {row.answered_at:%a %H:%M}"] if row is not None and row.answered_at is not None else []


def _reached(school: School, name: str) -> list[str]:
    return [f"{link.address.channel} {link.address.value}" for link in demo.adult(school, name).addresses]


ACTS: dict[str, Callable[..., None]] = {
    r"the office closes the (\w+) of (\w+): (\w+)": _closes,
    r"the office welcomes (\w+)": _welcomes,
    r"the number of (\w+) is gone": _is_gone,
    r"(\w+) was silent for a year": _is_silent,
    r"the school has something to say to (\w+)": _asks,
    r"(\w+), a child, leaves": _leaves,
    r"(\w+) is at the school again, reached at ([+\d]+)": _comes_back,
    r"the office opens what was closed of (\w+)": _opens,
}
FACTS: dict[str, Callable[..., list[str]]] = {r"where (\w+) is reached": _reached, r"(\w+) is known": _known, r"doubts": _doubts}
