from __future__ import annotations

import pytest

from data.packs import CopyState, PackHold
from data.people import Adult, Child
from school import School, pack_queue, packs
from school.importing import BadRows, Changes
from school.pack_import import import_packs
from school.packs import Pack, Plan, Skill


def bring(school: School, *rows: str, header: str = "title,about,stage,skills,languages,items,copies,labels") -> Changes:
    return import_packs(school, "\n".join((header, *rows)).encode())


def faults(school: School, *rows: str) -> list[tuple[int, str]]:
    with pytest.raises(BadRows) as refused:
        bring(school, *rows)
    return [(fault.line, fault.column) for fault in refused.value.faults]


def only(school: School) -> Pack:
    [pack] = packs.everything(school)
    return pack


def test_a_row_is_a_pack_with_its_items_and_copies(school: School) -> None:
    changes = bring(school, "Story sack,A story.,Early years,reading; Self help,Somali; en,story book; animals | 6; cards x 12,3,S-1; s2")
    pack = only(school)
    assert changes.created == ["Story sack: 3 items, 3 copies"]
    assert packs.as_planned(pack) == Plan(
        "Story sack", "A story.", "Early years", [Skill.SELF_HELP, Skill.READING], ["en", "so"], [("story book", 1), ("animals", 6), ("cards", 12)]
    )
    assert sorted(copy.label for copy in pack.copies) == ["P0001", "S-1", "S2"]


def test_the_same_file_again_changes_nothing(school: School) -> None:
    row = "Story sack,A story.,,reading,so,animals | 6,2,S1"
    bring(school, row)
    changes = bring(school, row)
    assert not changes
    assert changes.unchanged == ["Story sack"]
    assert len(only(school).copies) == 2


def test_what_is_different_is_said_and_done(school: School) -> None:
    bring(school, "Story sack,A story.,,reading,so,animals | 6,1,")
    changes = bring(school, "story SACK,A tale.,,reading,so,animals | 7,2,")
    assert changes.updated == [
        "story SACK: title Story sack becomes story SACK; about A story. becomes A tale.; items animals | 6 becomes animals | 7; 1 more: P0002"
    ]


def test_a_column_that_is_not_there_leaves_what_is(school: School) -> None:
    bring(school, "Story sack,A story.,,reading,so,animals | 6,1,")
    bring(school, "Story sack,Early years", header="title,stage")
    assert (only(school).stage, only(school).skills, [item.pieces for item in only(school).items]) == ("Early years", ["reading"], [6])


def test_copies_are_never_taken_away_and_packs_that_are_not_named_stay(school: School) -> None:
    bring(school, "Story sack,,,,,,3,", "Weather box,,,,,,1,")
    changes = bring(school, "Story sack,,,,,,1,")
    assert (changes.unchanged, changes.removed, len(packs.everything(school))) == (["Story sack"], [], 2)


@pytest.mark.parametrize(
    "row, column",
    [
        (",A story.,,,,,,", "title"),
        ("x" * 81 + ",,,,,,,", "title"),
        ("Kites,," + "x" * 61 + ",,,,,", "stage"),
        ("Kites,,,flying,,,,", "skills"),
        ("Kites,,,,Elvish,,,", "languages"),
        ("Kites,,,,,string | 0,,", "items"),
        ("Kites,,,,,string; String,,", "items"),
        ("Kites,,,,,,51,", "copies"),
        ("Kites,,,,,,-1,", "copies"),
        ("Kites,,,,,,,no_label", "labels"),
        ("Kites,,,,,,,LONGER-THAN-TWELVE", "labels"),
        ("Kites,,,,,,,S1", "labels"),
    ],
)
def test_each_fault_is_told_at_its_row(school: School, row: str, column: str) -> None:
    bring(school, "Story sack,,,,,,1,S1")
    assert faults(school, "Balls,,,,,,1,", row) == [(3, column)]


def test_one_title_twice_is_a_fault(school: School) -> None:
    assert faults(school, "Kites,,,,,,1,", "KITES,,,,,,1,") == [(3, "title")]


def test_a_copy_that_is_added_goes_to_whoever_waits(school: School, child: Child, parent: Adult) -> None:
    bring(school, "Story sack,,,,,,1,")
    only(school).copies[0].state = CopyState.COUNTING
    hold = pack_queue.reserve(school, only(school), child, parent)
    assert packs.waits(hold)
    bring(school, "Story sack,,,,,,2,")
    assert packs.by_label(school, "P0002").id == school.session.get_one(PackHold, hold.id).copy_id
