"""Dialogues and notices, found by walking `handlers/`: a new capability registers itself and nothing is edited."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from nlu.wordlists import fold
from translations import Phrase

if TYPE_CHECKING:
    from bot.conversation.chat import Chat
    from data.people import Adult
    from school import School

T = TypeVar("T")
Run = Callable[["Chat", "School"], None]


@dataclass(frozen=True)
class Dialogue:
    """One capability's conversation.

    `menu` is how it stands in the menu, None if it does not; `order` its place there; `about` names it in 'Do you mean …?' and 'Back to: …'.
    An `urgent` one is answered at once, also in the midst of another. `strangers` may have it too.
    `within` are the intents that mean this same dialogue while it is open ('move it to Friday' while booking). `asks` are those that wish for one of its
    answers, taken as known otherwise, to be asked for: the intent, and the answer's key.
    `keyword` starts it as a whole message: what a reminder says to reply.
    A `passing` one is not taken up again once something else was said.
    A `whole` one gives the words to a person: it gets the whole message, and of several such wishes in one only the first by `order` is followed.
    A `general` one answers what anyone might ask: it yields to a person who is written to, to what a message names and, half understood, to what it may answer.
    `hears` are the kinds of entity that are at home in it: a message that names two of them ('ms okafor', 'tomorrow') is believed sooner.
    `takes_over` are dialogues that are over once this one is wished for beside them: it says all that they were for.
    `tells_of` is the kind of entity that it is about: a message that names one, and is not understood otherwise, asks for it.
    It stands in the menu of those for whom `offered` is true, where that is given.
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
    hears: tuple[str, ...] = ()
    asks: Mapping[str, str] = field(default_factory=dict)
    whole: bool = False
    general: bool = False
    takes_over: tuple[str, ...] = ()
    tells_of: str = ""
    offered: Callable[[School, Adult], bool] | None = None


NOTICE = "notice:"
"""What stands before a notice's kind where it is run as a dialogue."""
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
    hears: tuple[str, ...] = (),
    asks: Mapping[str, str] | None = None,
    whole: bool = False,
    general: bool = False,
    takes_over: tuple[str, ...] = (),
    tells_of: str = "",
    offered: Callable[[School, Adult], bool] | None = None,
) -> Callable[[Run], Run]:
    """Make a function the dialogue for an intent. It is run from the top on every turn; docs/dialogues.md explains how to write one."""

    def register(run: Run) -> Run:
        if intent in _dialogues:
            raise ValueError(f"two dialogues for the intent {intent}")
        told = (menu, about or menu, order, urgent, strangers, within, passing, keyword, hears, asks or {}, whole, general, takes_over, tells_of, offered)
        _dialogues[intent] = Dialogue(intent, run, *told)
        return run

    return register


def notice(kind: str) -> Callable[[Run], Run]:
    """Make a function the wording of a notice, run when the notice leaves.

    What it asks becomes the reader's open question. Saying nothing drops the notice.
    """

    def register(run: Run) -> Run:
        if kind in _notices:
            raise ValueError(f"two wordings for the notice {kind}")
        _notices[kind] = run
        return run

    return register


@cache
def _load_handlers() -> None:
    import handlers

    _load_from(handlers.__path__)


def _load_from(folders: Iterable[str]) -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(folders, "handlers.")]
    for name in names:
        importlib.import_module(name)
    return names


@contextmanager
def for_now(*folders: Path) -> Iterator[None]:
    """Whatever registers inside, and the handler files of these folders, are forgotten at the end: for tests."""
    import handlers

    _load_handlers()
    dialogues, notices, path = dict(_dialogues), dict(_notices), list(handlers.__path__)
    names: list[str] = []
    try:
        handlers.__path__ += [str(folder) for folder in folders]
        importlib.invalidate_caches()
        names = _load_from(str(folder) for folder in folders)
        yield
    finally:
        for name in names:
            sys.modules.pop(name, None)
            delattr(handlers, name.rpartition(".")[2])
        _put_back(_dialogues, dialogues)
        _put_back(_notices, notices)
        handlers.__path__[:] = path


def _put_back(registered: dict[str, T], before: dict[str, T]) -> None:
    registered.clear()
    registered.update(before)


def find(name: str) -> Dialogue | None:
    """The dialogue for an intent; a notice counts as one, by its kind with 'notice:' before it."""
    _load_handlers()
    if name.startswith(NOTICE):
        run = _notices.get(name.removeprefix(NOTICE))
        return Dialogue(name, run) if run else None
    return _dialogues.get(name)


def by_keyword(text: str, language: str) -> str | None:
    """The dialogue whose keyword is the whole of `text`, in this language or English."""
    _load_handlers()
    said = fold(text)
    keyed = ((found.name, found.keyword) for found in _dialogues.values() if found.keyword is not None)
    return next((name for name, keyword in keyed if said and said in (fold(keyword.render(language)), fold(keyword.render("en")))), None)


def that_tells_of(kind: str) -> Dialogue | None:
    """The dialogue that is about entities of this kind."""
    return next((found for found in all_dialogues() if found.tells_of == kind), None)


def all_dialogues() -> list[Dialogue]:
    """Every dialogue there is, by name."""
    _load_handlers()
    return sorted(_dialogues.values(), key=lambda found: found.name)


def about(name: str) -> Phrase | None:
    """How the dialogue for this intent is named in a sentence."""
    found = find(name)
    return found.about if found else None


def is_general(name: str) -> bool:
    """Whether the dialogue for this intent answers what anyone might ask, and yields to what else may be meant."""
    found = find(name)
    return found is not None and found.general


def menu() -> list[Dialogue]:
    """The dialogues that stand in the menu, in their order."""
    _load_handlers()
    return sorted((found for found in _dialogues.values() if found.menu), key=lambda found: (found.order, found.name))
