"""What a value *is*, written down so that a later run finds the same thing, or finds that it is gone.

Models are known by their primary key. Enums and value objects that a handler chooses among are registered once with `identified`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum
from typing import Any, Protocol, TypeVar

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from bot.conversation.state import Identity
from data.base import Base
from nlu.face import When


class Gone(Exception):
    """What the identity names is not there any more."""


class Named(Protocol):
    """A value object that can be written as a short text and read back."""

    @property
    def identity(self) -> str:
        """The value as a short text."""

    @classmethod
    def from_identity(cls, text: str) -> Any:
        """The value that `identity` wrote."""


T = TypeVar("T", bound=type)


def _when_to_json(value: When) -> list[Any]:
    return [part.isoformat() if part else None for part in (value.first, value.last, value.earliest, value.latest)] + [
        value.excluded,
        value.certain,
        value.weekly,
    ]


def _when_from_json(kept: list[Any]) -> When:
    first, last = (date.fromisoformat(part) if part else None for part in kept[:2])
    earliest, latest = (time.fromisoformat(part) if part else None for part in kept[2:4])
    return When(first, last, earliest, latest, excluded=kept[4], certain=kept[5], weekly=any(kept[6:]))  # an older version kept six


_readers: dict[str, Callable[[Any], Any]] = {
    "When": _when_from_json,
    "date": date.fromisoformat,
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}


def identified(cls: T) -> T:
    """Let values of this class (an Enum, or a class with `identity` and `from_identity`) be answers of a question."""
    _readers[cls.__name__] = cls if issubclass(cls, Enum) else cls.from_identity  # type: ignore[attr-defined]
    return cls


def identity(value: object) -> Identity:
    """What this value is. A row that was only just added is written first, so that it has a key. Raises TypeError for a class that was not registered."""
    if value is None or type(value) in (bool, int, float, str):
        return ["", value]
    name = type(value).__name__
    if isinstance(value, Base):
        return [name, _key(value)]
    if name not in _readers:
        raise TypeError(name)
    if isinstance(value, When):
        return [name, _when_to_json(value)]
    if isinstance(value, date | time):
        return [name, value.isoformat()]
    return [name, value.value if isinstance(value, Enum) else value.identity]  # type: ignore[attr-defined]


def load(session: Session, kept: Identity) -> Any:
    """The value again. Raises Gone where a row it names has been removed, and where no such kind of value is known any more."""
    tag, key = kept
    if tag == "":
        return key
    if tag in _readers:
        return _read(tag, key)
    model = _model(tag)
    found = session.get(model, tuple(key)) if model is not None else None
    if found is None:
        raise Gone
    return found


def _key(value: Base) -> list[Any]:
    state = inspect(value)
    if state.identity is None and state.session is not None:
        state.session.flush()
    if state.identity is None:
        raise TypeError(f"{type(value).__name__} is in no session")
    return list(state.identity)


def _read(tag: str, key: Any) -> Any:
    try:
        return _readers[tag](key)
    except ValueError as unknown:  # an Enum lost a value, a value object is written in another way now
        raise Gone from unknown


_models: dict[str, type[Base]] = {}


def _model(name: str) -> type[Base] | None:
    if name not in _models:
        _models.update({mapper.class_.__name__: mapper.class_ for mapper in Base.registry.mappers})
    return _models.get(name)
