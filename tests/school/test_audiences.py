"""Whom something is for: how it is written, and who is in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest

from data.events import Answer, Event, EventGuests, EventState, Rsvp
from data.people import Adult, Child, Group, Guardianship
from school import School, audiences, texts
from school.audiences import EVERYONE, Audience, AudienceKind, NoSuchAudience
from tests.school.small import a_child, an_adult


@pytest.fixture
def other_child(school: School) -> Child:
    """A child of another class."""
    return a_child(school)


@pytest.fixture
def other_parent(school: School, other_child: Child) -> Adult:
    return an_adult(school, other_child, language="so")


@pytest.fixture
def helpers(school: School, parent: Adult) -> Group:
    """A group that the parent is in."""
    made = Group(name="Helpers")
    parent.groups.append(made)
    school.session.flush()
    return made


@pytest.fixture
def coffee(school: School) -> Event:
    return an_event(school)


def an_event(school: School, *guests: EventGuests, title: str = "Coffee morning") -> Event:
    on = date(2026, 3, 12)
    made = Event(
        title_id=texts.write(school, title, "en").id,
        on=on,
        ends_on=on,
        starts=time(9, 30),
        ends=time(11),
        state=EventState.OPEN,
        guests=list(guests),
        made_at=school.now,
        changed_at=school.now,
    )
    school.session.add(made)
    school.session.flush()
    return made


def answers(school: School, event: Event, adult: Adult, answer: Answer) -> None:
    school.session.add(Rsvp(event_id=event.id, adult_id=adult.id, answer=answer, answered_at=school.now))
    school.session.flush()


def who(school: School, written: str) -> list[int]:
    return [adult.id for adult in audiences.adults(school, audiences.parse(school, written))]


def rights(school: School, adult: Adult, child: Child, **may: bool) -> None:
    row = school.session.get_one(Guardianship, (adult.id, child.id))
    for name, value in may.items():
        setattr(row, f"may_{name}", value)
    school.session.flush()


def test_everyone_is_who_may_hear_of_a_child_here(school: School, parent: Adult, other_parent: Adult, child: Child) -> None:
    deaf = an_adult(school, child)
    rights(school, deaf, child, hear=False)
    an_adult(school)
    assert who(school, "everyone") == [parent.id, other_parent.id]


def test_an_adult_of_three_children_counts_once(school: School, parent: Adult, child: Child, other_child: Child) -> None:
    several = an_adult(school, child, other_child, a_child(school))
    assert who(school, "everyone") == [parent.id, several.id]


def test_a_class_is_who_may_hear_of_a_child_in_it(school: School, parent: Adult, other_parent: Adult, child: Child, other_child: Child) -> None:
    both = an_adult(school, child, other_child)
    rights(school, both, child, hear=False)
    assert who(school, f"class:{child.school_class.name}") == [parent.id]
    assert who(school, f"class:{other_child.school_class.name}") == [other_parent.id, both.id]


@pytest.mark.parametrize("leave", ["child", "adult"])
def test_who_left_is_in_no_audience(school: School, parent: Adult, child: Child, helpers: Group, coffee: Event, leave: str) -> None:
    coffee.guests = [EventGuests(adult_id=parent.id)]
    leaver = child if leave == "child" else parent
    leaver.left_on = school.today
    school.session.flush()
    for written in ("everyone", f"class:{child.school_class.name}", "group:helpers", f"unanswered:{coffee.id}"):
        assert who(school, written) == []
    assert audiences.invited(school, coffee) == []


def test_a_group_is_its_members_with_a_child_here(school: School, parent: Adult, other_parent: Adult, helpers: Group) -> None:
    stranger = an_adult(school)
    stranger.groups.append(helpers)
    school.session.flush()
    assert who(school, "group: HELPERS") == [parent.id]


def test_a_language_is_who_reads_it_in_any_of_its_forms(school: School, parent: Adult, other_parent: Adult, child: Child) -> None:
    brazilian, hant = an_adult(school, child, language="pt-BR"), an_adult(school, child, language="zh-Hant")
    assert who(school, "language:so") == [other_parent.id]
    assert who(school, "language:pt") == [brazilian.id]
    assert who(school, "language:zh-Hant") == [hant.id]


def test_an_events_guests_are_those_who_come_or_may(school: School, parent: Adult, other_parent: Adult, coffee: Event, child: Child) -> None:
    third = an_adult(school, child)
    for adult, answer in ((parent, Answer.YES), (other_parent, Answer.MAYBE), (third, Answer.NO)):
        answers(school, coffee, adult, answer)
    assert who(school, f"event:{coffee.id}") == [parent.id, other_parent.id]


INVITED: list[tuple[str, Callable[[Child, Adult, Group], list[EventGuests]], str]] = [
    ("nobody", lambda child, adult, group: [], ""),
    ("the whole school", lambda child, adult, group: [EventGuests()], "parent other several"),
    ("a class", lambda child, adult, group: [EventGuests(class_id=child.class_id)], "parent several"),
    ("a group", lambda child, adult, group: [EventGuests(group_id=group.id)], "parent"),
    ("one adult", lambda child, adult, group: [EventGuests(adult_id=adult.id)], "other"),
    ("a class and one adult", lambda child, adult, group: [EventGuests(class_id=child.class_id), EventGuests(adult_id=adult.id)], "parent other several"),
]


@pytest.mark.parametrize("guests, expected", [pytest.param(guests, expected, id=name) for name, guests, expected in INVITED])
def test_who_is_invited_is_named_by_the_events_guests(
    school: School,
    parent: Adult,
    other_parent: Adult,
    child: Child,
    other_child: Child,
    helpers: Group,
    guests: Callable[[Child, Adult, Group], list[EventGuests]],
    expected: str,
) -> None:
    several = an_adult(school, child, other_child)
    event = an_event(school, *guests(child, other_parent, helpers))
    names = {parent.id: "parent", other_parent.id: "other", several.id: "several"}
    assert [names[adult.id] for adult in audiences.invited(school, event)] == expected.split()


def test_unanswered_is_who_was_asked_and_said_nothing(school: School, parent: Adult, other_parent: Adult, coffee: Event) -> None:
    coffee.guests = [EventGuests()]
    answers(school, coffee, parent, Answer.NO)
    assert who(school, f"unanswered:{coffee.id}") == [other_parent.id]
    assert not audiences.belongs(school, Audience(AudienceKind.UNANSWERED, coffee.id), parent)


def test_whoever_is_named_in_person_need_not_hear_but_must_be_written_to(school: School, child: Child) -> None:
    books, nothing = an_adult(school, child), an_adult(school, child)
    rights(school, books, child, hear=False)
    rights(school, nothing, child, hear=False, book=False, be_asked=False)
    event = an_event(school, EventGuests(adult_id=books.id), EventGuests(adult_id=nothing.id))
    assert [adult.id for adult in audiences.invited(school, event)] == [books.id]


@pytest.mark.parametrize(
    "written, what, near",
    [
        ("everybody", "audience", "everyone"),
        ("class", "class", None),
        ("everyone:here", "audience", "everyone"),
        ("class:Klass", "class", "class:Class "),
        ("group:helper", "group", "group:Helpers"),
        ("event:999", "event", " (Coffee morning)"),
        ("event:²", "event", " (Coffee morning)"),
        ("unanswered:coffee", "unanswered", "unanswered:"),
        ("language:xx", "language", "language:en (English)"),
    ],
)
def test_what_names_nobody_is_refused_with_what_is_near(school: School, helpers: Group, coffee: Event, written: str, what: str, near: str | None) -> None:
    with pytest.raises(NoSuchAudience) as refused:
        audiences.parse(school, written)
    assert refused.value.what == what
    assert near is None or near in refused.value.near[0]


def test_staff_read_it_in_english(school: School, child: Child, helpers: Group, coffee: Event, other_parent: Adult) -> None:
    child.school_class.name = "Maple"
    school.session.flush()
    assert [
        audiences.written(school, audiences.parse(school, each))
        for each in ("everyone", "class:maple", "group:helpers", f"event:{coffee.id}", f"unanswered:{coffee.id}", "language:so")
    ] == [
        "Everyone",
        "Maple class",
        "Helpers group",
        "Those who come to Coffee morning",
        "Those who have not answered Coffee morning",
        "Those who read Somali",
    ]


@pytest.mark.parametrize("kind", [AudienceKind.CLASS, AudienceKind.GROUP, AudienceKind.EVENT, AudienceKind.UNANSWERED])
def test_what_is_gone_has_nobody_in_it(school: School, parent: Adult, kind: AudienceKind) -> None:
    audience = Audience(kind, 999)
    assert audiences.adults(school, audience) == []
    assert "gone" in audiences.written(school, audience)


def test_everyone_is_what_an_audience_is_unless_it_says_more(school: School) -> None:
    assert audiences.parse(school, " Everyone ") == EVERYONE == Audience()
