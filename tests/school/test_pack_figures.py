from __future__ import annotations

from datetime import date, timedelta

import pytest

from data.packs import PackLoan
from data.people import Adult
from school import School, pack_figures, packs
from school.pack_figures import OTHERS
from school.packs import Pack, Plan


@pytest.fixture
def pack(school: School) -> Pack:
    return packs.make(school, Plan("Story sack"), 1)


def lent(school: School, pack: Pack, language: str, families: int, *, waited: int | None = None, weekly: bool = False, loans: int = 1) -> None:
    """Loans in a language to so many families, all back, each after so many days of waiting."""
    for _ in range(families):
        adult = Adult(name="Someone", language=language, notes="")
        school.session.add(adult)
        school.session.flush()
        for _ in range(loans):
            since = school.now - timedelta(days=waited) if waited is not None else None
            school.session.add(
                PackLoan(
                    copy_id=pack.copies[0].id,
                    pack_id=pack.id,
                    adult_id=adult.id,
                    language=language,
                    class_name="Oak",
                    is_weekly=weekly,
                    waited_since=since,
                    out_at=school.now,
                    due_on=school.today,
                    back_at=school.now,
                )
            )
    school.session.flush()


def languages(school: School) -> dict[str, tuple[int, int]]:
    found = pack_figures.figures(school, school.today).languages
    return {tag: (line.loans, line.families) for tag, line in found.items()}


def test_a_language_of_few_families_is_not_told_apart(school: School, pack: Pack) -> None:
    lent(school, pack, "en", 9)
    lent(school, pack, "so", 5)
    lent(school, pack, "bn", 4)
    lent(school, pack, "ti", 1, loans=9)
    assert languages(school) == {"en": (9, 9), "so": (5, 5), OTHERS: (13, 5)}


def test_one_small_language_alone_takes_the_next_larger_with_it(school: School, pack: Pack) -> None:
    lent(school, pack, "en", 9)
    lent(school, pack, "so", 5)
    lent(school, pack, "ti", 1)
    assert languages(school) == {"en": (9, 9), OTHERS: (6, 6)}


def test_where_all_are_large_none_stands_together(school: School, pack: Pack) -> None:
    lent(school, pack, "en", 5)
    lent(school, pack, "so", 6)
    assert languages(school) == {"so": (6, 6), "en": (5, 5)}


def test_where_all_are_few_all_stand_together(school: School, pack: Pack) -> None:
    lent(school, pack, "en", 2)
    lent(school, pack, "so", 1)
    assert languages(school) == {OTHERS: (3, 3)}


def test_who_waited_is_counted_and_the_weekly_loan_is_not(school: School, pack: Pack) -> None:
    for days in (0, 3, 10):
        lent(school, pack, "en", 1, waited=days)
    lent(school, pack, "en", 1, waited=90, weekly=True)
    lent(school, pack, "en", 1)
    waits = pack_figures.figures(school, school.today).waits
    assert (waits.loans, waits.median_days, waits.longest_days) == (3, 3, 10)


def test_only_loans_since_the_day_are_counted_and_never_means_never(school: School, pack: Pack) -> None:
    other = packs.make(school, Plan("Weather box"), 1)
    lent(school, pack, "en", 1)
    later = pack_figures.figures(school, school.today + timedelta(days=1))
    assert (later.loans, later.packs, later.never) == (0, [], [other])
    assert pack_figures.figures(school, date(2020, 1, 1)).loans == 1
