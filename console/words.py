"""What pages say of a refusal that several of them meet, and of things that stand on several of them."""

from __future__ import annotations

from collections.abc import Mapping

from school.addresses import NotAMobile, NotANumber
from school.availability import Backwards, NotInFives
from school.diary import MeetingKind, Way
from school.slots import Absence

MEETINGS: Mapping[str, str] = {
    MeetingKind.TEACHER: "Talk with the class teacher",
    MeetingKind.PLANNING: "Planning meeting",
    MeetingKind.EHCP: "EHCP review",
    MeetingKind.PARENTS_EVENING: "Parents' evening",
    MeetingKind.HOME_VISIT: "Home visit",
}
WAYS: Mapping[str, str] = {Way.IN_PERSON: "at school", Way.PHONE: "by phone", Way.VIDEO: "by video"}
WHY_NOT: Mapping[str, str] = {
    Absence.LEFT: "does not work here any more",
    Absence.NO_SCHOOL: "has no school that day",
    Absence.AWAY: "is away then",
    Absence.NOT_OFFERED: "is not free for such a meeting then",
}
"""Why a member of staff cannot be at a meeting, after their name."""


def about_number(refusal: NotAMobile | NotANumber) -> str:
    """Why a number is not taken, and what to do."""
    if isinstance(refusal, NotAMobile):
        return f"That is {refusal.what}. Bookbag texts mobile numbers only: a text to anything else is read aloud, lost or dear. Ask for a mobile."
    return "No such number can be rung. Look for a missing or doubled digit; from abroad write it with + and the country's code."


def about_span(refusal: Backwards | NotInFives) -> str:
    """Why a stretch of time is not taken, and what to do."""
    if isinstance(refusal, NotInFives):
        return "Take 5 to 240 minutes, in steps of 5."
    return "The end must be later, so that at least one meeting fits."
