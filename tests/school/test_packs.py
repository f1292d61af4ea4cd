"""The catalogue: how packs are written down, what their copies are called, and when they are lent no more."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from data.kept_files import KeptFile
from data.packs import PackItem
from data.texts import Text
from school import School, kept_files, pack_loans, pack_queue, pack_rules, packs
from school.errors import NotThere
from school.pack_rules import NotARule, PackRules
from school.packs import CopyState, LabelTaken, NotSo, Plan, Skill, StillOut, Why
from tests.school.files_to_try import picture
from tests.school.pack_cases import a_pack, families, home, only, spring, with_rules
from tests.school.small import MONDAY

BEARS = Plan("Counting bears", "Bears to sort.", "Years 1 and 2", [Skill.MATHS], ["en", "so"], [("bears", 30), ("number cards", 10)])


def why(school: School, plan: Plan) -> dict[str, Why]:
    with pytest.raises(NotSo) as refused:
        packs.make(school, plan)
    return dict(refused.value.why)


def test_what_cannot_be_is_told_at_its_field(school: School) -> None:
    packs.make(school, BEARS)
    assert why(school, Plan("  ")) == {"title": Why.MISSING}
    assert why(school, Plan("x" * 81)) == {"title": Why.TOO_LONG}
    assert why(school, Plan(" counting  BEARS ")) == {"title": Why.TAKEN}
    assert why(school, Plan("Other", stage="x" * 61)) == {"stage": Why.TOO_LONG}
    assert why(school, Plan("Other", items=[("bears", 1), (" Bears", 2)])) == {"items": Why.TWICE}
    assert why(school, Plan("Other", items=[("x" * 81, 1)])) == {"items": Why.TOO_LONG}
    assert why(school, Plan("Other", items=[(" ", 1)])) == {"items": Why.MISSING}
    assert why(school, Plan("", items=[("bears", 0)])) == {"title": Why.MISSING, "items": Why.NOT_A_NUMBER}


def test_a_pack_is_as_it_was_planned(school: School) -> None:
    made = packs.make(school, BEARS, copies=2)
    assert packs.as_planned(made) == BEARS
    assert [copy.label for copy in made.copies] == ["P0001", "P0002"]
    packs.change(school, made, packs.as_planned(made))
    assert packs.as_planned(made) == BEARS


def test_what_was_told_of_an_item_outlives_a_change_of_the_others(school: School) -> None:
    made, [family] = packs.make(school, BEARS, copies=1), families(school, 1)
    bears = made.items[0]
    pack_loans.tell_problem(school, home(school, made, family), bears, pack_loans.ProblemKind.MISSING)
    packs.change(school, made, Plan("Counting bears", items=[("a book", 1), ("Bears", 20)]))
    assert [problem.item for problem in pack_loans.problems(school, only(made))] == [bears]
    assert (bears.pieces, bears.place) == (20, 1)
    assert len(school.session.scalars(select(PackItem)).all()) == 2


def test_a_label_is_found_however_it_is_typed(school: School) -> None:
    made = a_pack(school, copies=7)
    for typed in ("P0007", "p0007", " P 0007 ", "7", "07", "0007", "p7", "P-7", "https://bookbag.example/packs/P0007", "https://bookbag.example/c/p0007/"):
        assert packs.by_label(school, typed) is made.copies[6]


def test_what_is_no_label_finds_nothing(school: School) -> None:
    a_pack(school, copies=7)
    for typed in ("", "8", "P0008", "²", "9" * 5000, "bear", "P", "-7"):
        with pytest.raises(NotThere):
            packs.by_label(school, typed)


def test_a_label_of_the_schools_own_is_kept(school: School) -> None:
    made = a_pack(school)
    assert packs.add_copy(school, made, "oak-7").label == "OAK-7"
    assert packs.add_copy(school, made).label == "P0002"
    assert packs.by_label(school, "oak-7").label == "OAK-7"
    with pytest.raises(LabelTaken):
        packs.add_copy(school, made, "OAK-7")
    for label in ("x" * 13, "a_b", "ü"):
        with pytest.raises(NotSo):
            packs.add_copy(school, made, label)


def test_families_are_offered_what_is_lent(school: School) -> None:
    made, mended, [family] = a_pack(school, "Zebras"), a_pack(school, "bears"), families(school, 1)
    a_pack(school, "No copies", copies=0)
    pack_loans.to_repair(school, only(mended))
    assert packs.lent(school) == [made]
    assert [title.words for _, title in packs.titles(school, family.adult)] == ["Zebras"]
    pack_loans.repaired(school, only(mended))
    assert packs.lent(school) == [mended, made]


def test_a_pack_that_is_out_or_set_aside_is_not_retired(school: School) -> None:
    made, [one, two] = a_pack(school), families(school, 2)
    loan = home(school, made, one)
    with pytest.raises(StillOut):
        packs.retire(school, made)
    pack_queue.reserve(school, made, two.child, two.adult)
    pack_loans.take_back(school, loan.copy, None, counted=True)
    with pytest.raises(StillOut):
        packs.retire(school, made)


def test_a_retired_pack_is_lent_again_unless_another_has_its_name(school: School) -> None:
    made, [family] = a_pack(school), families(school, 1)
    packs.retire(school, made)
    assert (packs.lent(school), packs.everything(school, retired=True)) == ([], [made])
    with pytest.raises(pack_queue.NotLent):
        pack_queue.reserve(school, made, family.child, family.adult)
    other = a_pack(school)
    with pytest.raises(NotSo):
        packs.lend_again(school, made)
    packs.retire(school, other)
    packs.lend_again(school, made)
    assert packs.everything(school) == [made]


def test_a_new_picture_takes_the_place_of_the_one_before(school: School) -> None:
    made = a_pack(school)
    for _ in range(2):
        packs.show_picture(school, made, kept_files.keep(school, picture("PNG"), "image/png"))
    assert len(school.session.scalars(select(KeptFile)).all()) == 1
    packs.show_picture(school, made, None)
    assert made.picture is None
    assert school.session.scalars(select(KeptFile)).all() == []


def test_texts_are_wanted_in_the_languages_of_the_families(school: School) -> None:
    [family] = families(school, 1)
    family.adult.language = "so"
    made = packs.make(school, BEARS)
    assert {text.words for text in packs.written(made)} == {"Counting bears", "Bears to sort.", "bears", "number cards"}
    assert all(text.translation("so") is not None for text in school.session.scalars(select(Text)))


# The rules of lending


def test_a_pack_is_due_on_a_day_with_school(school: School) -> None:
    spring(school)

    def due(day: str) -> str:
        return pack_rules.due_day(school, date.fromisoformat(day)).isoformat()

    assert due("2026-03-06") == "2026-03-12"  # six days after a Friday
    assert due("2026-03-02") == "2026-03-09"  # on a Sunday: the Monday after
    assert due("2026-03-10") == "2026-03-23"  # in half-term: after it
    assert due("2026-03-27") == "2026-04-13"  # in the Easter holidays: after them
    assert due("2026-04-28") == "2026-05-05"  # on a bank holiday: the day after


def test_the_bag_day_is_the_next_one_with_school(school: School) -> None:
    assert pack_rules.next_bag_day(school, MONDAY.date()).isoformat() == "2026-03-06"
    spring(school)
    assert pack_rules.next_bag_day(school, MONDAY.date() + timedelta(days=14)).isoformat() == "2026-03-27"
    assert not pack_rules.is_bag_day(school, MONDAY.date())


def test_rules_are_kept_and_have_bounds(school: School) -> None:
    assert pack_rules.rules(school) == PackRules()
    with_rules(school, loan_days=13, first_loan_first=True, may_collect=False)
    assert pack_rules.rules(school) == PackRules(loan_days=13, first_loan_first=True, may_collect=False)
    assert pack_rules.ways(school) == [pack_queue.Way.BAG]
    with pytest.raises(NotARule) as refused:
        with_rules(school, loan_days=0, bag_day=7, holds=21)
    assert refused.value.bounds == {"loan_days": (1, 90), "bag_day": (0, 6), "holds": (1, 20)}
    assert only(a_pack(school)).state == CopyState.SHELF
