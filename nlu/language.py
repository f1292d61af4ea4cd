"""Which language a message is in. Measured in nlu-findings, section 5."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from typing import Any

from nlu.wordlists import fold

OURS = (
    *("am", "ar", "bg", "bn", "de", "el", "en", "es", "fa", "fr", "gu", "ha", "hi", "hu", "it", "ku", "lt", "ne", "nl", "om", "pa", "pl"),
    *("ps", "pt", "ro", "ru", "so", "sq", "sr", "sw", "ta", "tl", "tr", "uk", "ur", "vi", "yo", "zh"),
)
"""What py3langid is asked to choose from: the home languages of London schools. Sorani (ckb) and Tigrinya (ti) are told by their letters."""

_LETTERS_FOR_A_GUESS = 10  # below that py3langid guesses wildly: 'ok', 'no'
_SURE = 0.80  # of a probability calibrated for length by py3langid itself
_ETHIOPIC = re.compile("[\u1200-\u137f\u1380-\u139f\u2d80-\u2ddf]")
# Letters Amharic has given up and Tigrinya is full of (the qhe row, the pharyngeals), and Tigrinya's commonest small words.
_TIGRINYA = re.compile("[\u1250-\u125d\u12b8-\u12be]|[ሐሑሒሓሔሕሖዓዐዑዒዔዕዖኣ]|(?:^| )(?:ናይ|እዩ|እዮም|እያ|ኣብ|አብ|ምስ|ካብ|ኣይ|ክ\\w+|ብዛዕባ|ድማ|ጽባሕ|ሎሚ|ንግሆ|ደቀይ|ወደይ|ጓለይ)(?= |$)")
_AMHARIC = re.compile("[ሸቸ]ው|(?:^| )(?:ነው|ናት|ላይ|ልጄ|ነገ|ዛሬ|እባክዎ|እባክህ|አይ\\w+|ውስጥ|ጋር|እና|ስለ|ነበር|አለ|እፈልጋለሁ)(?= |$)|[ህሽ]ም?$")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f]")
_SORANI = re.compile("[ڕڵۆێە]")
_BENGALI = re.compile("[\u0980-\u09ff]")
_CJK = re.compile("[\u4e00-\u9fff]")

# Urdu, Bengali and Arabic in Latin letters: py3langid takes them for English, Somali or Swahili. Words that are none of English's own.
_ROMANISED = {
    "ur": frozenset(
        (
            "mein mera meri mere mujhe mujhay hai hain nahi nahin aur kya kab kahan bacha bachay beta beti ko ki ka se par aaj kal abhi aap "
            "apka apki hum hamara kar karna karni raha rahi gaya gayi chahiye chahti chahta baat ghar bimar bukhar sakta sakti sakte wala "
            "wali theek thik acha koi kuch kyun shukriya please-karein karein karo hoga hogi thi tha"
        ).split()
    ),
    "bn": frozenset(
        (
            "ami amar amake amader apni apnar apnake tumi ache achen nei na hobe hoise korte korbo korben chai lagbe ajke aj kalke kal amr "
            "meye chele bachcha school-e jabe jabena asbe asbena jor kemon keno kothay kokhon ki kotha bolte bolbo theke sathe shathe ekta "
            "ekhon dorkar parbo parbona pari khub bhalo valo"
        ).split()
    ),
    "ar": frozenset(
        (
            "ana inta enta inti ibni bnti binti ebni mish mesh mush msh 3ayez 3ayza ayez ayza 3andi 3ndi bukra bokra el-yom elyom alyom il "
            "lazim momken mumkin shukran habibi wallah inshallah 7abibi kaman keef kif shu shou eish leish lesh marid mareed madrasa "
            "almadrasa mawid maw3id bidi biddi badi"
        ).split()
    ),
}
_WORDS_FOR_ROMANISED = 2


class Detector:
    """Tells the language of messages. Loads py3langid (a second, 90 MB) at the first text that needs it; safe to share between threads."""

    def __init__(self, languages: Iterable[str] = OURS) -> None:
        self._languages = frozenset(languages)
        self._lock = threading.Lock()
        self._identifier: Any = None

    def warm(self) -> None:
        """Load what the first detection would otherwise wait for."""
        self._load()

    def detect(self, text: str, prior: str) -> str:
        """The language of `text`, cleaned before; `prior`, the language we know the writer by, where the text is too short or too doubtful to tell."""
        if (by_letters := _by_letters(text, prior)) is not None:
            return by_letters
        if sum(char.isalpha() for char in text) < _LETTERS_FOR_A_GUESS:
            return prior
        if (romanised := _romanised(text, prior)) is not None:
            return romanised
        return self._by_model(text, prior)

    def _by_model(self, text: str, prior: str) -> str:
        # classify() walks an automaton over bytes and changes nothing: only loading needs the lock.
        language, certainty = self._load().classify(text.lower())
        if language == prior or certainty >= _SURE:
            return str(language)
        return prior

    def _load(self) -> Any:
        with self._lock:
            if self._identifier is None:
                from py3langid.langid import MODEL_FILE, LanguageIdentifier

                identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
                identifier.set_languages(self._languages & set(identifier.nb_classes))
                self._identifier = identifier
            return self._identifier


def _by_letters(text: str, prior: str) -> str | None:
    """The language where the script alone tells it, or tells it better than py3langid does."""
    if _ETHIOPIC.search(text):
        tigrinya, amharic = len(_TIGRINYA.findall(text)), len(_AMHARIC.findall(text))
        if tigrinya == amharic:
            return prior if prior in {"am", "ti"} else "am"
        return "ti" if tigrinya > amharic else "am"
    if _ARABIC.search(text) and _SORANI.search(text):
        return "ckb"
    if _BENGALI.search(text):
        return "bn"
    if _CJK.search(text) and prior.split("-", maxsplit=1)[0] == "zh":
        return prior
    return None


def _romanised(text: str, prior: str) -> str | None:
    """The language written in Latin letters without an orthography, by words English has not; the writer's own language needs one word less."""
    words = fold(text).split()
    scores = {language: sum(word in known for word in words) for language, known in _ROMANISED.items()}
    scores = {language: score + (language == prior and score > 0) for language, score in scores.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] > _WORDS_FOR_ROMANISED and scores[best] * 3 >= len(words) else None
