"""What happens in a transcript about Home Learning Packs, and what can be looked up of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from data.packs import HolidayWish
from school import School, demo, families, holiday_packs, pack_loans, pack_queue, pack_rules, packs, weekly_loan
from school.holiday_packs import Plan
from school.pack_loans import Borrower
from school.packs import CopyState, Pack, PackCopy
from tests.transcripts.event_acts import acting
from tests.world import World


def goes_home(world: World, title: str, child: str) -> None:
    """Staff hand it out: the copy that is set aside for the child, else one from the shelf."""
    with acting(world) as school:
        young = demo.child(school, child)
        adult = families.adults_of(school, young, "hear")[0]
        kept = next((hold.copy for hold in packs.holds(school, adult) if hold.copy is not None and hold.pack.title.words == title), None)
        copy = kept or _copy(school, title, CopyState.SHELF)
        pack_loans.hand_out(school, copy, demo.member(school, "Mrs Doyle"), None if kept else Borrower(adult, young))


def comes_back(world: World, title: str) -> None:
    with acting(world) as school:
        pack_loans.take_back(school, _copy(school, title, CopyState.OUT), demo.member(school, "Mrs Doyle"), counted=True)


def is_lost(world: World, title: str) -> None:
    with acting(world) as school:
        pack_loans.lose(school, _copy(school, title, CopyState.OUT))


def is_broken(world: World, title: str) -> None:
    """It was set aside, and is found to need repair."""
    with acting(world) as school:
        pack_loans.to_repair(school, _copy(school, title, CopyState.KEPT))


def reserves(world: World, name: str, title: str) -> None:
    """Another family asks for it, by the same rules."""
    with acting(world) as school:
        adult = demo.adult(school, name)
        pack_queue.reserve(school, _pack(school, title), families.children(school, adult, "hear")[0], adult)


def gives_up(world: World, name: str, title: str) -> None:
    """The office gives up a place for a family that rang."""
    with acting(world) as school:
        [hold] = [hold for hold in packs.holds(school, demo.adult(school, name)) if hold.pack.title.words == title]
        pack_queue.give_up(school, hold)


def is_given(world: World, title: str) -> None:
    """Holiday packs went home with all who want one."""
    with acting(world) as school:
        for wish in school.session.scalars(select(HolidayWish).where(HolidayWish.is_wanted)):
            if wish.pack.title.words == title:
                holiday_packs.give(school, wish)


def is_retired(world: World, title: str) -> None:
    with acting(world) as school:
        packs.retire(school, _pack(school, title))


def rule(world: World, name: str, number: str) -> None:
    with acting(world) as school:
        changed: dict[str, Any] = {name: int(number)}
        pack_rules.set_rules(school, replace(pack_rules.rules(school), **changed))


def fills_bags(world: World) -> None:
    with acting(world) as school:
        weekly_loan.fill_bags(school)


def offers_for_the_holidays(world: World, title: str, day: str, stock: str | None) -> None:
    with acting(world) as school:
        until = datetime.strptime(day, "%a %Y-%m-%d").date()
        holiday_packs.make(school, Plan(title, until, offer_on=school.today, stock=int(stock) if stock else None))


def packs_of(school: School, name: str) -> list[str]:
    """What they have, wait for, and are signed up for."""
    adult = demo.adult(school, name)
    return [
        *(f"{loan.pack.title.words} at home till {loan.due_on}" for loan in packs.at_home(school, adult)),
        *(f"{hold.pack.title.words} {hold.state}" for hold in packs.holds(school, adult)),
        *(f"weekly for {place.child.first_name}" for place in weekly_loan.places_of(school, adult)),
    ]


def wrong_with(school: School, title: str) -> list[str]:
    """What was told to be missing or damaged."""
    found = [problem for copy in _pack(school, title).copies for problem in pack_loans.problems(school, copy)]
    return [f"{problem.item.name.words if problem.item is not None else 'the whole pack'} {problem.kind}" for problem in found]


ACTS: dict[str, Callable[..., None]] = {
    r"the (.+) pack goes home with (\w+)": goes_home,
    r"the (.+) pack comes back": comes_back,
    r"the (.+) pack is lost": is_lost,
    r"the (.+) pack is broken": is_broken,
    r"(\w+) reserves the (.+) pack": reserves,
    r"the office gives up the place of (\w+) for the (.+) pack": gives_up,
    r"the (.+) pack is given out": is_given,
    r"the (.+) pack is lent no more": is_retired,
    r"the rule (\w+) is (\d+)": rule,
    r"the bags are filled": fills_bags,
    r"the school offers the (.+) pack for the holidays, till (\w{3} [\d-]+)(?:; (\d+) in all)?": offers_for_the_holidays,
}
FACTS: dict[str, Callable[..., list[str]]] = {
    r"packs of (\w+)": packs_of,
    r"wrong with the (.+) pack": wrong_with,
}


def _pack(school: School, title: str) -> Pack:
    return next(pack for pack in packs.everything(school) if pack.title.words == title)


def _copy(school: School, title: str, state: CopyState) -> PackCopy:
    return next(copy for copy in _pack(school, title).copies if copy.state == state)
