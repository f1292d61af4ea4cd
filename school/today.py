"""What a member of staff has to do with today: what waits for them, whom to ring, who comes. Nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import selectinload

from data.appointments import Appointment, AppointmentStaff, AppointmentState
from data.attention import Attention, Need
from data.people import Child
from school import LONDON, School, access
from school.access import Power, Viewer

RING = (Need.NOT_SEEN, Need.RING_ME, Need.CLOSED_DAY, Need.NO_STAFF)
"""Whom someone has to ring."""
NOT_REACHED = (Need.NOT_DELIVERED, Need.ADDRESS, Need.FAILED, Need.DAILY_LIMIT)
NOT_UNDERSTOOD = (Need.NOT_UNDERSTOOD, Need.REFUSED, Need.MEDIA, Need.LATE)


@dataclass(frozen=True)
class Today:
    """Each list the oldest first. `to_agree` is what a text may not decide. `coming` are today's appointments, by time."""

    safeguarding: Sequence[Attention]
    to_agree: Sequence[Attention]
    urgent: Sequence[Attention]
    unanswered: Sequence[Attention]
    to_ring: Sequence[Attention]
    not_understood: Sequence[Attention]
    not_reached: Sequence[Attention]
    data_requests: Sequence[Attention]
    broadcasts: Sequence[Attention]
    upkeep: Sequence[Attention]
    coming: Sequence[Appointment]

    @property
    def needs(self) -> Sequence[Attention]:
        """Everything that waits, list after list."""
        rest = [*self.unanswered, *self.to_ring, *self.not_understood, *self.not_reached, *self.data_requests, *self.broadcasts, *self.upkeep]
        return [*self.safeguarding, *self.to_agree, *self.urgent, *rest]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all waits."""
        return not self.needs and not self.coming


def today(school: School, who: Viewer) -> Today:
    """What needs this member of staff now: what they may see, is not snoozed, and is not someone else's."""
    found = waiting(school, who)
    to_agree = [row for row in found if row.need == Need.COLLECTION]
    rows = [row for row in found if row.need != Need.COLLECTION]
    urgent = [row for row in rows if row.is_urgent]
    rest = [row for row in rows if not row.is_urgent]
    sorted_out = (*RING, *NOT_REACHED, *NOT_UNDERSTOOD, Need.DATA_REQUEST, Need.BROADCAST, Need.UPKEEP)
    return Today(
        safeguarding=waiting_for_named_persons(school, who),
        to_agree=to_agree,
        urgent=urgent,
        unanswered=[row for row in rest if row.need not in sorted_out],
        to_ring=[row for row in rest if row.need in RING],
        not_understood=[row for row in rest if row.need in NOT_UNDERSTOOD],
        not_reached=[row for row in rest if row.need in NOT_REACHED],
        data_requests=[row for row in rest if row.need == Need.DATA_REQUEST],
        broadcasts=[row for row in rest if row.need == Need.BROADCAST],
        upkeep=[row for row in rest if row.need == Need.UPKEEP],
        coming=coming(school, who),
    )


def waiting(school: School, who: Viewer) -> Sequence[Attention]:
    """What waits for this member of staff, the oldest first."""
    is_awake = or_(Attention.snoozed_until.is_(None), Attention.snoozed_until <= school.now)
    is_free = or_(Attention.assigned_id.is_(None), Attention.assigned_id == who.staff.id)
    statement = select(Attention).where(Attention.done_at.is_(None), access.needs_seen(who), is_awake, is_free)
    return school.session.scalars(statement.options(selectinload(Attention.adult), selectinload(Attention.address)).order_by(Attention.id).limit(200)).all()


def waiting_for_named_persons(school: School, who: Viewer) -> Sequence[Attention]:
    """Safeguarding matters that nobody has ticked off, the oldest first."""
    statement = select(Attention).where(Attention.done_at.is_(None), access.safeguarding_seen(who)).order_by(Attention.id)
    return school.session.scalars(statement).all()


def coming(school: School, who: Viewer) -> Sequence[Appointment]:
    """Who comes today: to this member of staff, or to anyone where they see every family; what is over by an hour is left out."""
    if not {Power.APPOINTMENTS, Power.FAMILIES} & who.powers:
        return ()
    starts = max(datetime.combine(school.today, time(), LONDON), school.now - timedelta(hours=1)).astimezone(UTC)
    ends = datetime.combine(school.today + timedelta(days=1), time(), LONDON).astimezone(UTC)
    statement = select(Appointment).where(Appointment.state == AppointmentState.BOOKED, Appointment.starts_at >= starts, Appointment.starts_at < ends)
    if who.class_ids is not None:
        mine = select(AppointmentStaff.appointment_id).where(AppointmentStaff.staff_id == who.staff.id)
        of_mine = select(Child.id).where(Child.class_id.in_(who.class_ids))
        statement = statement.where(or_(Appointment.id.in_(mine), Appointment.child_id.in_(of_mine)))
    return school.session.scalars(statement.order_by(Appointment.starts_at)).all()
