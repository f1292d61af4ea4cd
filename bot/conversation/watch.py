"""Noticing writes: whether anything was changed since a savepoint that still stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction


class WriteWatch:
    """Counts a session's writes by the transaction or savepoint they belong to; those of a savepoint that was rolled back do not count."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._writes: dict[SessionTransaction, int] = {}
        self._listeners: list[tuple[str, Any]] = [
            ("after_flush", self._after_flush),
            ("do_orm_execute", self._after_execute),
            ("after_soft_rollback", self._after_rollback),
            ("after_transaction_end", self._after_end),
        ]

    def __enter__(self) -> WriteWatch:
        for name, listener in self._listeners:
            event.listen(self._session, name, listener)
        return self

    def __exit__(self, *_: object) -> None:
        for name, listener in self._listeners:
            event.remove(self._session, name, listener)

    def pending(self) -> bool:
        """Whether the innermost open savepoint holds a write, flushed or not."""
        session = self._session
        if session.new or session.deleted or any(session.is_modified(thing) for thing in session.dirty):
            return True
        current = session.get_nested_transaction()
        return current is not None and self._writes.get(current, 0) > 0

    def _count(self) -> None:
        current = self._session.get_nested_transaction() or self._session.get_transaction()
        if current is not None:
            self._writes[current] = self._writes.get(current, 0) + 1

    def _after_flush(self, session: Session, _: object) -> None:
        if session.new or session.dirty or session.deleted:
            self._count()

    def _after_execute(self, state: ORMExecuteState) -> None:
        if state.is_insert or state.is_update or state.is_delete:
            self._count()

    def _after_rollback(self, _: Session, ended: SessionTransaction) -> None:
        self._writes.pop(ended, None)

    def _after_end(self, _: Session, ended: SessionTransaction) -> None:
        count = self._writes.pop(ended, 0)
        if count and ended.parent is not None:
            self._writes[ended.parent] = self._writes.get(ended.parent, 0) + count
