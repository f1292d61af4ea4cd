"""Which language Bookbag speaks with someone: changed by a word, or offered when they write in another."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from school import School, families
from translations import LanguageName, _


@dialogue(intent="change_language", about=_("Another language"), keyword=_("LANGUAGE"), hears=("language",))
def change_language(chat: Chat, school: School) -> None:
    """The language that was named, or one of those that the school offers."""
    named = [tag for tag in chat.heard("language") if tag != chat.adult.language]
    offered = named or [tag for tag in school.settings.languages if tag != chat.adult.language]
    if not offered:
        chat.say(_("I write to you in {language}."), language=LanguageName(chat.adult.language))
        chat.end()
    tag = chat.choose("language", offered, _("Which language would you like?"), label=LanguageName, hears="language")
    families.speak(school, chat.adult, tag)
    chat.say(_("I will write to you in {language} where I can. LANGUAGE changes it again."), language=LanguageName(tag))


@dialogue(intent="offer_language", passing=True)
def offer_language(chat: Chat, school: School) -> None:
    """They wrote in another language twice: shall it be theirs from now on?"""
    tag = chat.args["language"]
    if chat.confirm("switch", _("Would you like me to write in {language}?"), yes=_("Yes please"), no=_("No, as it is"), language=LanguageName(tag)):
        families.speak(school, chat.adult, tag)
        chat.say(_("I will write to you in {language} where I can. LANGUAGE changes it again."), language=LanguageName(tag))
