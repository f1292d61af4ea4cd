"""One provider after the other: the real clients and guards against the stand-in, and providers in this process where only the order matters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from tests.standin.client import StandIn
from tests.standin.translators import translated, tricked
from tests.translations.conftest import Clock, MakeServer
from translations.chain import NOBODY, Answer, Chain, NotTranslated
from translations.masking import Masked, Names, mask
from translations.providers import LIMITS, Guard, ProviderError, Unreachable

pytestmark = pytest.mark.anyio
TODAY = date(2026, 3, 2)
ALL = ["google_cloud", "libretranslate", "google"]
TEXT = "Amina needs a warm coat. Please send £4.50 too!\nMore: https://bookbag.example/trip"
TOLERATED = ["", "space", "digits", "fullwidth", "twice", "case", "shuffle"]
BROKEN = ["drop", "double", "bare", "half_mark", "word", "unknown", "renumber", "joined", "stray", "number"]
UNUSABLE = {"echo": "same", "empty": "empty", "wrong_script": "script", "repeat": "length", "html": "html", "control": "controls", "link": "link"}


def masked(text: str = TEXT, *names: str) -> Masked:
    return mask(text, Names(nearest=names or ("Amina",), others=()), today=TODAY)


class Engine:
    """A provider in this process that plays one trick after the other, then translates honestly; `asked` is what it was asked."""

    def __init__(self, name: str = "engine", *tricks: str | ProviderError, always: str = "") -> None:
        self._name, self.tricks, self.always = name, list(tricks), always
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.is_closed = False

    @property
    def name(self) -> str:
        return self._name

    async def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append(text)
        await self.may_answer.wait()
        trick = self.tricks.pop(0) if self.tricks else self.always
        if isinstance(trick, ProviderError):
            raise trick
        return tricked(text, source, target, trick)

    async def close(self) -> None:
        self.is_closed = True


def expected(target: str) -> str:
    """TEXT as the fake engines translate it honestly, with its values in their places."""
    translation = translated("⟦1⟧ needs a warm coat. Please send ⟦2⟧ too!\nMore: ⟦3⟧", "en", target)
    return translation.replace("⟦1⟧", "Amina").replace("⟦2⟧", "£4.50").replace("⟦3⟧", "https://bookbag.example/trip")


async def fails(chain: Chain, text: Masked | None = None, target: str = "ur") -> dict[str, str]:
    with pytest.raises(NotTranslated) as error:
        await chain.translate(text or masked(), "en", target)
    return dict(error.value.reasons)


@pytest.fixture
def make_chain(make_server: MakeServer, clock: Clock) -> Callable[..., Chain]:
    """Makes a chain of real clients behind their guards, by their names."""
    return lambda *names: Chain(*(Guard(make_server(name), LIMITS[name], 5.0, clock, clock.sleep) for name in names))


MakeChain = Callable[..., Chain]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("trick", [trick for trick in TOLERATED if trick != "shuffle"])
@pytest.mark.parametrize("target", ["ur", "pl", "zh-Hans"])
async def test_marks_spelt_otherwise_are_read_all_the_same(standin: StandIn, make_chain: MakeChain, name: str, trick: str, target: str) -> None:
    standin.fault(f"{name}.translate", "trick", trick=trick)
    answer = await make_chain(name).translate(masked(), "en", target)
    assert (words(answer.text), answer.provider) == (words(expected(target)), name)
    assert len(standin.log(f"{name}.translate")) == 1


def words(text: str) -> str:
    """Without white space, which an engine may put around a mark."""
    return "".join(text.split())


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("trick", BROKEN)
async def test_a_broken_mark_is_tried_in_another_form(standin: StandIn, make_chain: MakeChain, name: str, trick: str) -> None:
    standin.fault(f"{name}.translate", "trick", trick=trick)
    chain = make_chain(name)
    assert (await chain.translate(masked(), "en", "ur")).text == expected("ur")
    asked = [entry["text"] for entry in standin.log(f"{name}.translate")]
    assert len(set(asked)) == len(asked) == 2
    ((provider, language, why),) = chain.broken
    assert (provider, language, why.split()[0]) == (name, "ur", "marks")


@pytest.mark.parametrize("name", ALL)
async def test_no_registered_name_reaches_a_provider(standin: StandIn, make_chain: MakeChain, name: str) -> None:
    standin.fault(f"{name}.translate", "trick", trick="drop", times=-1)
    await fails(make_chain(name))
    entries = standin.log(f"{name}.translate")
    assert len(entries) > 2
    assert "amina" not in str(entries).lower()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("trick, reason", UNUSABLE.items())
async def test_an_unusable_answer_sends_to_the_next_provider(standin: StandIn, make_chain: MakeChain, name: str, trick: str, reason: str) -> None:
    others = [other for other in ALL if other != name]
    standin.fault(f"{name}.translate", "trick", trick=trick, times=-1)
    chain = make_chain(name, *others)
    answer = await chain.translate(masked(), "en", "ur")
    assert (answer.text, answer.provider) == (expected("ur"), others[0])
    assert dict(chain.broken) == {(name, "ur", reason): 1}


async def test_the_last_that_stopped_each_is_told(standin: StandIn, make_chain: MakeChain) -> None:
    standin.fault("google_cloud.translate", "429", times=-1)
    standin.fault("libretranslate.translate", "trick", trick="drop", times=-1)
    standin.fault("google.translate", "trick", trick="echo", times=-1)
    chain = make_chain(*ALL)
    assert list((await fails(chain)).items()) == [("google_cloud", "busy"), ("libretranslate", "marks lost"), ("google", "same")]
    assert len(standin.log("google_cloud.translate")) == 1
    await fails(chain)
    assert len(standin.log("google_cloud.translate")) == 1  # it rests


async def test_without_a_provider_nothing_is_translated() -> None:
    assert await fails(Chain()) == {}


async def test_sentences_go_one_by_one_where_the_whole_will_not() -> None:
    whole = masked()
    engine = Engine("engine", *["drop"] * len(whole.forms()))
    answer = await Chain(engine).translate(whole, "en", "ur")
    assert answer.text == expected("ur")
    assert len(engine.asked) > len(whole.forms())
    assert all(len(asked) < len(TEXT) / 2 for asked in engine.asked[len(whole.forms()) :])


async def test_one_sentence_that_will_not_sends_all_to_the_next() -> None:
    whole = masked()
    first, second = Engine("first", *["drop"] * len(whole.forms()), "", always="echo"), Engine("second")
    answer = await Chain(first, second).translate(whole, "en", "ur")
    assert (answer.text, answer.provider) == (expected("ur"), "second")


async def test_the_key_serves_every_name() -> None:
    engine = Engine()
    answers = [await Chain(engine).translate(masked(f"{name} is ill today.", name), "en", "ur") for name in ("Amina", "Tomasz")]
    assert answers[0].text_key == answers[1].text_key == translated("⟦1⟧ is ill today.", "en", "ur")
    assert [answer.text.split()[0] for answer in answers] == ["Amina", "Tomasz"]


async def test_a_text_without_marks_is_asked_for_once() -> None:
    engine = Engine("engine", always="stray")
    assert await fails(Chain(engine), masked("School is closed today.")) == {"engine": "marks stray"}
    assert len(engine.asked) == 1


@pytest.mark.parametrize("text", ["Amina", "Amina 🎒 £4.50!", "", " \n"])
async def test_what_has_no_words_is_nobodys_to_translate(text: str) -> None:
    engine = Engine()
    assert (await Chain(engine).translate(masked(text), "en", "ur")).text == text
    assert (await Chain(engine).translate(masked(text), "en", "ur")).provider == NOBODY
    assert engine.asked == []


async def test_white_space_around_and_between_stays(standin: StandIn, make_chain: MakeChain) -> None:
    text = "  Amina is ill.\n\nPlease call £4.50  times.  "
    for name in ALL:
        standin.fault(f"{name}.translate", "trick", trick="drop", times=2)
        answer = await make_chain(name).translate(masked(text), "en", "ur")
        assert answer.text == translated(text.replace("Amina", "⟦1⟧"), "en", "ur").replace("⟦1⟧", "Amina")


@pytest.mark.parametrize(
    "text", ["[Amina] is ill today.", "Is (Amina) ill {today}?", "#Amina# is ill, 50% sure, 3 &lt; 4 <b>today</b>", "⟦Amina⟧ [X1X] is ill \u202etoday\x00"]
)
async def test_what_looks_like_a_mark_comes_through(text: str) -> None:
    whole = masked(text)
    answer = await Chain(Engine()).translate(whole, "en", "ur")
    values = {f"⟦{kept.number}⟧": kept.source for kept in whole.kept}
    translation = translated(whole.key, "en", "ur")
    for mark, value in values.items():
        translation = translation.replace(mark, value)
    assert answer.text == translation


async def test_who_wants_the_same_meanwhile_shares_the_call() -> None:
    engine = Engine()
    engine.may_answer.clear()
    chain = Chain(engine)
    asked = [begin(chain.translate(masked(f"{name} is ill today.", name), "en", tag)) for name in ("Amina", "Tomasz", "Farid") for tag in ("ur", "pl")]
    await others_go_on()
    assert len(engine.asked) == 2
    engine.may_answer.set()
    told = [answer.text.split()[0] for answer in await asyncio.gather(*asked)]
    assert told == ["Amina", "Amina", "Tomasz", "Tomasz", "Farid", "Farid"]
    await chain.translate(masked("Amina is ill today."), "en", "ur")
    assert len(engine.asked) == 3  # nothing is remembered: that is the memory's business


async def test_who_stops_waiting_does_not_disturb_the_others() -> None:
    engine = Engine()
    engine.may_answer.clear()
    chain = Chain(engine)
    first, second = begin(chain.translate(masked(), "en", "ur")), begin(chain.translate(masked(), "en", "ur"))
    await others_go_on()
    first.cancel()
    await others_go_on()
    engine.may_answer.set()
    assert (await second).text == expected("ur")
    assert first.cancelled()
    assert len(engine.asked) == 1


async def test_a_failure_is_told_to_everyone_who_waits() -> None:
    engine = Engine("engine", Unreachable("ConnectError"))
    chain = Chain(engine)
    ended = await asyncio.gather(*(chain.translate(masked(), "en", "ur") for _ in range(3)), return_exceptions=True)
    assert [str(end) for end in ended] == ["engine: ConnectError"] * 3
    assert len(engine.asked) == 1


async def test_closing_closes_every_provider() -> None:
    engines = Engine("first"), Engine("second")
    await Chain(*engines).close()
    assert [engine.is_closed for engine in engines] == [True, True]


async def test_no_log_and_no_error_holds_a_text(standin: StandIn, make_chain: MakeChain, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ALL:
        standin.fault(f"{name}.translate", "trick", trick="drop", times=-1)
    with pytest.raises(NotTranslated) as error:
        await make_chain(*ALL).translate(masked(), "en", "ur")
    told = f"{caplog.text} {error.value!r} {error.value.__cause__!r} {error.value.__context__!r}"
    assert [word for word in ("Amina", "coat", "4.50", "bookbag.example") if word in told] == []


def begin(waiting: Awaitable[Answer]) -> asyncio.Future[Answer]:
    return asyncio.ensure_future(waiting)


async def others_go_on() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
