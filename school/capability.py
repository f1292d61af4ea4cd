"""What the rest of the house must know of a capability. A leaf: it knows none of them; it finds them by walking this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import school

if TYPE_CHECKING:
    from data.people import Adult
    from data.texts import Text
    from school import School
    from school.files import File


@dataclass(frozen=True)
class Named:
    """Things that a parent may call by their names: heard as an entity of this `kind`, they are rows of `model`.

    `known(school, adult)` gives those that this adult may mean, as ids and what staff called them.
    """

    kind: str
    model: str
    known: Callable[[School, Adult], Iterable[tuple[int, Text]]]


Switches = Sequence[str] | Callable[["School", Mapping[str, Any]], Sequence[str]]
"""The kinds of message, of those that a parent may switch off, that a notice is: it comes only where all of them are on. May depend on what it is about."""


@dataclass(frozen=True)
class Capability:
    """One capability's answers to the questions that the house asks of all. What it does not need it leaves out.

    `due(school)` does what has fallen due, each effect under a unique key, and may be called at any time, twice, or late.
    `heard(school, adult)` is called whenever an adult writes, before their turn.
    `export(school, adult)` is what is held about an adult, as plain data; `erase(school, adult)` removes it; `retain(school)` removes what is past its time.
    `files` says how a thing of this capability is made into a file that goes along with a message: by its model's name.
    `optional` are those of its notices that a parent may switch off, by their kind; every other always comes.
    `named` are its things that parents call by their names. `demo(school)` fills the demo school.
    """

    name: str
    due: Callable[[School], None] | None = None
    heard: Callable[[School, Adult], None] | None = None
    export: Callable[[School, Adult], Mapping[str, Any]] | None = None
    erase: Callable[[School, Adult], None] | None = None
    retain: Callable[[School], None] | None = None
    files: Mapping[str, Callable[[School, Any], File]] = field(default_factory=dict)
    optional: Mapping[str, Switches] = field(default_factory=dict)
    named: Named | None = None
    demo: Callable[[School], None] | None = None


def capabilities(folder: ModuleType = school) -> Iterator[Capability]:
    """Every capability in the folder, in the order of their file names."""
    yield from _found(folder)


@cache
def _found(folder: ModuleType) -> tuple[Capability, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    declared = (getattr(importlib.import_module(f"{folder.__name__}.{name}"), "capability", None) for name in names)
    return tuple(found for found in declared if isinstance(found, Capability))
