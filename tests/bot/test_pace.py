"""Never above the rate within any second."""

from hypothesis import given
from hypothesis import strategies as st

from bot.pace import SLACK, Pace


class Stopwatch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_one_seconds_worth() -> None:
    watch = Stopwatch()
    pace = Pace(3, watch)
    for _ in range(3):
        assert pace.has_room()
        pace.take()
    assert not pace.has_room()
    assert pace.wait() == 1 + SLACK
    watch.now += 1 + SLACK
    assert pace.has_room()


def test_slower_than_one_a_second() -> None:
    watch = Stopwatch()
    pace = Pace(0.5, watch)
    pace.take()
    watch.now += 2
    assert not pace.has_room()
    watch.now += SLACK
    assert pace.has_room()


def test_a_long_text_is_charged_its_parts() -> None:
    watch = Stopwatch()
    pace = Pace(1, watch)
    assert pace.has_room(3), "one that is larger than a second holds may leave alone"
    pace.take(3)
    watch.now += 2 * (1 + SLACK)
    assert not pace.has_room()
    watch.now += 1 + SLACK
    assert pace.has_room()


def test_a_long_text_waits_for_room() -> None:
    pace = Pace(10, Stopwatch())
    pace.take(9)
    assert pace.has_room()
    assert not pace.has_room(2)


def test_a_provider_that_asks_for_a_pause_gets_it() -> None:
    watch = Stopwatch()
    pace = Pace(10, watch)
    pace.hold(30)
    pace.hold(5)
    assert (pace.has_room(), pace.wait()) == (False, 30)
    watch.now += 30
    assert (pace.has_room(), pace.wait()) == (True, 0)


@given(rate=st.sampled_from([0.5, 1, 3, 20]), steps=st.lists(st.tuples(st.floats(0, 1.5), st.integers(1, 3)), max_size=60))
def test_no_second_holds_more_than_the_rate(rate: float, steps: list[tuple[float, int]]) -> None:
    watch = Stopwatch()
    pace = Pace(rate, watch)
    left: list[tuple[float, int]] = []
    for wait, parts in steps:
        watch.now += wait
        if pace.has_room(parts):
            pace.take(parts)
            left.append((watch.now, parts))
    window, most = max(1.0, 1 / rate), max(int(rate), 1)
    for start, alone in left:
        inside = sum(parts for at, parts in left if start <= at < start + window)
        assert inside <= max(most, alone)


def test_waiting_as_long_as_it_says_is_enough() -> None:
    watch = Stopwatch()
    pace = Pace(2, watch)
    pace.take(5)
    watch.now += pace.wait()
    assert pace.has_room()
