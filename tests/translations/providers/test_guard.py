"""Pace, time limit, circuit and counters, with a clock that stands still."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from tests.standin.client import StandIn
from tests.standin.translators import translated
from tests.translations.conftest import Clock, MakeServer
from translations.providers import LIMITS, Busy, Guard, Limits, ProviderError, Refused, Resting, Rubbish, Server, State, TimedOut, Unreachable, Why

pytestmark = pytest.mark.anyio
NAMES = ["google_cloud", "libretranslate", "google"]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Scripted:
    """A server in this process. It ends as its script says, one entry a request, then well; `asked` is what it was asked and when."""

    name = "scripted"

    def __init__(self, clock: Clock, *script: Exception) -> None:
        self.script, self.clock = list(script), clock
        self.asked: list[tuple[str, float]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def pieces(self, text: str) -> Sequence[str]:
        return text.split("|")

    async def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append((text, self.clock.now.timestamp()))
        await self.may_answer.wait()
        if self.script:
            raise self.script.pop(0)
        return f" {text.upper()} "

    async def close(self) -> None:
        self.asked.append(("closed", 0))


def guard(server: Server, clock: Clock, limits: Limits | None = None, timeout: float = 5.0) -> Guard:
    return Guard(server, limits or Limits(4, timedelta(), MINUTE, 30 * MINUTE), timeout, clock, clock.sleep)


async def fails(guarded: Guard, text: str = "hello") -> ProviderError:
    with pytest.raises(ProviderError) as error:
        await guarded.translate(text, "en", "es")
    return error.value


async def test_what_it_answers_comes_back_and_is_counted(clock: Clock) -> None:
    server = Scripted(clock, Rubbish("shape"))
    guarded = guard(server, clock)
    await fails(guarded)
    assert await guarded.translate("hello", "en", "es") == "HELLO"
    assert await guarded.translate("hello", "en", "ar") == "HELLO"
    assert dict(guarded.counts) == {("es", "rubbish"): 1, ("es", "answered"): 1, ("ar", "answered"): 1}
    await guarded.close()
    assert (guarded.name, server.asked[-1][0]) == ("scripted", "closed")


async def test_white_space_around_and_between_pieces_stays(clock: Clock) -> None:
    server = Scripted(clock)
    assert await guard(server, clock).translate("\n one \n| two.|\t| 12 ", "en", "es") == "\n ONE \n TWO.\t 12 "
    assert [text for text, _ in server.asked] == ["one", "two."]


async def test_requests_begin_no_nearer_than_the_pace(clock: Clock) -> None:
    server = Scripted(clock)
    guarded = guard(server, clock, LIMITS["google"])
    await guarded.translate("a|b|c", "en", "es")
    await asyncio.gather(*(guarded.translate("d", "en", tag) for tag in ("es", "fr")))
    begun = [at for _, at in server.asked]
    assert [later - earlier for earlier, later in itertools.pairwise(begun)] == [1.0] * 4


async def test_a_clock_set_back_keeps_nobody_waiting(clock: Clock) -> None:
    guarded = guard(Scripted(clock), clock, LIMITS["google"])
    await guarded.translate("a", "en", "es")
    clock.now -= HOUR
    await guarded.translate("b", "en", "es")
    assert max(clock.slept) <= 1.0


async def test_no_more_are_asked_at_once_than_allowed(clock: Clock) -> None:
    server = Scripted(clock)
    server.may_answer.clear()
    guarded = guard(server, clock, LIMITS["libretranslate"])
    waiting = [asyncio.create_task(guarded.translate(letter, "en", "es")) for letter in "abc"]
    await until(lambda: len(server.asked) == 2)
    server.may_answer.set()
    assert await asyncio.gather(*waiting) == ["A", "B", "C"]


async def test_a_text_has_one_time_limit_for_all_its_pieces(clock: Clock) -> None:
    server = Scripted(clock)
    server.may_answer.clear()
    guarded = guard(server, clock, timeout=0.05)
    assert type(await fails(guarded, "a|b")) is TimedOut
    assert dict(guarded.counts) == {("es", "timed_out"): 1}


@pytest.mark.parametrize("error", [Busy(), Refused(Why.KEY), Refused(Why.BLOCKED)], ids=lambda error: error.reason)
async def test_who_asks_for_peace_is_left_in_it_at_once(clock: Clock, error: ProviderError) -> None:
    server = Scripted(clock, error)
    guarded = guard(server, clock)
    assert await fails(guarded) is error
    assert guarded.state == State("scripted", is_resting=True, until=clock.now + MINUTE, why=error.reason)
    resting = await fails(guarded)
    assert isinstance(resting, Resting)
    assert (resting.until, resting.reason, len(server.asked)) == (clock.now + MINUTE, error.reason, 1)
    clock.now += MINUTE
    assert await guarded.translate("hello", "en", "es") == "HELLO"
    assert guarded.state == State("scripted", is_resting=False)


@pytest.mark.parametrize("error", [Unreachable("ConnectError"), TimedOut(), Rubbish("shape"), Refused(Why.ADDRESS)], ids=lambda error: error.reason)
async def test_other_failures_open_the_circuit_after_some(clock: Clock, error: ProviderError) -> None:
    guarded = guard(Scripted(clock, *[error] * 3), clock)
    assert [type(await fails(guarded)) for _ in range(4)] == [type(error)] * 3 + [Resting]


async def test_an_answer_between_failures_keeps_it_closed(clock: Clock) -> None:
    server = Scripted(clock)
    guarded = guard(server, clock)
    for _ in range(3):
        server.script = [Unreachable("ConnectError")] * 2
        assert [type(await fails(guarded)) for _ in range(2)] == [Unreachable] * 2
        await guarded.translate("hello", "en", "es")
    assert not guarded.state.is_resting


@pytest.mark.parametrize("why", [Why.PAIR, Why.LENGTH, Why.REQUEST])
async def test_what_lies_with_the_text_never_opens_it(clock: Clock, why: Why) -> None:
    guarded = guard(Scripted(clock, *[Refused(why)] * 10), clock)
    assert [(await fails(guarded)).reason for _ in range(10)] == [why] * 10


@pytest.mark.parametrize("name, minutes", [("google", [30, 60, 120, 240, 480, 960, 1440, 1440]), ("libretranslate", [1, 2, 4, 8, 16, 30, 30])])
async def test_each_try_that_fails_doubles_the_rest(clock: Clock, name: str, minutes: list[int]) -> None:
    guarded = guard(Scripted(clock, *[Busy()] * len(minutes)), clock, LIMITS[name])
    rests = []
    for _ in minutes:
        await fails(guarded)
        assert guarded.state.until is not None
        rests.append((guarded.state.until - clock.now).total_seconds() / 60)
        clock.now = guarded.state.until
    assert rests == minutes
    await guarded.translate("hello", "en", "es")
    assert not guarded.state.is_resting


async def test_a_longer_wait_that_is_asked_for_is_honoured(clock: Clock) -> None:
    guarded = guard(Scripted(clock, Busy(HOUR), Busy(timedelta(seconds=1))), clock)
    await fails(guarded)
    assert guarded.state.until == clock.now + HOUR
    clock.now += HOUR
    await fails(guarded)
    assert guarded.state.until == clock.now + 2 * MINUTE


async def test_while_one_tries_the_others_do_not_wait(clock: Clock) -> None:
    server = Scripted(clock, Busy())
    guarded = guard(server, clock)
    await fails(guarded)
    clock.now += MINUTE
    server.may_answer.clear()
    trying = asyncio.create_task(guarded.translate("hello", "en", "es"))
    await until(lambda: len(server.asked) == 2)
    resting = await fails(guarded)
    assert isinstance(resting, Resting)
    assert resting.until is None
    server.may_answer.set()
    assert await trying == "HELLO"


async def test_a_try_that_is_given_up_leaves_the_next_to_try(clock: Clock) -> None:
    server = Scripted(clock, Busy())
    guarded = guard(server, clock)
    await fails(guarded)
    clock.now += MINUTE
    server.may_answer.clear()
    trying = asyncio.create_task(guarded.translate("hello", "en", "es"))
    await until(lambda: len(server.asked) == 2)
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    server.may_answer.set()
    assert await guarded.translate("hello", "en", "es") == "HELLO"


async def test_late_failures_and_answers_change_no_rest(clock: Clock) -> None:
    server = Scripted(clock, Busy(), Busy(), Busy())
    server.may_answer.clear()
    guarded = guard(server, clock)
    asked = [asyncio.create_task(guarded.translate(letter, "en", "es")) for letter in "abcd"]
    await until(lambda: len(server.asked) == 4)
    server.may_answer.set()
    ended = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(end) for end in ended] == [Busy, Busy, Busy, str]
    assert guarded.state.until == clock.now + MINUTE


async def test_opening_and_closing_are_logged_once_without_the_text(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    guarded = guard(Scripted(clock, Busy()), clock)
    for _ in range(2):
        await fails(guarded, "private words")
    clock.now += MINUTE
    await guarded.translate("private words", "en", "es")
    assert [record.getMessage() for record in caplog.records] == [
        "translation provider scripted rests until 2026-03-02T09:11:00+00:00: busy",
        "translation provider scripted is back",
    ]


@pytest.mark.parametrize("name", NAMES)
async def test_a_long_text_arrives_whole_in_pieces(standin: StandIn, make_server: MakeServer, clock: Clock, name: str) -> None:
    text = "\n\n".join(f"Please bring ⟦{n}⟧ on ⟦{n + 1}⟧. Thank you for all your help with this, and see you soon!" for n in range(1, 120, 2))
    guarded = guard(make_server(name), clock, LIMITS[name])
    assert await guarded.translate(text, "en", "ar") == translated(text, "en", "ar")
    asked = standin.log(f"{name}.translate")
    assert len(asked) > 1
    assert len(clock.slept) == (0 if name == "libretranslate" else len(asked) - 1)


@pytest.mark.parametrize("name", NAMES)
async def test_silence_ends_with_the_time_limit(standin: StandIn, make_server: MakeServer, clock: Clock, name: str) -> None:
    standin.fault(f"{name}.translate", "hang_before", seconds=0.5)
    assert type(await fails(guard(make_server(name), clock, LIMITS[name], timeout=0.1))) is TimedOut


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind, status, reason", [("429", 429, "busy"), ("500_before", 503, "busy"), ("rubbish", 403, None), ("rubbish", 302, "blocked")])
async def test_a_real_refusal_opens_the_circuit(
    standin: StandIn, make_server: MakeServer, clock: Clock, name: str, kind: str, status: int, reason: str | None
) -> None:
    standin.fault(f"{name}.translate", kind, status=status, after=5400 if kind == "429" else None)
    guarded = guard(make_server(name), clock, LIMITS[name])
    assert (await fails(guarded)).reason == reason or reason is None
    assert isinstance(await fails(guarded), Resting)
    assert guarded.state.until == clock.now + (timedelta(seconds=5400) if kind == "429" else LIMITS[name].first_rest)
    assert len(standin.log(f"{name}.translate")) == 1


async def until(happened: Callable[[], bool]) -> None:
    """Lets the others go on until that has happened."""
    for _ in range(100):
        await asyncio.sleep(0)
    assert happened()
