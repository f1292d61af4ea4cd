"""The points of the shipped scales, in words, the lowest first: a number alone says little to someone who reads little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.questionnaires import Question, QuestionKind
from translations.phrases import SOURCE, Phrase, _

POINTS: Mapping[str, Sequence[Phrase]] = {
    "agree": (
        # Translators: the lowest of five answers to 'Is this true for you?'. At most 20 characters.
        _("No, not at all"),
        # Translators: the second of five answers to 'Is this true for you?'. At most 20 characters.
        _("Not really"),
        # Translators: the middle of five answers to 'Is this true for you?'. At most 20 characters.
        _("Partly"),
        # Translators: the fourth of five answers to 'Is this true for you?'. At most 20 characters.
        _("Mostly yes"),
        # Translators: the highest of five answers to 'Is this true for you?'. At most 20 characters.
        _("Yes, completely"),
    ),
    "happy": (
        # Translators: the lowest of five answers to 'How happy …?'. At most 20 characters.
        _("Very unhappy"),
        # Translators: the second of five answers to 'How happy …?'. At most 20 characters.
        _("Unhappy"),
        # Translators: the middle of five answers to 'How happy …?'. At most 20 characters.
        _("In between"),
        # Translators: the fourth of five answers to 'How happy …?'. At most 20 characters.
        _("Happy"),
        # Translators: the highest of five answers to 'How happy …?'. At most 20 characters.
        _("Very happy"),
    ),
    "good": (
        # Translators: the lowest of five answers to 'How was …?'. At most 20 characters.
        _("Very bad"),
        # Translators: the second of five answers to 'How was …?'. At most 20 characters.
        _("Bad"),
        # Translators: the middle of five answers to 'How was …?'. At most 20 characters.
        _("So-so"),
        # Translators: the fourth of five answers to 'How was …?'. At most 20 characters.
        _("Good"),
        # Translators: the highest of five answers to 'How was …?'. At most 20 characters.
        _("Very good"),
    ),
    "often": (
        # Translators: the lowest of four answers to 'How often …?'. At most 20 characters.
        _("Never"),
        # Translators: the second of four answers to 'How often …?'. At most 20 characters.
        _("Sometimes"),
        # Translators: the third of four answers to 'How often …?'. At most 20 characters.
        _("Often"),
        # Translators: the highest of four answers to 'How often …?'. At most 20 characters.
        _("Always"),
    ),
}
"""By the scale's name."""


def in_english(question: Question) -> Mapping[str, str]:
    """How each answer that can be chosen reads to staff, by its key, in the order in which they are shown; none where nothing is chosen."""
    if question.kind == QuestionKind.YES_NO:
        return {"yes": "Yes", "no": "No"}
    own = {choice.key: choice.text.words for choice in question.choices}
    points = {str(number): point.render(SOURCE) for number, point in enumerate(POINTS.get(question.scale or "", ()), start=1)}
    return (own or points) | ({"other": "Something else"} if question.takes_other else {})
