"""Noticing writes: whether anything was changed inside a savepoint and still stands."""

from __future__ import annotations

from typing import Self

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction

_WATCH = "bookbag.watch"
"""Where a session keeps its watch. The listeners are on every session, once, since adding four to each session a turn costs more than the turn."""


class WriteWatch:
    """Remembers into which transaction or savepoint each write of a session went; those of one that was rolled back are forgotten."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._written: set[SessionTransaction] = set()

    def __enter__(self) -> Self:
        self._session.info[_WATCH] = self
        return self

    def __exit__(self, *_: object) -> None:
        self._session.info.pop(_WATCH, None)

    def wrote_in(self, savepoint: SessionTransaction) -> bool:
        """Whether this savepoint holds a write, flushed or not."""
        session = self._session
        if session.new or session.deleted or any(session.is_modified(thing) for thing in session.dirty):
            return True
        return any(_is_within(written, savepoint) for written in self._written)

    def note(self) -> None:
        """Something was written just now."""
        current = self._session.get_nested_transaction() or self._session.get_transaction()
        if current is not None:
            self._written.add(current)

    def forget(self, undone: SessionTransaction) -> None:
        """This was rolled back, and with it all inside it."""
        self._written = {written for written in self._written if not _is_within(written, undone)}


def _is_within(inner: SessionTransaction | None, outer: SessionTransaction) -> bool:
    while inner is not None and inner is not outer:
        inner = inner.parent
    return inner is outer


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _: UOWTransaction) -> None:
    watch: WriteWatch | None = session.info.get(_WATCH)
    if watch is not None and (session.new or session.deleted or any(session.is_modified(thing) for thing in session.dirty)):
        watch.note()


@event.listens_for(Session, "do_orm_execute")
def _executed(state: ORMExecuteState) -> None:
    watch: WriteWatch | None = state.session.info.get(_WATCH)
    if watch is not None and (state.is_insert or state.is_update or state.is_delete):
        watch.note()


@event.listens_for(Session, "after_soft_rollback")
def _rolled_back(session: Session, undone: SessionTransaction) -> None:
    watch: WriteWatch | None = session.info.get(_WATCH)
    if watch is not None:
        watch.forget(undone)
