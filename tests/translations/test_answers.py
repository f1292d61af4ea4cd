"""What cannot be a translation is told from what can."""

from __future__ import annotations

import pytest

from bot.settings.model import LANGUAGES
from tests.standin.translators import tricked
from translations.answers import SCRIPTS, Unusable, check

TEXT = "Please bring a coat and a packed lunch on ⟦1⟧, ⟦2⟧. Thank you!"
OTHERS = [tag for tag in LANGUAGES if tag != "en"]


def reason(source: str, answer: str, target: str) -> str | None:
    try:
        check(source, answer, target)
    except Unusable as unusable:
        return unusable.reason
    return None


def test_every_language_offered_has_a_script() -> None:
    assert [tag for tag in LANGUAGES if tag.partition("-")[0] not in SCRIPTS] == []


@pytest.mark.parametrize("target", [*OTHERS, "tlh", "ku-Arab", "pa-Arab"])
@pytest.mark.parametrize("form", ["⟦{}⟧", "[X{}X]", "#{}#"])
def test_an_honest_translation_passes(target: str, form: str) -> None:
    text = TEXT.replace("⟦1⟧", form.format(1)).replace("⟦2⟧", form.format(2))
    like = {"ku-Arab": "ur", "pa-Arab": "ur"}.get(target, target)
    for trick in ("", "space", "digits", "fullwidth", "twice", "case", "shuffle"):
        assert reason(text, tricked(text, "en", like, trick), target) is None


@pytest.mark.parametrize("target", OTHERS)
@pytest.mark.parametrize(
    "trick, why",
    [("echo", "same"), ("empty", "empty"), ("html", "html"), ("entities", "html"), ("control", "controls"), ("link", "link"), ("long", "length")],
)
def test_a_dishonest_one_is_refused(target: str, trick: str, why: str) -> None:
    assert reason(TEXT, tricked(TEXT, "en", target, trick), target) == why


@pytest.mark.parametrize("target", OTHERS)
def test_a_loop_and_another_script_are_refused(target: str) -> None:
    assert reason(TEXT, tricked(TEXT, "en", target, "wrong_script"), target) == "script"
    assert reason(TEXT, tricked(TEXT, "en", target, "repeat"), target) in {"repeats", "length"}


@pytest.mark.parametrize(
    "source, answer, target",
    [
        # Real sentences, as people translate them.
        ("Your child was late.", "您的孩子迟到了。", "zh-Hans"),
        ("您的孩子迟到了。", "Your child was late to school this morning.", "en"),
        ("The school is closed tomorrow because of the snow.", "Trường học sẽ đóng cửa vào ngày mai vì tuyết.", "vi"),
        ("Please use WhatsApp or Zoom.", "برائے مہربانی WhatsApp یا Zoom استعمال کریں۔", "ur"),
        ("Log in to ParentPay", "ParentPay میں لاگ ان کریں", "ur"),
        ("The school is closed.", "La escuela está cerrada.", "es"),
        ("Yes", "አዎ", "am"),
        ("No", "Nie", "pl"),
        ("OK, thank you", "ठीक है, धन्यवाद", "hi"),
        ("⟦1⟧ is ill", "⟦1⟧ nie czuje się dobrze i jest chora", "pl"),
        ("[X1X] is ill", "[×1×] 生病了", "zh-Hans"),
        ("AT&T; and 3 < 4", "AT&T; y 3 < 4", "es"),
        ("See <b>this</b>", "Vea <b>esto</b>", "es"),
        ("See https://bookbag.example now", "Vea https://bookbag.example ahora", "es"),
        ("می‌روم", "I am going", "en"),
        ("🎒 ⟦1⟧", "🎒 ⟦1⟧", "ar"),
        ("", "", "ar"),
        ("Reply\twith\r\nyes", "Responda\tcon\r\nsí", "es"),
        (
            "Mon: bring a book. Tue: bring shoes. Wed: bring a coat. Thu: bring a hat. Fri: bring a snack. Sat: bring water.",
            "周一：请带上一本书。周二：请带上鞋子。周三：请带上外套。周四：请带上帽子。周五：请带上点心。周六：请带上水。",
            "zh-Hans",
        ),
        # A list that repeats itself in the source may do so in the translation.
        ("\n".join(f"Year {n}: see your teacher" for n in range(12)), "\n".join(f"Año {n}: vea a su maestra" for n in range(12)), "es"),
    ],
)
def test_what_people_write_passes(source: str, answer: str, target: str) -> None:
    assert reason(source, answer, target) is None


@pytest.mark.parametrize(
    "source, answer, target, why",
    [
        ("The school is closed.", "the school is CLOSED", "es", "same"),
        ("The school is closed on ⟦1⟧ because of the snow.", "The school is closed because of la snow.", "es", "same"),
        ("The school is closed.", "Die Schule ist کریں heute leider zu", "ur", "script"),
        ("The school is closed.", " \n", "es", "empty"),
        ("⟦1⟧ is ill.", "⟦1⟧", "es", "empty"),
        ("The school is closed on ⟦1⟧, and the nursery as well, until further notice.", "Sí ⟦1⟧.", "es", "length"),
        ("See www.bookbag.example/a", "Vea www.bookbag.example/b", "es", "link"),
        ("See the list", "Vea la lista en win.example.test/a", "es", "link"),
        ("Hello", "Hola\x00", "es", "controls"),
        ("Hello", "Hola\ue000", "es", "controls"),
        ("Hello there", "Hola \ufffd", "es", "controls"),
        ("Hello there", "Hola &amp; adiós", "es", "html"),
        ("Is there salad for lunch at school on ⟦1⟧?", "Hay " + "ensalada " * 7, "es", "repeats"),
        ("有没有沙拉？请告诉我们，谢谢您。", "salad " * 7, "en", "repeats"),
        ("Is there salad for lunch at school on ⟦1⟧ or on ⟦2⟧?", "沙拉" * 8, "zh-Hans", "repeats"),
    ],
)
def test_what_machines_write_instead_is_refused(source: str, answer: str, target: str, why: str) -> None:
    assert reason(source, answer, target) == why
