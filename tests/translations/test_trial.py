"""The trial: 500 sentences as staff write them, through engines that play tricks. Each comes back right, or not at all."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import date

import pytest

from tests.standin.translators import LANGUAGES, TRICKS, alphabet, translated, tricked
from translations.chain import Answer, Chain, NotTranslated
from translations.masking import Masked, Names, mask

pytestmark = pytest.mark.anyio
TODAY = date(2026, 3, 2)
SENTENCES = 500
TEMPLATES = [
    "{child} has been unwell since {time} and would like to go home.",
    "Dear parents, {child} and {other} need £{money} for the trip on {day}. Thank you!",
    "{teacher} will see you on {day} at {time} in room {number}.",
    "Please send {child}'s coat back by {day}; {number} coats are still missing.",
    "The trip is full. {other} is number {number} on the waiting list.\nMore at {link}",
    "Could {child} bring {number} books on {day}? {teacher} has asked twice. Call {phone} if not.",
    "Book here: {link} before {day}, {time}. It costs £{money} and {number}% goes to charity.",
    "{child} did very well in spelling today: {number} out of 20. Well done, {child}!",
    "School is closed on {day} because of the snow. It opens again at {time}. Ask {teacher} or write to {mail}.",
    "{other} found a lost glove. Is it {child}'s? {teacher} keeps it until {day}.",
]
CHILDREN = ["Amina", "Tomasz", "Farid", "Nguyen", "Oluwaseun", "Zeynep", "Siobhan", "Xavier"]
TEACHERS = ["Ms Okafor", "Mr Kowalczyk", "Mrs Haddad"]
DAYS = ["Tue 3 March", "Friday 13 March 2026", "4 May", "19/6/2026", "Monday 9 March"]
TIMES = ["3pm", "15:10", "8.45am", "12:00"]
LINKS = ["https://bookbag.example/trips?id=7&x=1", "https://example.test/a_b/c-d", "www.bookbag.example/19"]
NAMES = Names(nearest=[*CHILDREN[:4], *TEACHERS[:1]], others=[*CHILDREN[4:], *TEACHERS[1:]])
GOOD = ["", "", "", "space", "digits", "fullwidth", "twice", "case", "shuffle"]
BAD = [*(trick for trick in TRICKS if trick not in GOOD), "echo", "wrong_script"]


def sentence(drawn: random.Random) -> tuple[str, dict[str, str]]:
    """A sentence, and the values in it that must come back as they are."""
    child, other = drawn.sample(CHILDREN, 2)
    same = {
        "child": child,
        "other": other,
        "teacher": drawn.choice(TEACHERS),
        "number": str(drawn.randint(21, 98)),
        "money": f"{drawn.randint(1, 60)}.{drawn.randint(10, 99)}",
        "link": drawn.choice(LINKS),
        "phone": f"07700 900{drawn.randint(100, 999)}",
        "mail": "office@bookbag.example",
    }
    template = drawn.choice(TEMPLATES)
    text = template.format(day=drawn.choice(DAYS), time=drawn.choice(TIMES), **same)
    return text, {value: kind for kind, value in same.items() if f"{{{kind}}}" in template}


class Trickster:
    """An engine that does something else each time."""

    def __init__(self, name: str, drawn: random.Random, honesty: float) -> None:
        self.name, self._drawn, self._honesty = name, drawn, honesty
        self.asked: list[str] = []

    async def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append(text)
        tricks = GOOD if self._drawn.random() < self._honesty else BAD
        return tricked(text, source, target, self._drawn.choice(tricks))

    async def close(self) -> None:
        """Nothing to let go of."""


def faults(text: str, masked: Masked, same: dict[str, str], answer: str, target: str) -> list[str]:
    """What is wrong with a translation: a value that does not stand in it as often as it should, or anything that should not be there."""
    wrong = [value for value in same if answer.count(value) != text.count(value)]
    rest, source_rest = answer, masked.key
    for kept in sorted(masked.kept, key=lambda kept: -len(kept.written(target))):
        times = masked.key.count(f"⟦{kept.number}⟧")
        if rest.count(kept.written(target)) < times:
            wrong.append(kept.written(target))
        rest = rest.replace(kept.written(target), " ", times)
    source_rest = re.sub(r"⟦\d+⟧", " ", source_rest)
    wrong += [name for name in [*CHILDREN, *TEACHERS] if name in rest]
    wrong += re.findall(r"\d+|[⟦⟧【】〚〛\[\]{}]|https?:\S*|www\.\S*", rest)
    if words(rest, target) != words(translated(source_rest, "en", target), target):
        wrong.append("other words")
    return wrong


def words(text: str, target: str) -> Counter[str]:
    letters = set(alphabet(target))
    return Counter("".join(character for character in text.casefold() if character in letters))


@pytest.mark.parametrize("honesty", [0.75, 0.3])
async def test_a_wrong_value_never_comes_back(honesty: float) -> None:
    drawn = random.Random(20260302)
    engines = [Trickster("first", drawn, honesty), Trickster("second", drawn, honesty)]
    chain = Chain(*engines)
    targets = [tag for tag in LANGUAGES if tag not in {"en", "de"}]
    outcomes: Counter[str] = Counter()
    for n in range(SENTENCES):
        text, same = sentence(drawn)
        masked = mask(text, NAMES, today=TODAY)
        target = targets[n % len(targets)]
        outcome = await ended(chain, masked, target)
        if isinstance(outcome, Answer):
            assert faults(text, masked, same, outcome.text, target) == [], (target, text, outcome.text)
        outcomes[type(outcome).__name__] += 1
    assert outcomes["Answer"] > SENTENCES * honesty * 0.8
    assert outcomes["NotTranslated"] > 0
    assert len(chain.broken) > 100
    leaked = {name for engine in engines for asked in engine.asked for name in CHILDREN + TEACHERS if name.casefold() in asked.casefold()}
    assert leaked == set()


async def ended(chain: Chain, masked: Masked, target: str) -> Answer | NotTranslated:
    try:
        return await chain.translate(masked, "en", target)
    except NotTranslated as refused:
        return refused
