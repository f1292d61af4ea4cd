"""The Home Learning Packs of the demo school: a small shelf of six."""

from __future__ import annotations

from datetime import timedelta

from data.packs import CopyState, Pack, PackLoan, Skill
from data.people import Adult, Child
from school import School, demo, families, packs, weekly_loan
from school.packs import Plan

PACKS = (
    (
        Plan(
            "First words",
            "Picture cards and a book of everyday words.",
            "Early years",
            (Skill.COMMUNICATION, Skill.READING),
            ("en", "so", "es"),
            (("picture cards", 24), ("word book", 1), ("sand timer", 1)),
        ),
        2,
    ),
    (
        Plan(
            "Feelings and faces",
            "A game and a mirror to talk about how we feel.",
            "",
            (Skill.BEHAVIOUR, Skill.COMMUNICATION),
            ("en",),
            (("face cards", 12), ("mirror", 1)),
        ),
        1,
    ),
    (Plan("Getting dressed", "A doll with buttons, zips and laces.", "", (Skill.SELF_HELP, Skill.INDEPENDENCE), ("en",), (("doll", 1), ("song card", 1))), 1),
    (
        Plan(
            "Sensory box", "Things to squeeze, shake and look through.", "", (Skill.SENSORY,), ("en",), (("squeeze ball", 2), ("light tube", 1), ("puzzle", 1))
        ),
        1,
    ),
    (
        Plan(
            "Story sack",
            "A story to tell together, with its animals.",
            "",
            (Skill.READING, Skill.COMMUNICATION),
            ("en", "bn", "ar"),
            (("story book", 1), ("animals", 6)),
        ),
        1,
    ),
    (Plan("Counting bears", "Bears to sort, count and add up.", "Years 1 and 2", (Skill.MATHS,), ("en",), (("bears", 30), ("number cards", 10))), 1),
)


LENT_BEFORE = ("Story sack", "Counting bears", "Sensory box")


def make(school: School) -> None:
    """Six packs with their copies; three were lent before, one of which waits to be counted; Mateo is in the weekly loan. Nobody's phone rings by them."""
    made = {plan.title: packs.make(school, plan, copies) for plan, copies in PACKS}
    for pack in made.values():
        for text in packs.written(pack):
            demo.in_every_language(text)
    mateo = demo.child(school, "Mateo")
    parent = families.adults_of(school, mateo, "hear")[0]
    for weeks, title in enumerate(LENT_BEFORE, start=2):
        _lent(school, made[title], parent, mateo, weeks)
    made["Sensory box"].copies[0].state = CopyState.COUNTING
    weekly_loan.join(school, mateo, parent).since = school.now - timedelta(weeks=5)


def _lent(school: School, pack: Pack, adult: Adult, child: Child, weeks: int) -> None:
    """A loan so many weeks ago that came back in time."""
    out_at = school.now - timedelta(weeks=weeks)
    school.session.add(
        PackLoan(
            copy_id=pack.copies[0].id,
            pack_id=pack.id,
            adult_id=adult.id,
            child_id=child.id,
            language=adult.language,
            class_name=child.school_class.name,
            is_weekly=True,
            waited_since=out_at,
            out_at=out_at,
            due_on=(out_at + timedelta(days=6)).date(),
            back_at=out_at + timedelta(days=6),
        )
    )
