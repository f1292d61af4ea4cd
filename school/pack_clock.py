"""What falls due about packs, and what is kept of them. May be called at any time, twice, or late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import joinedload, lazyload

from data.outbox import Message
from data.packs import HolidayPack, HolidayWish, PackHold, PackLoan, PackProblem, ProblemKind, WeeklyPlace
from data.people import Adult
from data.texts import Text
from school import School, demo_packs, holiday_packs, kept_files, pack_queue, packs, weekly_loan
from school.calendar import calendar
from school.capability import Capability, Named
from school.data_map import time_of
from school.files import File
from school.notices import tell
from school.pack_rules import rules
from school.packs import Pack

KEPT = time_of("pack loans")
"""How long it is known who had which pack: so that the weekly loan can bring something new. Then the loan stays without its family."""
HOLDS_KEPT = time_of("pack wishes")
"""How long ended holds and answers about holiday packs are kept."""
ON_ITS_WAY = timedelta(days=3)
"""How long a family that says that a pack is on its way is not reminded of it."""


def due(school: School) -> None:
    """End what has lapsed, pass on what is free, fill the bags on their day, offer holiday packs, and remind."""
    weekly_loan.end_of_those_who_left(school)
    pack_queue.drop_gone(school)
    holiday_packs.drop_gone(school)
    pack_queue.let_lapse(school)
    pack_queue.pass_on_what_is_free(school)
    weekly_loan.fill_bags_when_due(school)
    holiday_packs.offer(school)
    if school.clock.time() >= school.settings.reminder_at:
        _remind_before(school)
        _remind_after(school)


def _remind_before(school: School) -> None:
    ahead = timedelta(days=rules(school).reminder_days)
    if not ahead:
        return
    soon = _open().where(PackLoan.due_on.between(school.today + timedelta(days=1), school.today + ahead))
    reminders = {
        f"pack:due:{adult.id}:{day.isoformat()}": (adult, day)
        for adult, loans in _by_adult(school.session.scalars(soon))
        for day in sorted({loan.due_on for loan in loans if not on_its_way(school, loan)})
    }
    told = set(school.session.scalars(select(Message.key).where(Message.key.in_(reminders)))) if reminders else ()
    for key, (adult, day) in reminders.items():
        if key not in told:
            tell(school, adult, "pack_due", {"on": day.isoformat()}, key=key)


def _remind_after(school: School) -> None:
    """Those who are late, on school days, as often as is set: after that it is for staff to ask."""
    allowed = rules(school)
    last = func.coalesce(PackLoan.reminded_on, PackLoan.due_on)
    waited = last <= school.today - timedelta(days=allowed.overdue_every)
    rows = school.session.scalars(_open().where(PackLoan.reminded < allowed.overdue_times, waited))
    ripe = [adult for adult, loans in _by_adult(rows) if not all(on_its_way(school, loan) for loan in loans)]
    if not ripe or not calendar(school).is_school_day(school.today):
        return
    for adult in ripe:
        day = school.today.isoformat()
        if tell(school, adult, "pack_overdue", {"on": day}, key=f"pack:overdue:{adult.id}:{day}"):
            # The reminder names all that is late: none of it is named again before its time.
            for loan in late(school, adult):
                loan.reminded, loan.reminded_on = loan.reminded + 1, school.today
    school.session.flush()


def _to_send_back(school: School, adult: Adult) -> Sequence[PackLoan]:
    """What this adult has at home, but for what they said is on its way, or is lost: they are not asked for it."""
    loans = packs.at_home(school, adult)
    lost = school.session.scalars(select(PackLoan.id).where(PackLoan.id.in_([loan.id for loan in loans]), said_to_be_lost())).all() if loans else ()
    return [loan for loan in loans if loan.id not in lost and not on_its_way(school, loan)]


def said_to_be_lost() -> ColumnElement[bool]:
    """Of which loans the family said that all of it is lost, as a condition on PackLoan: staff have not settled it yet."""
    whole = PackProblem.item_id.is_(None) & PackProblem.mended_at.is_(None) & (PackProblem.kind == ProblemKind.MISSING)
    return exists().where(PackProblem.loan_id == PackLoan.id, PackProblem.told_by_family, whole)


def on_its_way(school: School, loan: PackLoan) -> bool:
    """Whether the family said so in the last days: it is believed for a while."""
    return loan.said_back_on is not None and school.today - loan.said_back_on < ON_ITS_WAY


def due_then(school: School, adult: Adult, day: date) -> Sequence[PackLoan]:
    """What this adult has at home that is due on this day, but for what they said is on its way."""
    return [loan for loan in _to_send_back(school, adult) if loan.due_on == day]


def late(school: School, adult: Adult) -> Sequence[PackLoan]:
    """What this adult has at home that was due, but for what they said is on its way."""
    return [loan for loan in _to_send_back(school, adult) if loan.due_on < school.today]


def _open() -> Any:
    is_out = (PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None), PackLoan.adult_id.is_not(None))
    return (
        select(PackLoan)
        .where(*is_out, ~said_to_be_lost())
        .options(joinedload(PackLoan.adult), lazyload(PackLoan.pack))
        .order_by(PackLoan.adult_id, PackLoan.id)
    )


def _by_adult(loans: Iterable[PackLoan]) -> Iterator[tuple[Adult, list[PackLoan]]]:
    for _, theirs in groupby(loans, key=lambda loan: loan.adult_id):
        some = list(theirs)
        if some[0].adult is not None and some[0].adult.left_on is None:
            yield some[0].adult, some


def export(school: School, adult: Adult) -> Mapping[str, Any]:
    """What this adult borrowed, waits for and was given."""
    loans = school.session.scalars(select(PackLoan).where(PackLoan.adult_id == adult.id).order_by(PackLoan.id)).all()
    about = PackProblem.loan_id.in_([loan.id for loan in loans]), PackProblem.told_by_family
    told = school.session.scalars(select(PackProblem).where(*about).order_by(PackProblem.id)).all()
    holds = school.session.scalars(select(PackHold).where(PackHold.adult_id == adult.id).order_by(PackHold.id)).all()
    weekly = school.session.scalars(select(WeeklyPlace).where(WeeklyPlace.adult_id == adult.id).order_by(WeeklyPlace.id)).all()
    wishes = school.session.scalars(select(HolidayWish).where(HolidayWish.adult_id == adult.id).order_by(HolidayWish.holiday_pack_id)).all()
    return {
        "loans": [
            {
                "pack": loan.pack.title.words,
                "out": loan.out_at.isoformat(),
                "due": loan.due_on.isoformat(),
                "back": loan.back_at and loan.back_at.isoformat(),
                "lost": loan.lost_at and loan.lost_at.isoformat(),
            }
            for loan in loans
        ],
        "told": [
            {"pack": problem.copy.pack.title.words, "item": problem.item and problem.item.name.words, "what": problem.kind, "at": problem.told_at.isoformat()}
            for problem in told
        ],
        "holds": [{"pack": hold.pack.title.words, "asked": hold.asked_at.isoformat(), "state": hold.state} for hold in holds],
        "weekly": [{"since": place.since.isoformat(), "until": place.ended_at and place.ended_at.isoformat()} for place in weekly],
        "holiday_packs": [{"pack": wish.pack.title.words, "wanted": wish.is_wanted, "given": wish.given_at and wish.given_at.isoformat()} for wish in wishes],
    }


def erase(school: School, adult: Adult) -> None:
    """What they waited for goes to others; what they borrowed is known no more to have been theirs."""
    for place in weekly_loan.places_of(school, adult):
        weekly_loan.leave(school, place)
    for hold in packs.holds(school, adult):
        pack_queue.give_up(school, hold, pack_queue.HoldState.GONE)
    holiday_packs.forget(school, adult)
    for gone in (delete(PackHold).where(PackHold.adult_id == adult.id), delete(WeeklyPlace).where(WeeklyPlace.adult_id == adult.id)):
        school.session.execute(gone.execution_options(synchronize_session=False))
    school.session.execute(_forgotten().where(PackLoan.adult_id == adult.id))
    school.session.expire_all()


def retain(school: School) -> None:
    """Forget who had what two years ago, and remove what ended a year ago."""
    before = school.now - HOLDS_KEPT
    written = select(HolidayPack.title_id, HolidayPack.about_id).where(HolidayPack.answer_by < before.date())
    texts = [text for row in school.session.execute(written) for text in row if text is not None]
    for gone in (
        delete(PackHold).where(PackHold.ended_at < before),
        delete(WeeklyPlace).where(WeeklyPlace.ended_at < before),
        delete(HolidayPack).where(HolidayPack.answer_by < before.date()),
        delete(Text).where(Text.id.in_(texts)),
        _forgotten().where(or_(PackLoan.back_at < school.now - KEPT, PackLoan.lost_at < school.now - KEPT)),
    ):
        school.session.execute(gone.execution_options(synchronize_session=False))
    school.session.expire_all()


def _forgotten() -> Any:
    return update(PackLoan).values(adult_id=None, child_id=None).execution_options(synchronize_session=False)


def picture_file(school: School, pack: Pack) -> File:
    """Its picture, to go along with what is said of it."""
    assert pack.picture is not None  # it is attached only where there is one
    return kept_files.as_file(school, pack.picture)


OPTIONAL = {"holiday_pack_offered": ("packs",), "pack_due": ("packs", "reminders")}

capability = Capability(
    "packs",
    optional=OPTIONAL,
    due=due,
    export=export,
    erase=erase,
    retain=retain,
    demo=demo_packs.make,
    files={"Pack": picture_file},
    named=Named("pack", "Pack", packs.titles),
)
