"""Dialogues and notices, found by walking `handlers/`: a new capability registers itself and nothing is edited."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bot.conversation.answers import folded
from translations import Phrase

if TYPE_CHECKING:
    from bot.conversation.chat import Chat
    from school import School

Run = Callable[["Chat", "School"], None]


@dataclass(frozen=True)
class Dialogue:
    """One capability's conversation.

    `menu` is how it stands in the menu, None if it does not; `order` its place there; `about` names it in 'Do you mean …?' and 'Back to: …'.
    An `urgent` one is answered at once, also in the midst of another. `strangers` may have it too.
    `within` are the intents that mean this same dialogue while it is open ('move it to Friday' while booking).
    `keyword` starts it as a whole message: what a reminder says to reply.
    A `passing` one is not taken up again once something else was said.
    """

    name: str
    run: Run
    menu: Phrase | None = None
    about: Phrase | None = None
    order: int = 50
    urgent: bool = False
    strangers: bool = False
    within: tuple[str, ...] = ()
    passing: bool = False
    keyword: Phrase | None = None


_dialogues: dict[str, Dialogue] = {}
_notices: dict[str, Run] = {}


def dialogue(
    *,
    intent: str,
    menu: Phrase | None = None,
    about: Phrase | None = None,
    order: int = 50,
    urgent: bool = False,
    strangers: bool = False,
    within: tuple[str, ...] = (),
    passing: bool = False,
    keyword: Phrase | None = None,
) -> Callable[[Run], Run]:
    """Make a function the dialogue for an intent. It is run from the top on every turn; docs/dialogues.md explains how to write one."""

    def register(run: Run) -> Run:
        if intent in _dialogues:
            raise ValueError(f"two dialogues for the intent {intent}")
        _dialogues[intent] = Dialogue(intent, run, menu, about or menu, order, urgent, strangers, within, passing, keyword)
        return run

    return register


def notice(kind: str) -> Callable[[Run], Run]:
    """Make a function the wording of a notice. It is run when the notice leaves; what it asks becomes the reader's open question. Saying nothing drops the notice."""

    def register(run: Run) -> Run:
        if kind in _notices:
            raise ValueError(f"two wordings for the notice {kind}")
        _notices[kind] = run
        return run

    return register


@cache
def _load_handlers() -> None:
    import handlers

    for module in pkgutil.iter_modules(handlers.__path__, "handlers."):
        importlib.import_module(module.name)


def find(name: str) -> Dialogue | None:
    """The dialogue for an intent; a notice counts as one, by its kind with 'notice:' before it."""
    _load_handlers()
    if name.startswith("notice:"):
        run = _notices.get(name.removeprefix("notice:"))
        return Dialogue(name, run) if run else None
    return _dialogues.get(name)


def by_keyword(text: str, language: str) -> str | None:
    """The dialogue whose keyword is the whole of `text`, in this language or English."""
    _load_handlers()
    said = folded(text)
    keyed = ((found.name, found.keyword) for found in _dialogues.values() if found.keyword is not None)
    return next((name for name, keyword in keyed if said and said in (folded(keyword.render(language)), folded(keyword.render("en")))), None)


def about(name: str) -> Phrase | None:
    """How the dialogue for this intent is named in a sentence."""
    found = find(name)
    return found.about if found else None


def menu() -> list[Dialogue]:
    """The dialogues that stand in the menu, in their order."""
    _load_handlers()
    return sorted((found for found in _dialogues.values() if found.menu), key=lambda found: (found.order, found.name))
