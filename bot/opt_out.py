"""`bookbag twilio opt-out`: the words and texts for Twilio's Advanced Opt-Out, to be pasted into its console, in every language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import typer

from bot.settings import Settings
from handlers.consent import STARTED, STOPPED
from handlers.talk import HOW_THIS_WORKS
from nlu.exact import Words
from nlu.wordlists import fold, words_of
from school.consent import CARRIER_START, CARRIER_WORDS
from translations import LanguageName, Phrase, keywords, written

LISTS = ("stop", "start", "help")
TRAPS = (CARRIER_WORDS | CARRIER_START) - {"stop", "stopall", "unsubscribe", "revoke", "optout", "start", "unstop"}
"""What a carrier takes for STOP or START unless it is told otherwise, and what a parent writes about an appointment: CANCEL, END, QUIT, YES."""
SURE = {"stop": "STOP", "start": "START", "help": "HELP"}
"""The words that Twilio keeps in any case."""


@dataclass(frozen=True)
class Pasted:
    """What is pasted for one language: the words and the answer, by 'stop', 'start' and 'help'."""

    language: str
    words: Mapping[str, Sequence[str]]
    texts: Mapping[str, str]


def show(settings: Settings) -> int:
    """Print it all. Always 0."""
    typer.echo(
        "Twilio's console, Messaging, Services, your service, Opt-Out Management: turn on Advanced Opt-Out. Take CANCEL, END, QUIT and YES out of its lists:\n"
        "a parent who calls off an appointment with CANCEL would be cut off. Then paste for each language, and set twilio.advanced_opt_out: true.\n"
        "All but English are drafts that no native speaker has read."
    )
    school = settings.school
    for each in pasted(school.name, school.phone or ""):
        typer.echo(f"\n{written(LanguageName(each.language), 'en')} ({each.language})")
        for kind in LISTS:
            typer.echo(f"  {SURE[kind]} words: {', '.join(each.words[kind]) or f'none of one word, {SURE[kind]} serves'}")
            typer.echo(f"  {SURE[kind]} answer: {each.texts[kind]}")
    return 0


def pasted(school: str, phone: str) -> Sequence[Pasted]:
    """What is pasted, English first. A word is one without spaces, means the same to Bookbag whatever language its reader has, and is pasted once."""
    exact = Words.load()
    tags = sorted(exact.languages, key=lambda tag: (tag != "en", tag))
    given: set[str] = set()
    return [Pasted(tag, _words(exact, tag, given), _texts(tag, school, phone)) for tag in tags]


def _words(exact: Words, tag: str, given: set[str]) -> Mapping[str, Sequence[str]]:
    lists = words_of(tag)
    assert lists is not None  # the tag is one of theirs
    found: dict[str, list[str]] = {}
    for kind in LISTS:
        sure = [SURE[kind]] if tag == "en" else []
        for word in chain(sure, (word.upper() for word in lists.phrases[kind])):
            is_sure_of = all(exact.exact(word, each) == kind for each in exact.languages)
            if " " not in word and "'" not in word and fold(word) not in given | TRAPS and is_sure_of:
                given.add(fold(word))
                found.setdefault(kind, []).append(word)
    return {kind: found.get(kind, []) for kind in LISTS}


def _texts(tag: str, school: str, phone: str) -> Mapping[str, str]:
    said: Mapping[str, Phrase] = {"stop": STOPPED, "start": STARTED, "help": HOW_THIS_WORKS}
    values = {"school": school, "phone": phone, "menu": keywords.MENU, "person": keywords.PERSON}
    return {kind: phrase.format(**values).render(tag) for kind, phrase in said.items()}
