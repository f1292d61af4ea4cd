"""Whether a number is really a member of staff's: a code is texted to it, and typed in where it was asked for. Only then does it count.

Its own refusals:

    Refusal
    ├── CodeIsWrong         that is not the code; too often, and a new one must be asked for
    └── CodeIsOver          none was asked for, or it is too old
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta

from data.outbox import Lane, Message
from data.people import Staff
from data.setting_up import PhoneCheck
from school import School, accounts, addresses, staff
from school.errors import Refusal

__all__ = ["CodeIsOver", "CodeIsWrong", "PhoneCheck", "ask", "confirm", "forget", "under_way"]

LASTS = timedelta(minutes=15)
TRIES = 5
"""How often a code of six digits may be typed in wrongly."""


class CodeIsWrong(Refusal):
    """That is not the code that was texted."""


class CodeIsOver(Refusal):
    """No code was asked for, it is too old, or it was typed in wrongly too often."""


def under_way(school: School, who: Staff) -> PhoneCheck | None:
    """The number that is being checked for `who`, if its code can still be typed in."""
    found = school.session.get(PhoneCheck, who.id)
    return found if found is not None and found.expires_at > school.now and found.tries < TRIES else None


def ask(school: School, who: Staff, number: str) -> None:
    """Text a code to this number (national or international). The number that `who` had stays theirs until the code is typed in.

    Refuses with NotANumber, NotAMobile, or WaitFirst where codes were asked for again and again.
    """
    mobile = addresses.mobile(number)
    accounts.check_wait(school, f"phone:{who.id}", f"phone:{mobile}")
    accounts.failed(school, f"phone:{who.id}", f"phone:{mobile}")  # each code asked for counts: nobody's phone is flooded
    code = f"{secrets.randbelow(1_000_000):06d}"
    check = school.session.get(PhoneCheck, who.id) or PhoneCheck(staff_id=who.id)
    check.number, check.code_hash, check.expires_at, check.tries = mobile, _hash(who, code), school.now + LASTS, 0
    school.session.add(check)
    address = addresses.at(school, "sms", "phone", mobile)
    school.session.flush()
    school.session.add(
        Message(
            uid=secrets.token_hex(8),
            key=f"staff-code:{who.id}:{secrets.token_hex(6)}",
            trace=secrets.token_hex(6),
            address_id=address.id,
            kind="staff_code",
            text=f"{school.settings.name}: {code} is the code for this phone. Whoever looks after staff on Bookbag types it in.",
            lane=Lane.ALERT,  # they stand there and wait, whatever the hour
            useless_after=check.expires_at,
            created_at=school.now,
        )
    )


def confirm(school: School, who: Staff, code: str) -> None:
    """The code came back: the number is theirs, and checked. Refuses with CodeIsWrong, which counts once the caller keeps it, or CodeIsOver."""
    check = under_way(school, who)
    if check is None:
        raise CodeIsOver
    if not hmac.compare_digest(check.code_hash, _hash(who, "".join(code.split()))):
        raise CodeIsWrong
    staff.reach_by_text(school, who, check.number, is_checked=True)
    accounts.succeeded(school, f"phone:{who.id}", f"phone:{check.number}")
    school.session.delete(check)
    school.session.flush()


def failed(school: School, who: Staff) -> None:
    """A code was typed in wrongly."""
    check = school.session.get(PhoneCheck, who.id)
    if check is not None:
        check.tries += 1


def forget(school: School, who: Staff) -> None:
    """The number is not to be checked after all."""
    check = school.session.get(PhoneCheck, who.id)
    if check is not None:
        school.session.delete(check)


def _hash(who: Staff, code: str) -> str:
    return hashlib.sha256(f"{who.id}:{code}".encode()).hexdigest()
