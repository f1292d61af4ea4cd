"""How staff get into the console, and how they are kept out of each other's.

Sources: OWASP ASVS 5.0.0 (6.2, 6.3, 6.4, 7.2 to 7.4, 11.4.2); RFC 6238 for the second factor; NCSC on passwords (length, not composition).

    Refusal
    ├── WaitFirst          too many failures: the next try is not looked at before then
    ├── WrongPassword      the address or the password is wrong; which, nobody is told
    ├── WrongCode          not the second factor's code now, or used before
    ├── LinkIsOver         a log-in link that was used, has expired or never was
    ├── WeakPassword       too short, or one of those that everybody tries
    └── WeakPin            not 6 to 12 digits, or digits that everybody tries
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from data.accounts import Account, LogInFailures, LogInLink, SentForm, SessionKind, StaffSession, Tablet
from data.people import Staff
from school import LONDON, School, staff
from school.access import NEEDS_SECOND_FACTOR
from school.capability import Capability
from school.data_map import time_of
from school.errors import Refusal

__all__ = ["Account", "SessionKind", "StaffSession", "Tablet"]

SHORTEST_PASSWORD = 10
SHORTEST_PIN = 6
LONGEST_PIN = 12
LINK_LASTS = timedelta(minutes=20)
FIRST_LINK_LASTS = timedelta(days=3)
"""For someone who was just added: it may reach them before their next working day."""
FREE_FAILURES = 4
LONGEST_WAIT = timedelta(minutes=15)
TOTP_STEP = 30
"""Seconds that a code of the second factor is valid for. RFC 6238's default."""
AFTER_SCHOOL = timedelta(hours=2)
"""How long after the school closes a class's tablet stays signed in: books are written up then."""
SEEN_EVERY = timedelta(minutes=1)
"""How fine idle time is counted: a page need not write each time."""
FORMS_KEPT = time_of("forms")


@dataclass
class WaitFirst(Refusal):
    """There were too many failures. `until` is when the next try is looked at."""

    until: datetime


class WrongPassword(Refusal):
    """The address or the password is wrong."""


class WrongCode(Refusal):
    """The code is not the one that is valid now, or was used before."""


class LinkIsOver(Refusal):
    """The link was used, has expired, or never was."""


class WeakPassword(Refusal):
    """Too short, or one of those that everybody tries first."""


class WeakPin(Refusal):
    """Not 6 to 12 digits, or digits that everybody tries first: 111111, 123456, 121212."""


# Passwords


_HASHER = PasswordHasher()
"""argon2id with the library's defaults (RFC 9106's second recommendation): about a quarter of a second and 64 MB. Never inside a transaction."""


@cache
def _decoy() -> str:
    """What a password is compared with where nobody has the address: so that it takes as long."""
    return _HASHER.hash(secrets.token_hex(16))


def hashed(password: str) -> str:
    """What is kept of a password or a PIN. Slow on purpose."""
    return _HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether this is the password; slow, and as slow where there is none to compare with."""
    try:
        _HASHER.verify(kept or _decoy(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return kept is not None


@cache
def _common() -> frozenset[str]:
    lines = (Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def check_strength(school: School, password: str, who: Staff) -> None:
    """Refuses with WeakPassword: under 10 characters, among those that are tried first, or made of the school's or the person's own name."""
    plain = password.casefold().strip()
    own = {word for text in (school.settings.name, who.name, who.email) for word in text.casefold().replace("@", " ").split() if len(word) > 3}
    rest = plain
    for word in own:
        rest = rest.replace(word, "")
    if len(plain) < SHORTEST_PASSWORD or plain in _common() or len(rest.strip("0123456789!?. ")) < 5 or len(set(plain)) < 4:
        raise WeakPassword


def check_pin(pin: str) -> None:
    """Refuses with WeakPin: not 6 to 12 digits, digits in a row up or down, or a few digits repeated."""
    digits = [int(digit) for digit in pin] if pin.isascii() and pin.isdecimal() else []
    steps = {(later - earlier) % 10 for earlier, later in itertools.pairwise(digits)}
    is_repeated = any(pin == (pin[:length] * len(pin))[: len(pin)] for length in range(1, len(pin) // 2 + 1))
    if not SHORTEST_PIN <= len(digits) <= LONGEST_PIN or len(steps) < 2 or len(set(digits)) < 3 or is_repeated:
        raise WeakPin


def account(school: School, who: Staff) -> Account:
    """How this member of staff gets in; made where there is nothing yet."""
    found = school.session.get(Account, who.id)
    if found is None:
        found = Account(staff_id=who.id, totp_step=0)
        school.session.add(found)
        school.session.flush()
    return found


def set_password(school: School, who: Staff, hash_of_it: str) -> None:
    """From now on this is the password, given as `hashed`; every session begun with an older one ends."""
    account(school, who).password_hash = hash_of_it
    end_all(school, who)


def set_pin(school: School, who: Staff, hash_of_it: str | None) -> None:
    """From now on this PIN, given as `hashed`, signs in on the tablets of `who`; None: none does."""
    account(school, who).pin_hash = hash_of_it


# Trying to get in


def fingerprint(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_wait(school: School, *names: str) -> None:
    """Refuses with WaitFirst where one of these (an address typed, where from) failed too often just now."""
    marks = [fingerprint(name) for name in names]
    waits = school.session.scalars(select(LogInFailures.wait_until).where(LogInFailures.name.in_(marks), LogInFailures.wait_until > school.now)).all()
    if waits:
        raise WaitFirst(max(waits))


def failed(school: School, *names: str) -> None:
    """Count a failure: after four in a row the next try must wait a second, then two, four, eight, up to a quarter of an hour."""
    for name in sorted({fingerprint(name) for name in names}):
        row = school.session.get(LogInFailures, name, with_for_update=True)
        if row is None:
            row = LogInFailures(name=name, in_a_row=0, wait_until=school.now)
            school.session.add(row)
        row.in_a_row += 1
        wait = timedelta(seconds=2 ** min(row.in_a_row - FREE_FAILURES - 1, 20)) if row.in_a_row > FREE_FAILURES else timedelta()
        row.wait_until = school.now + min(wait, LONGEST_WAIT)
    school.session.flush()


def succeeded(school: School, *names: str) -> None:
    """Forget the failures: they are in."""
    school.session.execute(delete(LogInFailures).where(LogInFailures.name.in_([fingerprint(name) for name in names])))


def password_hash_of(school: School, email: str) -> str | None:
    """What is kept of the password of whoever has this address and works here; None where nobody does or none is set."""
    who = staff.with_email(school, email.strip())
    found = school.session.get(Account, who.id) if who is not None and not who.has_left else None
    return found.password_hash if found else None


# One-time links


def make_link(school: School, who: Staff, lasts: timedelta = LINK_LASTS) -> str:
    """The token of a link that logs `who` in, once; earlier unused ones end."""
    school.session.execute(delete(LogInLink).where(LogInLink.staff_id == who.id, LogInLink.used_at.is_(None)))
    token = secrets.token_urlsafe(32)
    school.session.add(LogInLink(token_hash=fingerprint(token), staff_id=who.id, made_at=school.now, expires_at=school.now + lasts))
    school.session.flush()
    return token


def use_link(school: School, token: str) -> Staff:
    """Whom a log-in link belongs to; it is over from now on. Refuses with LinkIsOver."""
    used = (
        update(LogInLink)
        .where(LogInLink.token_hash == fingerprint(token), LogInLink.used_at.is_(None), LogInLink.expires_at > school.now)
        .values(used_at=school.now)
        .returning(LogInLink.staff_id)
        .execution_options(synchronize_session=False)
    )
    staff_id = school.session.scalar(used)
    who = school.session.get(Staff, staff_id) if staff_id else None
    if who is None or who.has_left:
        raise LinkIsOver
    return who


# Sessions


def begin(school: School, who: Staff, *, kind: SessionKind = SessionKind.BROWSER, device: str = "") -> str:
    """The token of a new session."""
    token = secrets.token_urlsafe(32)
    ends_at = end_of_school_day(school) if kind is SessionKind.TABLET else school.now + school.settings.console_session
    row = StaffSession(
        token_hash=fingerprint(token),
        staff_id=who.id,
        kind=kind,
        device=device[:80],
        has_second_factor=False,
        started_at=school.now,
        seen_at=school.now,
        ends_at=ends_at,
    )
    school.session.add(row)
    school.session.flush()
    return token


def end_of_school_day(school: School) -> datetime:
    """When a class's tablet is signed out: two hours after the school closes; after that, at midnight."""
    closing = datetime.combine(school.today, school.settings.closes, LONDON) + AFTER_SCHOOL
    return closing if closing > school.now else datetime.combine(school.today + timedelta(days=1), time(), LONDON)


def session_of(school: School, token: str) -> StaffSession | None:
    """The living session of this token; None where it ended, was idle for too long, or never was."""
    row = school.session.scalars(select(StaffSession).where(StaffSession.token_hash == fingerprint(token))).first()
    if row is None or row.ended_at is not None or row.ends_at <= school.now or row.staff.has_left:
        return None
    is_idle = row.kind == SessionKind.BROWSER and school.now - row.seen_at >= school.settings.console_idle
    return None if is_idle else row


def seen(school: School, session: StaffSession) -> None:
    """They clicked."""
    school.session.execute(update(StaffSession).where(StaffSession.id == session.id).values(seen_at=school.now))


def end(school: School, who: Staff, session_id: int) -> bool:
    """End one session of `who`; False if there is no such living one."""
    ended = (
        update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.staff_id == who.id, StaffSession.ended_at.is_(None))
        .values(ended_at=school.now)
        .returning(StaffSession.id)
        .execution_options(synchronize_session=False)
    )
    return school.session.scalar(ended) is not None


def end_all(school: School, who: Staff, *, but: int | None = None) -> None:
    """End every session of `who`, everywhere; `but` one."""
    mine = (StaffSession.staff_id == who.id, StaffSession.ended_at.is_(None), StaffSession.id != (but or 0))
    school.session.execute(update(StaffSession).where(*mine).values(ended_at=school.now).execution_options(synchronize_session=False))


def shut_out(school: School, who: Staff) -> None:
    """`who` works here no longer: no session, link, PIN or tablet of theirs lets anyone in, and none will if they come back."""
    end_all(school, who)
    school.session.execute(delete(LogInLink).where(LogInLink.staff_id == who.id, LogInLink.used_at.is_(None)))
    school.session.execute(update(Tablet).where(Tablet.staff_id == who.id, Tablet.revoked_at.is_(None)).values(revoked_at=school.now))
    mine = account(school, who)
    mine.password_hash = mine.pin_hash = None


def living_sessions(school: School, who: Staff) -> Sequence[StaffSession]:
    """Where `who` is logged in now, the newest first."""
    rows = school.session.scalars(
        select(StaffSession).where(StaffSession.staff_id == who.id, StaffSession.ended_at.is_(None), StaffSession.ends_at > school.now)
    ).all()
    is_idle = [row.kind == SessionKind.BROWSER and school.now - row.seen_at >= school.settings.console_idle for row in rows]
    return sorted((row for row, idle in zip(rows, is_idle, strict=True) if not idle), key=lambda row: row.seen_at, reverse=True)


# The second factor


def owes_second_factor(school: School, session: StaffSession) -> bool:
    """Whether nothing may be shown before a code was given: theirs is on, or their role must have one."""
    if session.has_second_factor or session.kind == SessionKind.TABLET:
        return False
    must = school.settings.second_factor and session.staff.role in NEEDS_SECOND_FACTOR
    return must or account_has_second_factor(school, session.staff)


def account_has_second_factor(school: School, who: Staff) -> bool:
    """Whether `who` has one."""
    found = school.session.get(Account, who.id)
    return found is not None and found.totp_since is not None


def propose_second_factor(school: School, who: Staff) -> None:
    """Draw a new secret for `who`, which counts once `confirm_second_factor` saw a code of it. One that counts already is left alone."""
    mine = account(school, who)
    if mine.totp_since is None and mine.totp_salt is None:
        mine.totp_salt = secrets.token_hex(16)


def totp(key: str, who: Staff, mine: Account) -> pyotp.TOTP:
    """The second factor of `who`: its secret is worked out from the school's secret key, so that a copy of the database gives none away."""
    digest = hmac.new(key.encode(), f"totp:{who.id}:{mine.totp_salt}".encode(), hashlib.sha256).digest()
    return pyotp.TOTP(base64.b32encode(digest[:20]).decode(), name=who.email, issuer="Bookbag", interval=TOTP_STEP)


def give_code(school: School, key: str, session: StaffSession, code: str) -> None:
    """A code of the second factor, in this session; the first one makes it count. Each is taken once, within half a minute. Refuses with WrongCode."""
    who = session.staff
    mine = account(school, who)
    if mine.totp_salt is None:
        raise WrongCode
    made, now = totp(key, who, mine), int(school.now.timestamp()) // TOTP_STEP
    typed = "".join(code.split())
    step = next((step for step in (now, now - 1, now + 1) if hmac.compare_digest(made.generate_otp(step).encode(), typed.encode())), None)
    if step is None or step <= mine.totp_step:
        raise WrongCode
    mine.totp_step, mine.totp_since = step, mine.totp_since or school.now
    row = school.session.get_one(StaffSession, session.id)
    row.has_second_factor = True


def drop_second_factor(school: School, who: Staff) -> None:
    """`who` lost the phone: a new one is set up at the next log-in. Every session ends."""
    mine = account(school, who)
    mine.totp_salt, mine.totp_since, mine.totp_step = None, None, 0
    end_all(school, who)


# A class's tablet


def add_tablet(school: School, who: Staff, name: str) -> str:
    """The token of a device on which the PIN of `who` works from now on."""
    token = secrets.token_urlsafe(32)
    school.session.add(Tablet(token_hash=fingerprint(token), staff_id=who.id, name=name[:80], added_at=school.now))
    school.session.flush()
    return token


def has_pin(school: School, who: Staff) -> bool:
    """Whether a PIN signs in on the tablets of `who`."""
    found = school.session.get(Account, who.id)
    return found is not None and found.pin_hash is not None


def has_password(school: School, who: Staff) -> bool:
    """Whether `who` has chosen a password."""
    found = school.session.get(Account, who.id)
    return found is not None and found.password_hash is not None


def tablet_of(school: School, token: str) -> Tablet | None:
    """The device of this token, unless it was taken back."""
    row = school.session.scalars(select(Tablet).where(Tablet.token_hash == fingerprint(token), Tablet.revoked_at.is_(None))).first()
    return None if row is None or row.staff.has_left else row


def tablets_of(school: School, who: Staff) -> Sequence[Tablet]:
    """The devices on which the PIN of `who` works."""
    return school.session.scalars(select(Tablet).where(Tablet.staff_id == who.id, Tablet.revoked_at.is_(None)).order_by(Tablet.id)).all()


def revoke_tablet(school: School, who: Staff, tablet_id: int) -> bool:
    """The PIN works there no more, and whoever is signed in is out; False if `who` has no such tablet."""
    row = school.session.get(Tablet, tablet_id)
    if row is None or row.staff_id != who.id or row.revoked_at is not None:
        return False
    row.revoked_at = school.now
    end_all(school, who)
    return True


def pin_hash_of(school: School, tablet: Tablet) -> str | None:
    """What is kept of the PIN that works on this tablet."""
    found = school.session.get(Account, tablet.staff_id)
    return found.pin_hash if found else None


# Forms


def first_time(school: School, number: str, who: Staff) -> str | None:
    """None where the form with this number is sent for the first time; else where it led, perhaps ''."""
    known = school.session.get(SentForm, number)
    if known is not None:
        return known.led_to if known.staff_id == who.id else ""
    try:
        with school.session.begin_nested():
            school.session.add(SentForm(number=number, staff_id=who.id, at=school.now, led_to=""))
    except IntegrityError:  # the same form came at the same moment, and was quicker
        return ""
    return None


def led_to(school: School, number: str, address: str) -> None:
    """Remember where a form led."""
    school.session.get_one(SentForm, number).led_to = address[:300]


def forget_old(school: School) -> None:
    """Remove what has long been over: used links, ended sessions, forms that nobody sends again, failures."""
    past = school.now - FORMS_KEPT
    for when in (SentForm.at, LogInLink.expires_at, StaffSession.ends_at, LogInFailures.wait_until):
        if school.session.scalar(select(when).where(when < past).limit(1)) is not None:
            school.session.execute(delete(when.class_).where(when < past))


capability = Capability("accounts", due=forget_old)
