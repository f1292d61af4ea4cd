"""What staff had Bookbag learn from stands in a file beside the model too, which the rules do not know.

Whoever removes messages notes it here, in the same transaction; whoever commits it has what was noted forgotten there.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from data.inbox import Received
from school import School

_NOTED = "learnt from what is removed"


def is_removed(school: School, *which: ColumnElement[bool]) -> None:
    """These messages are removed in the transaction under way: what was learnt from them is to be forgotten. Called before they are."""
    rows = select(Received.text).where(*which, Received.corrected.is_not(None), Received.text != "")
    school.session.info.setdefault(_NOTED, []).extend(school.session.scalars(rows))


def to_forget(session: Session) -> Sequence[str]:
    """What was learnt from what this transaction removes: whole messages, as they were written."""
    return tuple(session.info.get(_NOTED, ()))
