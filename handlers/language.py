"""Which language Bookbag speaks with someone: changed by a word, or offered when they write in another; and a message as it was written."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, families, texts
from translations import LanguageName, Phrase, _, has_catalog, keywords

BARE = 2
"""Up to so many words, a message that names a language says nothing else: 'English please'."""


# Translators: names the wish for another language, in 'Do you mean: Another language?'; also an entry of the menu.
@dialogue(intent="change_language", menu=_("Another language"), order=85, keyword=keywords.LANGUAGE, hears=("language",))
def change_language(chat: Chat, school: School) -> None:
    """The language that was named, or one of those that the school offers, each in its own name."""
    named = list(dict.fromkeys(chat.heard("language")))
    named = [tag for tag in named if tag != chat.adult.language] or named  # 'stop the Polish, English is fine' names two
    original = _asked_for_original(chat, school, named)
    if original is not None:
        chat.say(_("As it was written: {text}"), text=original)
        chat.go("offer_language", language=named[0])
    offered = named or _offered(school, but=chat.adult.language)
    tag = chat.choose("language", offered, _("Which language would you like?"), label=LanguageName.own, hears="language", pick_single=bool(named))
    _speak(chat, school, tag)


@dialogue(intent="offer_language", passing=True)
def offer_language(chat: Chat, school: School) -> None:
    """They wrote in another language twice: shall it be theirs from now on?"""
    tag = chat.args["language"]
    if chat.confirm(
        "switch",
        # Translators: they wrote twice in {language}.
        _("Would you like me to write in {language}?"),
        # Translators: a button. At most 20 characters.
        yes=_("Yes please"),
        # Translators: a button. At most 20 characters.
        no=_("No, as it is"),
        language=LanguageName(tag),
    ):
        _speak(chat, school, tag)


@dialogue(intent="show_original", urgent=True, keyword=keywords.ORIGINAL)
def show_original(chat: Chat, school: School) -> None:
    """The last message that a computer translated for them, as it was written."""
    written_so = texts.last_translated_for(school, chat.adult)
    if written_so is None:
        chat.say(_("No message was translated for you in the last days."))
        return
    # Translators: {text} is a message in the language that it was written in.
    chat.say(_("As it was written: {text}"), text=written_so.words)


def _asked_for_original(chat: Chat, school: School, named: list[str]) -> str | None:
    """'English' after a message that was translated from English may mean that message alone: it is shown, and the rest is asked."""
    last = texts.last_translated_for(school, chat.adult, within=texts.JUST_NOW)
    is_bare = len(chat.text.split()) <= BARE and len(named) == 1
    return last.words if last is not None and is_bare and texts.same_language(last.language, named[0]) else None


def _offered(school: School, *, but: str) -> list[str]:
    """All others that the school offers, those first in which Bookbag has its own sentences; a school that offers one alone shows that one."""
    tags = [tag for tag in dict.fromkeys(("en", *school.settings.languages)) if tag != but]
    return sorted(tags or [but], key=lambda tag: not has_catalog(tag))


def _speak(chat: Chat, school: School, tag: str) -> None:
    """From now on, this sentence too. Where there is no catalog of the language, what that means is said."""
    families.speak(school, chat.adult, tag)
    chat.say(_now_in(tag), language=LanguageName(tag), keyword=keywords.LANGUAGE)


def _now_in(tag: str) -> Phrase:
    if has_catalog(tag):
        # Translators: said in the language that was just chosen. {keyword} is a word to text back.
        return _("From now on I write to you in {language}. {keyword} changes it.")
    # Translators: only ever shown in English, to someone whose language has no translation of this list.
    return _("My own sentences stay in English. What the school writes to you comes in {language} where we can translate it. {keyword} changes it.")
