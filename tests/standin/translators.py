"""The translators' side of the stand-in: Google Cloud Translation v2, LibreTranslate and what googletrans asks, with a fake translation and tricks.

The fake puts each letter into one of the target's script, so that it can be read back. What is in digits it leaves alone, as engines mostly do.
A trick is what an engine does to a translation: planned by `fault('google.translate', 'trick', trick='drop')`, or chosen by the text with the
setting `tricks`, {'needle': 'trick'}. The functions here need no server: a test of many texts calls them in its own process.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.standin.faults import Fault
from tests.standin.wire import Answer, Asked

if TYPE_CHECKING:
    from tests.standin.app import StandInApp

PLAIN = "abcdefghijklmnopqrstuvwxyz"
LATIN = "ecdfighjoklmnpuqrstvawxyzb"  # vowels to vowels, consonants to consonants
ALPHABETS = {
    **dict.fromkeys("am ti".split(), "አበገደሀወዘሐጠየከለመነሰዐፈጸቀረሸተቸኀኘጀ"),
    **dict.fromkeys("ar fa ps ur".split(), "ابتثجحخدذرزسشصضطظعغفقکلمنه"),
    "bn": "অআইউএওকখগঘচছজঝটঠডঢতথদধনপফব",
    "gu": "અઆઇઉએઓકખગઘચછજઝટઠડઢતથદધનપફબ",
    **dict.fromkeys("hi ne".split(), "अआइउएओकखगघचछजझटठडढतथदधनपफब"),
    "pa": "ਅਆਇਉਏਓਕਖਗਘਚਛਜਝਟਠਡਢਤਥਦਧਨਪਫਬ",
    "ta": "அஆஇஈஉஊஎஏஐஒஓகஙசஞடணதநபமயரலவழ",
    **dict.fromkeys("bg ru uk".split(), "абвгдежзийклмнопрстуфхцчшщю"[:26]),
    "zh": "的一是不了人我在有他这中大来上个国说们为子和你地出道",
    "en": PLAIN,
}
DIGITS = {"ar": "٠", "fa": "۰", "ur": "۰", "ps": "۰", "bn": "০", "gu": "૦", "hi": "०", "ne": "०", "pa": "੦", "ta": "௦"}
"""A language's own zero; the other nine follow it in Unicode."""
LANGUAGES = "am ar bg bn de en es fa fr gu hi it ku lt ne pa pl ps pt ro ru so sq sw ta ti tr uk ur vi yo zh-Hans".split()
CLOUD_KEY = "stand-in-google-key"

MARK = re.compile(r"(?P<open>[⟦\[#{])(?P<x>X?)(?P<number>\d+)X?(?P<close>[⟧\]#}])")
_WORD = re.compile(r"\w+")
_SEGMENT = re.compile(r".+?(?:[.!?]\s+|\n+|$)", re.DOTALL)


def alphabet(language: str) -> str:
    """The 26 letters that stand for a to z in a language."""
    return ALPHABETS.get(language.lower().split("-")[0], LATIN)


def translated(text: str, source: str, target: str) -> str:
    """`text` with each letter of the source's 26 put into the target's."""
    ours, theirs = alphabet(source), alphabet(target)
    table = str.maketrans(ours + ours.upper(), theirs + theirs.upper()) if ours != ours.upper() else str.maketrans(ours, theirs)
    return _WORD.sub(lambda word: word[0] if any(map(str.isdecimal, word[0])) else word[0].translate(table), text)


def _own_digits(text: str, target: str) -> str:
    zero = ord(DIGITS.get(target.partition("-")[0], "０"))
    return MARK.sub(lambda mark: mark[0].translate({ord("0") + n: zero + n for n in range(10)}), text)


def _renumbered(text: str) -> str:
    """The first mark by the number of the second, or by one that is not there."""
    numbers = [mark["number"] for mark in MARK.finditer(text)]
    other = next((number for number in numbers if number != numbers[0]), "97") if numbers else ""
    return MARK.sub(lambda mark: mark[0].replace(mark["number"], other), text, count=1)


def _around(mark: re.Match[str], before: str, after: str) -> str:
    return f"{before}{mark['x']}{mark['number']}{mark['x']}{after}"


def _words_around(text: str) -> str:
    return " ".join(reversed(text.split(" ")))


TRICKS: dict[str, Callable[[str, str], str]] = {
    "drop": lambda text, target: MARK.sub("", text, count=1),
    "double": lambda text, target: MARK.sub(lambda mark: f"{mark[0]} {mark[0]}", text, count=1),
    "space": lambda text, target: MARK.sub(lambda mark: _around(mark, f" {mark['open']} ", f" {mark['close']} "), text),
    "digits": _own_digits,
    "fullwidth": lambda text, target: MARK.sub(lambda mark: _around(mark, "【", "】"), text),
    "twice": lambda text, target: MARK.sub(lambda mark: _around(mark, "[[", "]]"), text),
    "case": lambda text, target: MARK.sub(lambda mark: mark[0].lower(), text),
    "bare": lambda text, target: MARK.sub(lambda mark: mark["number"], text, count=1),
    "half_mark": lambda text, target: MARK.sub(lambda mark: mark[0][:-1], text, count=1),
    "word": lambda text, target: MARK.sub(lambda mark: translated("one", "en", target), text, count=1),
    "unknown": lambda text, target: MARK.sub(lambda mark: mark[0].replace(mark["number"], "97"), text, count=1),
    "renumber": lambda text, target: _renumbered(text),
    "joined": lambda text, target: MARK.sub(lambda mark: _around(mark, mark["open"], f"5{mark['close']}"), text, count=1),
    "stray": lambda text, target: f"{text} ⟧",
    "number": lambda text, target: f"{text} 7",
    "shuffle": lambda text, target: _words_around(text),
    "repeat": lambda text, target: f"{text} {' '.join([translated('salad', 'en', target)] * 20)}",
    "entities": lambda text, target: text.replace(" ", " &#39;", 1),
    "html": lambda text, target: f"<b>{text}</b>",
    "control": lambda text, target: f"{text}\u202e",
    "link": lambda text, target: f"{text} https://example.test/win",
    "long": lambda text, target: " ".join(translated(f"blah{chr(97 + n % 26)}{chr(97 + n // 26)}", "en", target) for n in range(200)) + text,
    "empty": lambda text, target: "",
}
"""What an engine does to its translation. Beside these: 'echo', the source; 'wrong_script', another's letters; in the JSON 'null', 'half', 'half_list'."""


def tricked(text: str, source: str, target: str, trick: str) -> str:
    """The fake translation after a trick, '' for none."""
    if trick == "echo":
        return text
    if trick == "wrong_script":
        return translated(text, source, "ar" if target in {"bg", "ru", "uk"} else "ru")
    answer = translated(text, source, target)
    return TRICKS[trick](answer, target) if trick in TRICKS else answer


class TranslatorsSide:
    """Three translators. What each was asked stands in the log as 'google_cloud.translate', 'libretranslate.translate' and 'google.translate'."""

    def __init__(self, app: StandInApp) -> None:
        self._app = app
        self._routes = {
            ("POST", "/language/translate/v2"): self._cloud,
            ("POST", "/translate"): self._libre,
            ("GET", "/languages"): self._languages,
            ("GET", "/translate_a/single"): self._google,
        }

    def knows(self, path: str) -> bool:
        """Whether it is one of theirs, below any prefix."""
        return any(path.endswith(known) for _, known in self._routes)

    async def answer(self, asked: Asked) -> Answer:
        for (method, path), route in self._routes.items():
            if asked.method == method and asked.path.endswith(path):
                return await route(asked)
        return Answer(405, "<!doctype html><title>405 Method Not Allowed</title>", {"content-type": "text/html"})

    async def _cloud(self, asked: Asked) -> Answer:
        wish = asked.json()
        if asked.headers.get("x-goog-api-key") != self._app.settings["google_cloud_key"]:
            return _cloud_error(400, "API key not valid. Please pass a valid API key.", "badRequest", "API_KEY_INVALID")
        if {wish["source"], wish["target"]} - {language.replace("zh-Hans", "zh-CN") for language in LANGUAGES}:
            return _cloud_error(400, f"Bad language pair: {wish['source']}|{wish['target']}", "invalid")

        def told(answer: str | None, trick: str) -> Any:
            return {"data": {"translations": [{"translatedText": answer}]}}

        def refused(fault: Fault) -> Answer:
            return _cloud_error(fault.status, fault.description, "forbidden")

        return await self._say("google_cloud", asked, wish["q"], wish["source"], wish["target"], told, refused)

    async def _libre(self, asked: Asked) -> Answer:
        wish, settings = asked.json(), self._app.settings
        if settings["libretranslate_key"] and wish.get("api_key") != settings["libretranslate_key"]:
            given = "api_key" in wish
            return Answer(403 if given else 400, {"error": "Invalid API key" if given else "Please contact the server operator to get an API key"})
        for language in (wish["source"], wish["target"]):
            if language not in settings["libretranslate_languages"]:
                return Answer(400, {"error": f"{language} is not supported"})

        def told(answer: str | None, trick: str) -> Any:
            return {"translatedText": html.unescape(answer) if answer is not None and trick != "entities" else answer}

        def refused(fault: Fault) -> Answer:
            return Answer(fault.status, {"error": fault.description})

        return await self._say("libretranslate", asked, wish["q"], wish["source"], wish["target"], told, refused)

    async def _languages(self, asked: Asked) -> Answer:
        fault = self._app.plan.draw("libretranslate.languages", None)
        self._app.note("libretranslate.languages", accepted=fault is None, fault=fault)
        codes = self._app.settings["libretranslate_languages"]
        return await self._failure(fault) or Answer(body=[{"code": code, "name": code, "targets": codes} for code in codes])

    async def _google(self, asked: Asked) -> Answer:
        query = asked.query

        def told(answer: str | None, trick: str) -> Any:
            segments = _segments(query["q"], query["sl"], query["tl"]) if trick in {"", "half_list"} else [[answer, query["q"], None, None, 10]]
            if trick == "half_list":
                segments = segments[: len(segments) // 2]
            sources = [[query["sl"]], None, [0.97], [query["sl"]]]
            return [None if answer is None else [*segments, [None, None, "tr", "tr"]], None, query["sl"], None, None, None, 0.97, [], sources]

        def refused(fault: Fault) -> Answer:
            return Answer(fault.status, "<html>Sorry</html>", {"content-type": "text/html"})

        return await self._say("google", asked, query["q"], query["sl"], query["tl"], told, refused)

    async def _say(
        self, name: str, asked: Asked, text: str, source: str, target: str, told: Callable[[str | None, str], Any], refused: Callable[[Fault], Answer]
    ) -> Answer:
        """What one request is answered with: a failure, a refusal, or a translation after a trick."""
        fault = self._app.plan.draw(f"{name}.translate", None)
        facts = {"text": text, "source": source, "target": target, "query": asked.query, "host": asked.headers.get("host", "")}
        self._app.note(f"{name}.translate", accepted=fault is None or fault.kind == "trick", fault=fault, **facts)
        if fault and fault.kind == "refuse":
            return refused(fault)
        if failure := await self._failure(fault):
            return failure
        trick = fault.trick if fault else next((trick for needle, trick in self._app.settings["tricks"].items() if needle in text), "")
        body = json.dumps(told(None if trick == "null" else tricked(text, source, target, trick), trick), ensure_ascii=False)
        return Answer(body=body[: len(body) // 2] if trick == "half" else body)

    async def _failure(self, fault: Fault | None) -> Answer | None:
        if fault and fault.kind == "429":
            return Answer(429, {"error": "Slowdown: 2 per 1 minute"}, {} if fault.after is None else {"retry-after": str(int(fault.after))})
        return await self._app.misbehave(fault)


def _segments(text: str, source: str, target: str) -> list[list[Any]]:
    """What Google says of each sentence; white space stays in both halves."""
    return [[translated(part, source, target), part, None, None, 10] for part in _SEGMENT.findall(text)]


def _cloud_error(status: int, message: str, reason: str, detail: str = "") -> Answer:
    error = {"code": status, "message": message, "errors": [{"message": message, "domain": "global", "reason": reason}]}
    return Answer(status, {"error": error | ({"details": [{"reason": detail}]} if detail else {})})
