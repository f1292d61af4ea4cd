"""What the demo school's families have booked before anyone looks: by the same rules as everybody, and always the same ones."""

from __future__ import annotations

from dataclasses import replace

from data.appointments import MeetingKind, Way
from school import School, appointments, demo

BOOKINGS = (
    ("Hodan", "Sahra", MeetingKind.TEACHER, Way.IN_PERSON, 5),
    ("Folake", "Temitope", MeetingKind.TEACHER, Way.PHONE, 4),
    ("Rokeya", "Mim", MeetingKind.TEACHER, Way.VIDEO, 7),
    ("Shirin", "Tanvir", MeetingKind.TEACHER, Way.IN_PERSON, 12),
    ("Kamal", "Rafi", MeetingKind.PARENTS_EVENING, Way.IN_PERSON, 0),
    ("Abdirahman", "Ilhan", MeetingKind.PARENTS_EVENING, Way.IN_PERSON, 2),
    ("Lucía", "Mateo", MeetingKind.PARENTS_EVENING, Way.IN_PERSON, 6),
    ("Joana", "Vasco", MeetingKind.HOME_VISIT, Way.IN_PERSON, 6),
)
"""Who has booked what about whom, and the how manieth of the free times: not the first, which are for whoever tries the demo."""


def book_some(school: School) -> None:
    """Book them all."""
    for parent, young, kind, way, place in BOOKINGS:
        adult, child = demo.adult(school, parent), demo.child(school, young)
        staff = appointments.teacher_for(school, child, kind)
        assert staff is not None
        slot = appointments.offers(school, staff, kind, adult).slots[place]
        appointments.book(school, slot, child, adult, replace(appointments.usual_terms(school, adult), way=way))
