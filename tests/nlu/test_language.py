import pytest

from nlu.clean import clean
from nlu.language import Detector


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.mark.parametrize(
    "text,prior,language",
    [
        ("can i see the teacher on thursday please", "so", "en"),
        ("mi hijo está enfermo y no va a la escuela hoy", "en", "es"),
        ("wiilkaygu maanta ma imaan doono iskuulka waa xanuunsan yahay", "en", "so"),
        ("ọmọ mi kò ní wá sí ilé ìwé lónìí", "en", "yo"),
        ("oğlum bugün hasta okula gelemeyecek", "en", "tr"),
        ("ابني مريض ولن يأتي إلى المدرسة اليوم", "en", "ar"),
        ("میرا بیٹا آج بیمار ہے اور سکول نہیں آئے گا", "en", "ur"),
        ("আমার ছেলে আজ অসুস্থ", "en", "bn"),
        ("con tôi bị ốm hôm nay không đi học được", "en", "vi"),
        ("我儿子今天生病了不能去学校", "en", "zh"),
        ("ወደይ ሎሚ ሓሚሙ ስለዘሎ ናብ ቤት ትምህርቲ ኣይመጽእን", "en", "ti"),
        ("ልጄ ዛሬ ታሞ ስለሆነ ወደ ትምህርት ቤት አይመጣም", "en", "am"),
        ("منداڵەکەم نەخۆشە ئەمڕۆ نایەت", "en", "ckb"),
        ("mera beta aaj bimar hai school nahi aa sakta", "en", "ur"),
        ("amar chele ajke school e jabe na khub jor", "en", "bn"),
        ("ok", "so", "so"),
        ("no", "yo", "yo"),
        ("2", "ar", "ar"),
        ("", "pl", "pl"),
        ("😀😀😀", "vi", "vi"),
    ],
)
def test_language_is_told(detector: Detector, text: str, prior: str, language: str) -> None:
    assert detector.detect(clean(text), prior) == language


@pytest.mark.parametrize("text", ["my son is sick today", "i need a meeting about the bus", "can u ring me at home pls", "zara will be late to school"])
def test_english_is_not_taken_for_romanised_urdu(detector: Detector, text: str) -> None:
    assert detector.detect(text, "en") == "en"
