"""The real clients against the stand-in: what each makes of a good answer, and of every bad one."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest
from googletrans.constants import LANGUAGES as KNOWN_TO_GOOGLETRANS

from bot.settings.model import LANGUAGES
from tests.standin.client import StandIn
from tests.standin.translators import translated
from tests.translations.conftest import MakeServer, unused_address
from translations.providers import Busy, ProviderError, Refused, Rubbish, TimedOut, Unreachable, Why
from translations.providers.base import code, retry_after, translated_failures
from translations.providers.google import Google
from translations.providers.google_cloud import GoogleCloud
from translations.providers.languages import GOOGLE, GOOGLE_CLOUD
from translations.providers.libretranslate import BELIEVED, LibreTranslate

pytestmark = pytest.mark.anyio
NAMES = ["google_cloud", "libretranslate", "google"]
TEXT = "Please bring ⟦1⟧ & a coat on ⟦2⟧.\n Thank you, “all”! 🎒"


async def fails(provider: Any, source: str = "en", target: str = "ur", text: str = TEXT) -> ProviderError:
    with pytest.raises(ProviderError) as error:
        await provider.translate(text, source, target)
    return error.value


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("target", ["ur", "es", "zh-Hans", "am"])
async def test_a_translation_comes_back_as_it_was_given(standin: StandIn, make_server: MakeServer, name: str, target: str) -> None:
    assert await make_server(name).translate(TEXT, "en", target) == translated(TEXT, "en", target)
    (asked,) = standin.log(f"{name}.translate")
    assert (asked["text"], asked["source"]) == (TEXT, "en")
    assert asked["target"] == ({"google_cloud": "zh-CN", "google": "zh-cn"}.get(name, target) if target == "zh-Hans" else target)


@pytest.mark.parametrize("name", NAMES)
async def test_a_parents_words_come_back_in_english(make_server: MakeServer, name: str) -> None:
    theirs = translated("can i come on monday", "en", "ar")
    assert await make_server(name).translate(theirs, "ar", "en") == "can i come on monday"


@pytest.mark.parametrize("name", NAMES)
async def test_an_address_may_have_a_path_and_end_in_a_slash(standin: StandIn, make_server: MakeServer, name: str) -> None:
    assert await make_server(name, f"{standin.url}/translators/").translate("hello", "en", "es") == translated("hello", "en", "es")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "kind, details, error, reason",
    [
        ("429", {}, Busy, "busy"),
        ("500_before", {"status": 503}, Busy, "busy"),
        ("500_before", {"status": 502}, Unreachable, "status 502"),
        ("rubbish", {"status": 302, "body": ""}, Refused, "blocked"),
        ("rubbish", {"status": 404}, Refused, "address"),
        ("rubbish", {"status": 413}, Refused, "length"),
        ("rubbish", {"status": 400}, Refused, "request"),
        ("rubbish", {"status": 200}, Rubbish, None),
        ("rubbish", {"status": 200, "body": ""}, Rubbish, None),
        ("rubbish", {"status": 200, "body": "[]"}, Rubbish, None),
        ("rubbish", {"status": 200, "body": "{}"}, Rubbish, None),
        ("rubbish", {"status": 200, "body": "7"}, Rubbish, None),
        ("rubbish", {"status": 200, "body": "[" * 100_000}, Rubbish, None),
        ("trick", {"trick": "null"}, Rubbish, None),
        ("trick", {"trick": "half"}, Rubbish, None),
        ("drop_before", {}, Unreachable, "RemoteProtocolError"),
        ("drop_after", {}, Unreachable, "RemoteProtocolError"),
    ],
)
async def test_what_is_no_translation_says_what_it_is(
    standin: StandIn, make_server: MakeServer, name: str, kind: str, details: dict[str, Any], error: type[ProviderError], reason: str | None
) -> None:
    standin.fault(f"{name}.translate", kind, **details)
    provider = make_server(name)
    failure = await fails(provider)
    assert type(failure) is error
    assert reason in {None, failure.reason}
    assert await provider.translate("hello", "en", "es") == translated("hello", "en", "es")


@pytest.mark.parametrize("name", NAMES)
async def test_a_wait_that_is_asked_for_is_kept(standin: StandIn, make_server: MakeServer, name: str) -> None:
    standin.fault(f"{name}.translate", "429", after=90)
    standin.fault(f"{name}.translate", "429")
    provider = make_server(name)
    waits = []
    for _ in range(2):
        failure = await fails(provider)
        assert isinstance(failure, Busy)
        waits.append(failure.after)
    assert waits == [timedelta(seconds=90), None]


@pytest.mark.parametrize("name", NAMES)
async def test_silence_and_absence_are_told_apart(standin: StandIn, make_server: MakeServer, name: str) -> None:
    standin.fault(f"{name}.translate", "hang_before", seconds=1)
    assert type(await fails(make_server(name, timeout=0.2))) is TimedOut
    assert (await fails(make_server(name, unused_address()))).reason == "ConnectError"


@pytest.mark.parametrize("name", NAMES)
async def test_no_log_and_no_error_holds_the_text(standin: StandIn, make_server: MakeServer, name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    provider = make_server(name)
    private = "private words"
    await provider.translate(private, "en", "es")
    for kind in ("500_before", "drop_before", "rubbish"):
        standin.fault(f"{name}.translate", kind, status=200 if kind == "rubbish" else 503)
        failure = await fails(provider, text=private)
        assert "private" not in f"{failure!r} {failure.__cause__!r}"
    told = caplog.text + repr(vars(provider))
    assert "private" not in told
    assert standin.google_cloud_key not in told


@pytest.mark.parametrize("name", NAMES)
async def test_a_text_that_is_no_utf_8_is_refused(standin: StandIn, make_server: MakeServer, name: str) -> None:
    assert (await fails(make_server(name), text="half \udc80 a letter")).reason == "request"
    assert standin.log(f"{name}.translate") == []


@pytest.mark.parametrize("name", NAMES)
async def test_a_language_that_it_does_not_have_is_refused(make_server: MakeServer, name: str) -> None:
    for source, target in (("en", "tlh"), ("tlh", "en"), ("en", "sr-Cyrs")):
        assert (await fails(make_server(name), source, target)).reason == "pair"


@pytest.mark.parametrize("name", NAMES)
async def test_an_answer_without_end_is_not_read_to_it(standin: StandIn, make_server: MakeServer, name: str) -> None:
    if name != "google":  # googletrans reads what comes; the time limit ends it
        standin.fault(f"{name}.translate", "rubbish", status=200, body=" " * 2_000_001)
        assert (await fails(make_server(name))).reason == "too long"


# Google Cloud


async def test_the_key_stands_in_a_header_and_nowhere_else(standin: StandIn, make_server: MakeServer) -> None:
    await make_server("google_cloud").translate("hello", "en", "es")
    assert [asked["query"] for asked in standin.log("google_cloud.translate")] == [{}]


async def test_a_wrong_key_is_told_as_such(standin: StandIn) -> None:
    provider = GoogleCloud("another", standin.url)
    assert (await fails(provider)).reason == "key"
    await provider.close()


@pytest.mark.parametrize(
    "status, message, reason",
    [
        (403, "User Rate Limit Exceeded", "busy"),
        (403, "Daily Limit Exceeded", "busy"),
        (403, "Requests to this API are blocked.", "key"),
        (400, "Text too long", "length"),
        (400, "Bad language pair: en|xx", "pair"),
        (400, "Required parameter: q", "request"),
        (401, "Request had invalid authentication credentials.", "key"),
    ],
)
async def test_what_the_cloud_refuses_is_told_by_its_words(standin: StandIn, make_server: MakeServer, status: int, message: str, reason: str) -> None:
    standin.fault("google_cloud.translate", "refuse", status=status, description=message)
    assert (await fails(make_server("google_cloud"))).reason == reason


# LibreTranslate


@pytest.mark.parametrize(
    "status, message, reason",
    [
        (400, "xx is not supported", "pair"),
        (400, "Chinese (zh) is not available as a target language from Spanish (es)", "pair"),
        (400, "Invalid request: request (51) exceeds text limit (50)", "length"),
        (400, "Please contact the server operator to get an API key", "key"),
        (400, "Invalid request: missing q parameter", "request"),
        (403, "Invalid API key", "key"),
        (403, "Too many request limits violations", "blocked"),
    ],
)
async def test_what_libretranslate_refuses_is_told_by_its_words(standin: StandIn, make_server: MakeServer, status: int, message: str, reason: str) -> None:
    standin.fault("libretranslate.translate", "refuse", status=status, description=message)
    assert (await fails(make_server("libretranslate"))).reason == reason


async def test_its_key_is_sent_where_there_is_one(standin: StandIn) -> None:
    standin.control(libretranslate_key="open sesame")
    with_key, without, wrong = (LibreTranslate(standin.url, key) for key in ("open sesame", None, "open barley"))
    assert await with_key.translate("hello", "en", "es") == translated("hello", "en", "es")
    assert [(await fails(provider)).reason for provider in (without, wrong)] == ["key", "key"]
    for provider in (with_key, without, wrong):
        await provider.close()


async def test_its_languages_are_asked_for_once_an_hour(standin: StandIn) -> None:
    seconds = [0.0]
    provider = LibreTranslate(standin.url, clock=lambda: seconds[0])
    standin.control(libretranslate_languages=["en", "es"])
    await provider.translate("hello", "en", "es")
    standin.control(libretranslate_languages=["en", "es", "fr"])
    assert (await fails(provider, target="fr")).reason == "pair"
    assert len(standin.log("libretranslate.languages")) == 1
    seconds[0] += BELIEVED
    assert await provider.translate("hello", "en", "fr") == translated("hello", "en", "fr")
    await provider.close()


async def test_a_model_that_is_gone_has_its_languages_read_anew(standin: StandIn, make_server: MakeServer) -> None:
    provider = make_server("libretranslate")
    await provider.translate("hello", "en", "es")
    standin.control(libretranslate_languages=["en"])
    assert [(await fails(provider, target="es")).reason for _ in range(2)] == ["pair", "pair"]
    assert [len(standin.log(f"libretranslate.{what}")) for what in ("languages", "translate")] == [2, 1]


@pytest.mark.parametrize("theirs, tag", [("zh", "zh-Hans"), ("zh-Hans", "zh"), ("zh-Hans", "zh-Hans-CN"), ("zt", "zh-Hant"), ("pt-BR", "pt"), ("nb", "no")])
async def test_other_versions_codes_are_understood(standin: StandIn, make_server: MakeServer, theirs: str, tag: str) -> None:
    standin.control(libretranslate_languages=["en", theirs])
    await make_server("libretranslate").translate("hello", "en", tag)
    assert standin.log("libretranslate.translate")[0]["target"] == theirs


@pytest.mark.parametrize("kind, details", [("rubbish", {"status": 200, "body": "{}x"}), ("rubbish", {"status": 200, "body": "[7]"}), ("429", {})])
async def test_without_a_list_of_languages_nothing_is_sent(standin: StandIn, make_server: MakeServer, kind: str, details: dict[str, Any]) -> None:
    standin.fault("libretranslate.languages", kind, **details)
    assert isinstance(await fails(make_server("libretranslate")), Rubbish | Busy)
    assert standin.log("libretranslate.translate") == []


@pytest.mark.parametrize("text", ["3 &lt; 4 &amp;&amp; 5", "fish & chips", "Q&A &", "&#39;", "a &notit b"])
async def test_entities_survive_a_server_that_unescapes(make_server: MakeServer, text: str) -> None:
    assert await make_server("libretranslate").translate(text, "en", "en") == text


# googletrans


async def test_googletrans_is_asked_for_the_translation_alone(standin: StandIn, make_server: MakeServer) -> None:
    await make_server("google").translate("hello", "en", "es")
    (asked,) = standin.log("google.translate")
    assert {name: asked["query"][name] for name in ("client", "sl", "tl", "dt", "q")} == {"client": "gtx", "sl": "en", "tl": "es", "dt": "t", "q": "hello"}
    assert asked["host"] == standin.url.removeprefix("http://")


async def test_half_a_list_is_no_translation(standin: StandIn, make_server: MakeServer) -> None:
    standin.fault("google.translate", "trick", trick="half_list")
    assert (await fails(make_server("google"), text="School is open. It is not closed. See you there. Thank you.")).reason == "half"


async def test_where_there_is_no_key_a_403_keeps_us_out(standin: StandIn, make_server: MakeServer) -> None:
    standin.fault("google.translate", "refuse", status=403)
    assert (await fails(make_server("google"))).reason == "blocked"


async def test_without_an_address_it_would_ask_google_itself() -> None:
    provider = Google()
    request = httpx.Request("GET", "https://translate.googleapis.com/translate_a/single?q=hello")
    await provider._readdress(request)
    assert request.url.host == "translate.googleapis.com"
    assert request.headers["host"] == "translate.googleapis.com"
    await provider.close()


# What all share


def test_every_language_offered_has_a_code_of_googles() -> None:
    assert [tag for tag in LANGUAGES if tag.lower() not in GOOGLE or tag.lower() not in GOOGLE_CLOUD] == []
    assert sorted(set(GOOGLE.values()) - KNOWN_TO_GOOGLETRANS.keys()) == []


@pytest.mark.parametrize(
    "tag, found", [("en-GB", "en"), ("EN", "en"), ("zh", "zh-cn"), ("zh-Hans-CN", "zh-cn"), ("zh-Hant-HK", "zh-tw"), ("fa-AF", "fa-af"), ("pt-BR", "pt")]
)
def test_a_region_is_left_out_where_it_has_no_code(tag: str, found: str) -> None:
    assert code(GOOGLE, tag) == found


@pytest.mark.parametrize("tag", ["", "sr-Latn", "uz-Arab", "tlh", "x-private"])
def test_a_script_is_never_left_out(tag: str) -> None:
    with pytest.raises(Refused) as error:
        code(GOOGLE, tag)
    assert error.value.why is Why.PAIR


@pytest.mark.parametrize(
    "told, date, seconds",
    [
        ("30", "", 30),
        (" 0 ", "", 0),
        ("99999999", "", 86_400),
        ("Mon, 02 Mar 2026 09:11:00 GMT", "Mon, 02 Mar 2026 09:10:00 GMT", 60),
        ("Mon, 02 Mar 2026 09:09:00 GMT", "Mon, 02 Mar 2026 09:10:00 GMT", 0),
        ("Mon, 02 Mar 2026 09:11:00 GMT", "", None),
        ("Mon, 02 Mar 2026 09:11:00 GMT", "Mon, 02 Mar 2026 09:10:00 -0000", None),
        ("soon", "", None),
        ("-1", "", None),
        ("", "", None),
    ],
)
def test_a_wait_is_read_in_both_of_its_forms(told: str, date: str, seconds: int | None) -> None:
    assert retry_after(httpx.Headers({"Retry-After": told, "Date": date})) == (None if seconds is None else timedelta(seconds=seconds))


def failures_of_httpx() -> list[type[Exception]]:
    def below(kind: type[Exception]) -> list[type[Exception]]:
        return [kind, *(found for child in kind.__subclasses__() for found in below(child))]

    return [*below(httpx.HTTPError), httpx.InvalidURL]


@pytest.mark.parametrize("kind", failures_of_httpx())
def test_every_failure_of_httpx_becomes_one_of_ours(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    error.args = ("private words",)
    with pytest.raises(ProviderError) as ours, translated_failures():
        raise error
    assert "private" not in f"{ours.value!r} {ours.value.__cause__!r}"
