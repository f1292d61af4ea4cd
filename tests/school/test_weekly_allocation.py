"""Who gets which pack in a week: fairly, something new where that can be, and nobody starves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from math import ceil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from school.weekly_loan import Wish, allocate
from tests.school.small import MONDAY

PACKS = range(1, 6)


def ago(weeks: int) -> datetime:
    return MONDAY - timedelta(weeks=weeks)


@st.composite
def weeks(draw: st.DrawFn, most_wishes: int = 8, packs: Sequence[int] = PACKS) -> tuple[list[Wish], dict[int, int], dict[int, int]]:
    """Some children of a few families, what is free, and how many each family may still have."""
    some = st.lists(st.sampled_from(packs), unique=True, max_size=len(packs))
    had = st.dictionaries(st.sampled_from(packs), st.integers(1, 40).map(ago), max_size=len(packs))
    wish = st.tuples(st.integers(1, 5), st.integers(0, 9).map(ago), had, some)
    rows = draw(st.lists(wish, max_size=most_wishes))
    wishes = [Wish(place, family, since, before, not_these) for place, (family, since, before, not_these) in enumerate(rows, start=1)]
    free = draw(st.dictionaries(st.sampled_from(packs), st.integers(0, 2), max_size=len(packs)))
    room = draw(st.fixed_dictionaries({family: st.integers(-1, 3) for family in {wish.family for wish in wishes}}))
    return wishes, free, room


def in_turn(wishes: Sequence[Wish]) -> list[Wish]:
    return sorted(wishes, key=lambda wish: (wish.since, wish.place))


def can_be(wishes: Sequence[Wish], packs: Sequence[int | None], free: Mapping[int, int], room: Mapping[int, int]) -> bool:
    """Whether these packs may be given so, whoever comes first."""
    pairs = [(wish, pack) for wish, pack in zip(wishes, packs, strict=True) if pack is not None]
    return (
        all(pack not in wish.not_these for wish, pack in pairs)
        and all(count <= free.get(pack, 0) for pack, count in Counter(pack for _, pack in pairs).items())
        and all(count <= room[family] for family, count in Counter(wish.family for wish, _ in pairs).items())
        and max(Counter((wish.family, pack) for wish, pack in pairs).values(), default=1) == 1
    )


def worth(wish: Wish, pack: int | None) -> int:
    """Something new is worth more than something old, and that more than nothing."""
    return 0 if pack is None else 1 if pack in wish.had else 2


@given(weeks())
def test_what_is_given_may_be_given(week: tuple[list[Wish], dict[int, int], dict[int, int]]) -> None:
    wishes, free, room = week
    given_out = allocate(wishes, free, room)
    assert set(given_out) <= {wish.place for wish in wishes}
    assert can_be(wishes, [given_out.get(wish.place) for wish in wishes], free, room)


@given(weeks())
def test_nobody_goes_without_while_there_is_one_for_them(week: tuple[list[Wish], dict[int, int], dict[int, int]]) -> None:
    wishes, free, room = week
    given_out = allocate(wishes, free, room)
    for wish, pack in left_over(wishes, free, given_out):
        used = sum(given_out.get(other.place) is not None for other in wishes if other.family == wish.family)
        assert wish.place in given_out or used >= room[wish.family], (wish, pack)


@given(weeks())
def test_nobody_has_an_old_one_while_a_new_one_is_left(week: tuple[list[Wish], dict[int, int], dict[int, int]]) -> None:
    wishes, free, room = week
    given_out = allocate(wishes, free, room)
    for wish, pack in left_over(wishes, free, given_out):
        assert given_out.get(wish.place) not in wish.had or pack in wish.had


def left_over(wishes: Sequence[Wish], free: Mapping[int, int], given_out: Mapping[int, int]) -> Iterator[tuple[Wish, int]]:
    """Each pack of which a copy is left, with each child that might have had it."""
    used = Counter(given_out.values())
    for wish, (pack, copies) in product(wishes, free.items()):
        family_has = any(given_out.get(other.place) == pack for other in wishes if other.family == wish.family)
        if used[pack] < copies and pack not in wish.not_these and not family_has:
            yield wish, pack


@settings(deadline=None)
@given(weeks(most_wishes=5, packs=(1, 2, 3)))
@example(([Wish(1, 1, ago(3)), Wish(2, 2, ago(2), {1: ago(9)}, [2])], {1: 1, 2: 1}, {1: 1, 2: 1}))  # an old one that an exchange frees
@example(([Wish(1, 1, ago(3), {1: ago(9), 2: ago(8)}), Wish(2, 2, ago(2), {2: ago(9)})], {1: 1, 2: 1}, {1: 1, 2: 1}))  # two old ones exchanged
@example(([Wish(1, 1, ago(3)), Wish(2, 1, ago(2), {}, [2])], {1: 1, 2: 1}, {1: 2}))  # a brother and a sister exchange
def test_no_other_way_serves_the_order_better(week: tuple[list[Wish], dict[int, int], dict[int, int]]) -> None:
    wishes, free, room = in_turn(week[0]), week[1], week[2]
    given_out = allocate(wishes, free, room)
    ways = (way for way in product([None, *free], repeat=len(wishes)) if can_be(wishes, way, free, room))
    best = max([worth(wish, pack) for wish, pack in zip(wishes, way, strict=True)] for way in ways)
    assert [worth(wish, given_out.get(wish.place)) for wish in wishes] == best


@given(families=st.integers(1, 12), copies=st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_nobody_starves(families: int, copies: list[int]) -> None:
    free = dict(enumerate(copies, start=1))
    had: dict[int, dict[int, datetime]] = {family: {} for family in range(families)}
    since = dict.fromkeys(range(families), MONDAY)
    last_week = dict.fromkeys(range(families), -1)
    most = ceil(families / sum(copies)) + 1
    for week in range(3 * most + 3):
        now = MONDAY + timedelta(weeks=week, hours=1)
        given_out = allocate([Wish(family, family, since[family], had[family]) for family in had], free, dict.fromkeys(had, 1))
        for family, pack in given_out.items():
            had[family][pack], since[family], last_week[family] = now, now, week
        assert all(week - last < most for last in last_week.values())


def test_who_waits_longest_has_the_only_one() -> None:
    late, early = Wish(1, 1, ago(1)), Wish(2, 2, ago(2))
    assert allocate([late, early], {7: 1}, {1: 1, 2: 1}) == {2: 7}


def test_packs_are_exchanged_so_that_both_have_a_new_one() -> None:
    first, second = Wish(1, 1, ago(2)), Wish(2, 2, ago(1), {8: ago(20)})
    assert allocate([first, second], {7: 1, 8: 1}, {1: 1, 2: 1}) == {1: 8, 2: 7}


def test_an_old_one_is_given_rather_than_none_and_the_oldest_first() -> None:
    knows_all = Wish(1, 1, ago(2), {7: ago(3), 8: ago(9), 9: ago(5)})
    assert allocate([knows_all], {7: 1, 8: 1, 9: 1}, {1: 1}) == {1: 8}


def test_what_was_lent_least_goes_first() -> None:
    assert allocate([Wish(1, 1, ago(2))], {9: 1, 7: 1}, {1: 1}) == {1: 9}


def test_brother_and_sister_do_not_get_the_same() -> None:
    assert allocate([Wish(1, 1, ago(2)), Wish(2, 1, ago(1))], {7: 2}, {1: 2}) == {1: 7}


@pytest.mark.slow
def test_a_whole_school_is_quick() -> None:
    wishes = [Wish(place, place, ago(1), {pack: ago(5) for pack in range(60) if (place * pack) % 3}) for place in range(200)]
    assert len(allocate(wishes, dict.fromkeys(range(60), 2), dict.fromkeys(range(200), 1))) == 120
