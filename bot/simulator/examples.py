"""What to try on a phone, in its owner's language where we have it. Each shows another side: a booking, a question, news, a person, a law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

EXAMPLES: Mapping[str, Sequence[str]] = {
    "en": (
        "Can I see the teacher on Thursday after 3?",
        "When is my appointment?",
        "She is ill and not coming today",
        "Please ring me",
        "HELP",
        "STOP",
    ),
    "so": ("Waxaan rabaa inaan la kulmo macallinka", "Ayaan maanta ma imaan doono, wuu xanuunsan yahay", "STOP"),
    "pt": ("Quero marcar uma reunião com a professora", "O meu filho está doente e hoje não vai à escola", "Quero falar com alguém", "STOP"),
    "ar": ("أريد موعدا مع المعلمة", "ابنتي مريضة ولن تأتي اليوم", "أريد أن أتحدث مع شخص", "STOP"),
    "pl": ("Chcę umówić się z nauczycielką", "Córka jest chora i dziś nie przyjdzie", "STOP"),
    "es": ("Quiero una cita con la maestra", "Mi hijo está enfermo y hoy no va", "STOP"),
}
_ENGLISH_TOO = EXAMPLES["en"][:2]


def examples(language: str) -> Sequence[tuple[str, str]]:
    """Messages to try, each with its language: the owner's own first, then some in English, which everyone may write."""
    own = EXAMPLES.get(language, ())
    if language == "en" or not own:
        return [(text, "en") for text in EXAMPLES["en"]]
    return [*((text, language) for text in own), *((text, "en") for text in _ENGLISH_TOO)]
