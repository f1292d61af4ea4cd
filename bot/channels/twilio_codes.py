"""Twilio's error codes as data: what each means to us.

Source: Twilio's error dictionary as read into design paper `providers.md` §3. Twilio says that codes are refined all the time:
so a code that is missing here is `Verdict.UNKNOWN`, failed and seen by staff.
"""

from __future__ import annotations

from typing import Final

from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict

VERDICTS: Final[dict[int, Verdict]] = {
    # They sent STOP to this sender.
    21610: Verdict.OPTED_OUT,
    # Not a number, not a mobile, a landline, unknown.
    21211: Verdict.BAD_ADDRESS,
    21614: Verdict.BAD_ADDRESS,
    21635: Verdict.BAD_ADDRESS,
    30005: Verdict.BAD_ADDRESS,
    30006: Verdict.BAD_ADDRESS,
    # A country that the account may not text: the office must look at the number.
    21408: Verdict.BAD_ADDRESS,
    # Not on WhatsApp, blocked us, not in the sandbox.
    63003: Verdict.BAD_ADDRESS,
    63014: Verdict.BAD_ADDRESS,
    63015: Verdict.BAD_ADDRESS,
    63024: Verdict.BAD_ADDRESS,
    63033: Verdict.BAD_ADDRESS,
    # The phone is off or out of reach.
    30003: Verdict.UNREACHABLE,
    # Unknown to Twilio itself: it may have arrived. 30410: a timeout at the carrier; Twilio does not retry it 'to avoid duplicate message delivery'.
    30008: Verdict.UNCERTAIN,
    30410: Verdict.UNCERTAIN,
    # Blocked by device or carrier; filtered as spam.
    30004: Verdict.FILTERED,
    30007: Verdict.FILTERED,
    # Our queue at Twilio is over ten hours long; too fast.
    30001: Verdict.LIMITED,
    21611: Verdict.LIMITED,
    20429: Verdict.LIMITED,
    14107: Verdict.LIMITED,
    63017: Verdict.LIMITED,
    # WhatsApp's limits for our number: per day, by quality, by experiment (63049 unverified).
    63018: Verdict.LIMITED,
    63032: Verdict.LIMITED,
    63038: Verdict.LIMITED,
    63049: Verdict.LIMITED,
    # Its validity passed, as we asked.
    30036: Verdict.EXPIRED,
    # Credentials, balance, sender or service.
    20003: Verdict.OUR_ACCOUNT,
    21603: Verdict.OUR_ACCOUNT,
    21703: Verdict.OUR_ACCOUNT,
    30002: Verdict.OUR_ACCOUNT,
    63007: Verdict.OUR_ACCOUNT,
    # This pair of sender and receiver, or an id of ours.
    20404: Verdict.BAD_PAIR,
    21606: Verdict.BAD_PAIR,
    21612: Verdict.BAD_PAIR,
    21910: Verdict.BAD_PAIR,
    # A message that we built wrongly.
    21602: Verdict.OUR_CONTENT,
    21617: Verdict.OUR_CONTENT,
    21620: Verdict.OUR_CONTENT,
    21656: Verdict.OUR_CONTENT,
    63005: Verdict.OUR_CONTENT,
    63021: Verdict.OUR_CONTENT,
    63028: Verdict.OUR_CONTENT,
    # Outside WhatsApp's 24 hours without a template; the template is missing, paused or rejected.
    63016: Verdict.NO_WINDOW,
    63027: Verdict.NO_WINDOW,
    63029: Verdict.NO_WINDOW,
    63040: Verdict.NO_WINDOW,
    63041: Verdict.NO_WINDOW,
    # A fault of theirs.
    20500: Verdict.THEIRS,
    63012: Verdict.THEIRS,
    63019: Verdict.THEIRS,
    63023: Verdict.THEIRS,
}

REPEATABLE: Final = frozenset({14107, 20429, 21611, 30001, 63012, 63017, 63019, 63023})
"""Refusals of a send (4xx) after which the same message may simply be sent again: too fast, a full queue, a passing fault of theirs."""

_BY_STATUS: Final[dict[int, Verdict]] = {401: Verdict.OUR_ACCOUNT, 403: Verdict.OUR_ACCOUNT, 404: Verdict.BAD_PAIR}


def verdict(code: int | None) -> Verdict:
    """What a code means to us; a code that we do not know, or none, is `UNKNOWN`."""
    return VERDICTS.get(code, Verdict.UNKNOWN) if code is not None else Verdict.UNKNOWN


def outcome(status: int, code: int | None, after: float | None = None) -> SendError:
    """What became of a send that was answered by this HTTP status, no success, and this code, if any. `after`: Retry-After in seconds.

    4xx with or without a code: not sent; 429 'is never processed' (Twilio's documentation); 408 and 5xx: asked, and nobody knows.
    A redirect is a wrong address of ours.
    """
    said = None if code is None or code == status else str(code)
    if status == 429:
        return TryLater(after=after, code=said)
    if status >= 500 or status == 408:
        return FateUnknown(code=said or str(status))
    if code in REPEATABLE:
        return TryLater(after=after, code=said)
    if verdict(code) is Verdict.UNCERTAIN:
        return FateUnknown(code=said)
    if 300 <= status < 400:
        return Rejected(Verdict.OUR_ACCOUNT, code=str(status))
    return Rejected(VERDICTS.get(code or 0) or _BY_STATUS.get(status, Verdict.UNKNOWN), code=said or str(status))
