"""How packs are used: loans by pack, class and language, how long families wait, and what nobody borrows.

No language is told apart that fewer than FEWEST families borrowed in: these stand together, with as many more as it takes to be so many.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from statistics import median
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import lazyload

from data.packs import Pack, PackLoan
from school import School, packs
from school.calendar import instant

FEWEST = 5
OTHERS = ""
"""What stands for the languages that are not told apart."""


@dataclass(frozen=True)
class Line:
    """Loans of one pack, one class or in one language. `families` are the adults who borrowed, as far as it is still known who they were."""

    loans: int
    families: int
    renewals: int = 0
    not_back: int = 0


@dataclass(frozen=True)
class Waits:
    """How many days families waited for a pack that they asked for by its name, from asking to having it."""

    loans: int = 0
    median_days: float = 0
    longest_days: int = 0


@dataclass(frozen=True)
class Figures:
    """All of it, for loans that went out on `since` or after. `packs` are by title, `languages` by tag."""

    since: date
    loans: int
    packs: Sequence[tuple[Pack, Line, Waits]] = ()
    classes: Mapping[str, Line] = field(default_factory=dict)
    languages: Mapping[str, Line] = field(default_factory=dict)
    never: Sequence[Pack] = ()
    waits: Waits = field(default_factory=Waits)


K = TypeVar("K", bound=Hashable)


def figures(school: School, since: date) -> Figures:
    """The figures of loans that went out on this day or after; packs that were never borrowed are those nobody ever had."""
    begins = instant(since, time(0, 0))
    assert begins is not None  # no clock is changed at midnight
    loans = school.session.scalars(select(PackLoan).where(PackLoan.out_at >= begins).options(lazyload(PackLoan.pack))).all()
    ever = set(school.session.scalars(select(PackLoan.pack_id).distinct()))
    everything = [*packs.everything(school), *packs.everything(school, retired=True)]
    by_pack = _by(loans, lambda loan: loan.pack_id)
    return Figures(
        since,
        len(loans),
        [(pack, _line(by_pack[pack.id]), _waits(by_pack[pack.id])) for pack in everything if pack.id in by_pack],
        {name: _line(theirs) for name, theirs in sorted(_by(loans, lambda loan: loan.class_name).items())},
        _merged(_by(loans, lambda loan: loan.language)),
        [pack for pack in everything if pack.id not in ever and not pack.is_retired],
        _waits(loans),
    )


def _by(loans: Iterable[PackLoan], key: Callable[[PackLoan], K]) -> dict[K, list[PackLoan]]:
    found: dict[K, list[PackLoan]] = {}
    for loan in loans:
        found.setdefault(key(loan), []).append(loan)
    return found


def _line(loans: Sequence[PackLoan]) -> Line:
    families = {loan.adult_id for loan in loans if loan.adult_id is not None}
    not_back = sum(loan.back_at is None for loan in loans)
    return Line(len(loans), len(families), sum(loan.renewals for loan in loans), not_back)


def _waits(loans: Sequence[PackLoan]) -> Waits:
    days = [(loan.out_at - loan.waited_since).days for loan in loans if loan.waited_since is not None and not loan.is_weekly]
    return Waits(len(days), median(days), max(days)) if days else Waits()


def _merged(by: Mapping[str, Sequence[PackLoan]]) -> Mapping[str, Line]:
    """By language, those with most loans first; those of too few families together, last."""
    apart = sorted(by, key=lambda tag: (-_line(by[tag]).families, tag))
    together: list[str] = []
    while apart and (_line(by[apart[-1]]).families < FEWEST or (together and _together(by, together).families < FEWEST)):
        together.append(apart.pop())
    found = {tag: _line(by[tag]) for tag in sorted(apart, key=lambda tag: (-len(by[tag]), tag))}
    return {**found, OTHERS: _together(by, together)} if together else found


def _together(by: Mapping[str, Sequence[PackLoan]], tags: Iterable[str]) -> Line:
    return _line([loan for tag in tags for loan in by[tag]])
