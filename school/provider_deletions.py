"""What is to be deleted at providers because someone was erased: tried until it is done, or written down as impossible with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import or_, select

from data.attention import Need
from data.data_requests import DataRequest, ProviderDeletion, ProviderDeletionState
from school import School
from school.attention import call_for_a_person

TRIES = 9
"""How often a provider is asked, at growing waits: a week in all. Then a person is told."""
FIRST_WAIT = timedelta(seconds=30)
NAMES_THEM = ("telegram",)
"""Channels whose id of a message has the person's chat in it: it is not kept once it is of no use. Others' is, so that a person can delete it by hand."""


def to_delete(school: School, limit: int) -> Sequence[ProviderDeletion]:
    """What may be asked for now, the oldest first; a file before the message that it came with."""
    due = or_(ProviderDeletion.next_at.is_(None), ProviderDeletion.next_at <= school.now)
    statement = select(ProviderDeletion).where(ProviderDeletion.state == ProviderDeletionState.WANTED, due)
    return school.session.scalars(statement.order_by(ProviderDeletion.id).limit(limit)).all()


def of_request(school: School, request: DataRequest) -> Sequence[ProviderDeletion]:
    """What providers held when this request was carried out, and what became of it."""
    return school.session.scalars(select(ProviderDeletion).where(ProviderDeletion.request_id == request.id).order_by(ProviderDeletion.id)).all()


def deleted(school: School, deletion_id: int) -> None:
    """The provider has it no more."""
    row = _locked(school, deletion_id)
    if row is not None:
        row.state, row.reference, row.next_at = ProviderDeletionState.DONE, "", None


def not_deleted(school: School, deletion_id: int, reason: str, *, for_good: bool) -> None:
    """The provider did not delete it. It is asked again after growing waits, for a week; `for_good`: it never will. Then a person is told, once a request."""
    row = _locked(school, deletion_id)
    if row is None:
        return
    row.attempts, row.reason = row.attempts + 1, reason[:100]
    if not for_good and row.attempts < TRIES:
        row.next_at = school.now + min(FIRST_WAIT * 4 ** (row.attempts - 1), timedelta(days=1))
        return
    row.state, row.next_at = ProviderDeletionState.IMPOSSIBLE, None
    if row.channel in NAMES_THEM:
        row.reference = ""
    if not for_good:
        # Two that are given up together would each find that nobody was called yet.
        school.session.get(DataRequest, row.request_id, with_for_update={"of": DataRequest})
        detail = f"{row.channel} did not delete what it holds of someone who was erased: see the request's report"
        call_for_a_person(school, Need.FAILED, key=f"erased:{row.request_id}:{row.channel}", detail=detail)


def _locked(school: School, deletion_id: int) -> ProviderDeletion | None:
    row = school.session.get(ProviderDeletion, deletion_id, with_for_update={"of": ProviderDeletion})
    return row if row is not None and row.state == ProviderDeletionState.WANTED else None
