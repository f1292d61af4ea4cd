"""What pages say of a refusal that several of them meet."""

from __future__ import annotations

from school.addresses import NotAMobile, NotANumber


def about_number(refusal: NotAMobile | NotANumber) -> str:
    """Why a number is not taken, and what to do."""
    if isinstance(refusal, NotAMobile):
        return f"That is {refusal.what}. Bookbag texts mobile numbers only: a text to anything else is read aloud, lost or dear. Ask for a mobile."
    return "No such number can be rung. Look for a missing or doubled digit; from abroad write it with + and the country's code."
