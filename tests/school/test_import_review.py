"""A file is shown before it counts, and then exactly what was shown is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import select

from data.addresses import StartLink
from data.people import Adult, Child, Staff
from data.school_year import Term
from data.setting_up import Upload
from data.store import Store
from school import School, access, families
from school.access import Viewer
from school.errors import NotThere
from school.importing import review
from school.importing.review import ChangedMeanwhile, Seen
from school.staff import NotYourself, TechnicianAlone
from tests.school.small import a_member, london

FAMILIES = "adult_name,phone,language,child_name,child_class\nJane Roe,07700 900301,en,Sam Roe,Oak\nHodan Ali,07700 900303,Somali,Ilhan Ali,Elm\n"
THEIRS = FAMILIES.replace("adult_name,phone", "Parent or carer,Mobile")


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, london("2026-03-02 09:10"))


@pytest.fixture
def office(school: School) -> Viewer:
    a_member(school, "admin", "Mr Penrose")
    return access.viewer(school, a_member(school, "office", "Mrs Doyle"))


def brought(school: School, who: Viewer, text: str, what: str = "families") -> Upload:
    return review.bring(school, who.staff, what, text.encode())


def names(school: School) -> list[str]:
    return [adult.name for adult in school.session.scalars(select(Adult).where(Adult.left_on.is_(None)).order_by(Adult.name))]


def test_looking_changes_nothing_and_taking_does_what_was_shown(school: School, office: Viewer) -> None:
    upload = brought(school, office, FAMILIES)
    seen = review.look(school, office, upload)
    assert "adult Jane Roe (en, …301)" in seen.created
    assert names(school) == []
    assert upload.seen is not None
    assert Seen.of(upload.seen) == seen
    changes = review.take(school, office, upload, remove_missing=False)
    assert (list(seen.created), names(school)) == (changes.created, ["Hodan Ali", "Jane Roe"])
    assert school.session.scalars(select(Upload)).all() == []


def test_every_fault_is_shown_with_its_place(school: School, office: Viewer) -> None:
    seen = review.look(school, office, brought(school, office, FAMILIES.replace("07700 900303", "020 7946 0000").replace("Somali", "Somalian")))
    assert [(fault.line, fault.column) for fault in seen.faults] == [(3, "language"), (3, "phone")]
    assert seen.changes == 0


def test_what_changed_meanwhile_must_be_looked_at_again(school: School, office: Viewer) -> None:
    upload = brought(school, office, FAMILIES)
    review.look(school, office, upload)
    school.session.add(Adult(name="Jane Roe", language="en"))
    school.session.flush()
    with pytest.raises(ChangedMeanwhile):
        review.take(school, office, upload, remove_missing=True)
    review.take(school, office, upload, remove_missing=False)


def test_nothing_is_taken_unseen(school: School, office: Viewer) -> None:
    with pytest.raises(ChangedMeanwhile):
        review.take(school, office, brought(school, office, FAMILIES), remove_missing=False)
    assert names(school) == []


def test_whom_the_file_leaves_out_is_named_and_goes_when_asked(school: School, office: Viewer) -> None:
    upload = brought(school, office, FAMILIES)
    review.look(school, office, upload)
    review.take(school, office, upload, remove_missing=False)
    fewer = brought(school, office, "\n".join(FAMILIES.splitlines()[:2]))
    seen = review.look(school, office, fewer)
    assert (list(seen.missing), list(seen.warnings), seen.changes) == (["adult Hodan Ali", "child Ilhan Ali"], [], 0)
    review.take(school, office, fewer, remove_missing=True)
    assert names(school) == ["Jane Roe"]
    ilhan = school.session.scalars(select(Child).where(Child.name == "Ilhan Ali")).one()
    assert families.adults_of(school, ilhan, "hear") == []


def test_another_schools_columns_are_chosen_once(school: School, office: Viewer) -> None:
    upload = brought(school, office, THEIRS)
    assert [fault.column for fault in review.look(school, office, upload).faults] == ["adult_name"]
    assert review.header(upload)[:2] == ["Parent or carer", "Mobile"]
    review.choose(school, upload, {**review.mapping(upload), "adult_name": "Parent or carer", "phone": "Mobile", "nonsense": "language", "notes": "nowhere"})
    assert not review.look(school, office, upload).faults
    again = brought(school, office, THEIRS)
    assert review.mapping(again)["adult_name"] == "Parent or carer"
    assert "adult Jane Roe (en, …301)" in review.look(school, office, again).created
    assert not review.look(school, office, brought(school, office, FAMILIES)).faults


def test_a_column_that_is_not_wanted_is_left_out(school: School, office: Viewer) -> None:
    upload = brought(school, office, FAMILIES)
    review.choose(school, upload, {**review.mapping(upload), "phone": ""})
    assert "adult Jane Roe (en, no phone)" in review.look(school, office, upload).created


def test_what_was_copied_out_of_a_spreadsheet_is_read(school: School, office: Viewer) -> None:
    text = FAMILIES.replace(",", "\t").replace("Jane Roe", '"Roe, Jane"')
    upload = review.bring(school, office.staff, "families", review.pasted(text))
    assert "adult Roe, Jane (en, …301)" in review.look(school, office, upload).created


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + b"\0" * 50, b"\xff" * 40, b"x" * 10_000_001, b"a\0b", b'"', b"\n" * 3_000])
def test_no_file_harms(school: School, office: Viewer, content: bytes) -> None:
    upload = review.bring(school, office.staff, "families", content)
    assert review.look(school, office, upload).faults
    assert len(upload.content) <= 10_000_001
    assert review.mapping(upload)["adult_name"] == ""


def test_a_telegram_link_is_offered_only_when_it_is_taken(school: School, office: Viewer) -> None:
    upload = brought(school, office, FAMILIES.replace("child_class", "child_class,telegram").replace("Oak", "Oak,yes"))
    review.look(school, office, upload)
    assert school.session.scalars(select(StartLink)).all() == []
    review.take(school, office, upload, remove_missing=False)
    assert len(school.session.scalars(select(StartLink)).all()) == 1


def test_a_file_is_its_bringers_alone(school: School, office: Viewer) -> None:
    upload = brought(school, office, FAMILIES)
    with pytest.raises(NotThere):
        review.find(school, access.viewer(school, a_member(school, "senior")), upload.id)
    assert review.find(school, office, upload.id) is upload


def test_terms_are_shown_before_they_count(school: School, office: Viewer) -> None:
    upload = brought(school, office, "starts,ends,what\n2026-01-05,2026-03-27,term\n", "terms")
    assert list(review.look(school, office, upload).created) == ["term 2026-01-05 to 2026-03-27"]
    review.take(school, office, upload, remove_missing=False)
    assert len(school.session.scalars(select(Term)).all()) == 1


@pytest.mark.parametrize("row, refusal", [("Mrs Doyle,{own},senior", NotYourself), ("Mr Friend,friend@school.example,lead", TechnicianAlone)])
def test_a_file_gives_nobody_rights_that_its_bringer_may_not_give(school: School, office: Viewer, row: str, refusal: type[Exception]) -> None:
    a_member(school, "lead", "Mrs Hartley")
    with pytest.raises(refusal):
        review.look(school, office, brought(school, office, f"name,email,role\n{row.format(own=office.staff.email)}\n", "staff"))
    assert sorted(person.role for person in school.session.scalars(select(Staff))) == ["admin", "lead", "office"]


def test_whoever_cannot_go_is_named_and_stays(school: School, office: Viewer) -> None:
    upload = brought(school, office, "name,email,role\nMs Okafor,n.okafor@school.example,teacher\n", "staff")
    assert sorted(review.look(school, office, upload).missing) == ["staff Mr Penrose", "staff Mrs Doyle"]
    with pytest.raises(NotYourself):
        review.take(school, office, upload, remove_missing=True)
