"""The rules of packs as tests of pages use them: the demo's six packs, asked for, handed out and taken back by first names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from sqlalchemy import select, update

from data.packs import PackCopy, PackHold, PackLoan
from school import School, demo, families, pack_loans, pack_queue, packs, weekly_loan
from school.pack_loans import Borrower, ProblemKind
from school.pack_queue import Way
from school.packs import Pack
from tests.world import World

T = TypeVar("T")


class Packs:
    """The rules, each in a transaction of its own. A pack is named by its title, a child by its first name, whose first adult borrows."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __call__(self, work: Callable[[School], T]) -> T:
        with self._world.house.store.write() as session:
            return work(School(session, self._world.moment, self._world.house.school_settings))

    def pack(self, title: str) -> int:
        """Its id."""
        return self(lambda school: _pack(school, title).id)

    def copy(self, title: str, place: int = 0) -> int:
        """The id of one of its copies."""
        return self(lambda school: _pack(school, title).copies[place].id)

    def state(self, label: str) -> str:
        """Where a copy is."""
        return self(lambda school: packs.by_label(school, label).state)

    def lends(self, title: str, child: str, *, due: date | None = None, reminded: int = 0) -> int:
        """A copy goes home; the loan's id."""

        def lend(school: School) -> int:
            copy = next(each for each in _pack(school, title).copies if each.state == "shelf")
            loan = pack_loans.hand_out(school, copy, None, _borrower(school, child))
            loan.due_on, loan.reminded = due or loan.due_on, reminded
            return loan.id

        return self(lend)

    def asks(self, title: str, child: str, way: Way = Way.BAG) -> int:
        """A family asks for a pack; the hold's id."""

        def ask(school: School) -> int:
            to = _borrower(school, child)
            return pack_queue.reserve(school, _pack(school, title), to.child, to.adult, way).id

        return self(ask)

    def joins(self, child: str) -> int:
        """A child is in the weekly loan; the place's id."""

        def join(school: School) -> int:
            to = _borrower(school, child)
            return weekly_loan.join(school, to.child, to.adult).id

        return self(join)

    def tells(self, loan_id: int, item: int = 0) -> int:
        """The family says that something is missing; the problem's id."""

        def tell(school: School) -> int:
            loan = school.session.get_one(PackLoan, loan_id)
            return pack_loans.tell_problem(school, loan, loan.pack.items[item], ProblemKind.MISSING).id

        return self(tell)

    def to(self, child: str) -> str:
        """A child and its first adult, as a page's form names them."""

        def key(school: School) -> str:
            to = _borrower(school, child)
            return f"{to.adult.id}-{to.child.id}"

        return self(key)

    def of_class(self, child: str) -> int:
        """The id of a child's class."""
        return self(lambda school: demo.child(school, child).class_id)

    def copy_of_hold(self, hold_id: int) -> int | None:
        """The copy that is set aside for a wish."""
        return self(lambda school: school.session.get_one(PackHold, hold_id).copy_id)

    def empty(self) -> None:
        """There is no pack at all."""

        def remove(school: School) -> None:
            for each in school.session.scalars(select(Pack)):
                school.session.delete(each)

        self(remove)

    def repairs_all(self) -> None:
        """No copy is on the shelf: all are in repair."""
        self(lambda school: school.session.execute(update(PackCopy).values(state="repair")))

    def labels(self) -> list[str]:
        """Every label there is."""
        return self(lambda school: list(school.session.scalars(select(PackCopy.label).order_by(PackCopy.label))))


def _pack(school: School, title: str) -> Pack:
    return next(pack for pack in [*packs.everything(school), *packs.everything(school, retired=True)] if pack.title.words == title)


def _borrower(school: School, child: str) -> Borrower:
    found = demo.child(school, child)
    return Borrower(families.adults_of(school, found, "hear")[0], found)
