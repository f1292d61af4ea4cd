"""How English speakers in London text a day or an hour: a table of expressions, tried before any library.

An expression becomes an Atom: a stretch of text with a day range, a range of hours, or both. `nlu.dates` joins neighbouring atoms.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

Term = tuple[date, date, str]

NOON = time(12)
_SCHOOL_STARTS, _LESSONS_START, _SCHOOL_ENDS = time(8, 30), time(9), time(15, 15)
_OPEN_DAYS = 27  # how far 'after 3 March' reaches when no term says where it ends

PARTS_OF_DAY: dict[str, tuple[time | None, time | None]] = {
    "first thing": (_LESSONS_START, time(9, 30)),
    "morning": (time(8), NOON),
    "lunch": (NOON, time(13, 30)),
    "afternoon": (NOON, time(17)),
    "evening": (time(17), time(21)),
    "after school": (_SCHOOL_ENDS, None),
    "before school": (None, _LESSONS_START),
    "drop off": (_SCHOOL_STARTS, time(9, 15)),
    "pick up": (time(15), time(15, 45)),
    "end of day": (time(14, 30), time(15, 30)),
    "noon": (NOON, NOON),
}


@dataclass(frozen=True)
class Atom:
    """A stretch of text that says something of when. `excluded` and `certain` as in When."""

    start: int
    end: int
    first: date | None = None
    last: date | None = None
    earliest: time | None = None
    latest: time | None = None
    excluded: bool = False
    certain: bool = True
    is_weekday: bool = False

    @property
    def has_day(self) -> bool:
        """Whether it says which day."""
        return self.first is not None

    @property
    def has_time(self) -> bool:
        """Whether it says which hour."""
        return self.earliest is not None or self.latest is not None


@dataclass(frozen=True)
class Moment:
    """When the message came, and the school's terms: what every expression is relative to."""

    now: datetime
    terms: Sequence[Term] = ()

    @property
    def today(self) -> date:
        """The day of the message in the school's clock."""
        return self.now.date()

    def coming(self, weekday: int) -> date:
        """The next such day after today; 0 is Monday."""
        return self.today + timedelta((weekday - self.today.weekday() - 1) % 7 + 1)

    def monday(self, weeks: int = 0) -> date:
        """The Monday of this week, or of a later or earlier one."""
        return self.today - timedelta(self.today.weekday()) + timedelta(weeks=weeks)

    def open_end(self, first: date) -> date:
        """Where a wish that is open towards later ends: with the term, if it is known."""
        ends = [last for start, last, kind in self.terms if kind == "term" and start <= first <= last]
        return max(ends, default=first + timedelta(_OPEN_DAYS))


Builder = Callable[[re.Match[str], Moment], Atom | None]

_WEEKDAYS = {
    "mon": 0, "monday": 0, "mondays": 0, "munday": 0,
    "tue": 1, "tues": 1, "tuesday": 1, "tuesdays": 1, "tusday": 1, "teusday": 1, "tuseday": 1, "tuesdy": 1,
    "wed": 2, "weds": 2, "wednesday": 2, "wednesdays": 2, "wensday": 2, "wednsday": 2, "wedsnesday": 2, "wendsday": 2, "wenesday": 2,
    "thu": 3, "thur": 3, "thurs": 3, "thursday": 3, "thursdays": 3, "thirsday": 3, "thusday": 3, "thrusday": 3, "thursdy": 3,
    "fri": 4, "friday": 4, "fridays": 4, "firday": 4, "fryday": 4, "frday": 4,
    "sat": 5, "saturday": 5, "saturdays": 5,
    "sun": 6, "sunday": 6, "sundays": 6,
}  # fmt: skip
_MONTHS = {
    "jan": 1, "january": 1, "feb": 2, "february": 2, "febuary": 2, "mar": 3, "march": 3, "apr": 4, "april": 4, "may": 5, "jun": 6, "june": 6,
    "jul": 7, "july": 7, "aug": 8, "august": 8, "sep": 9, "sept": 9, "september": 9, "oct": 10, "october": 10, "nov": 11, "november": 11,
    "dec": 12, "december": 12,
}  # fmt: skip
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "couple of": 2, "a couple of": 2, "a few": 3, "few": 3,
}  # fmt: skip
_CLEAR_WEEKDAY = "|".join(sorted((word for word in _WEEKDAYS if word not in {"sat", "sun"}), key=len, reverse=True))
_WEEKDAY = "|".join(sorted(_WEEKDAYS, key=len, reverse=True))
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_COUNT = r"\d{1,2}|" + "|".join(sorted(_COUNTS, key=len, reverse=True))
_HOUR_WORDS = "|".join(word for word, number in _COUNTS.items() if word not in {"a", "an", "few", "a few", "couple of", "a couple of"} and number <= 12)
_TH = r"(?:st|nd|rd|th)"
_TODAY = r"today|2day|tday|todays?"
_TOMORROW = r"tomm?orr?ow|tomorow|tommorow|tomoro|tommorrow|tomorrw|tmrw|tmorrow|tmrrw|tmr|tmw|tmoro|tomo|tomoz|2moro|2moz|2morrow|2mrw|2mora|tomoro"

# A clock time: 3, 3pm, 3:30, 15.10, three, 3 o'clock. Not the 3 of '3 weeks', '3 children', '3 march', '3/3', 'year 3'.
_UNITS = r"days?|weeks?|wks?|months?|years?|yrs?|hours?|hrs?|mins?|minutes?|of us|people|persons?|kids?|children|times|adults?|ppl|quid|pounds?|p\b"
_NOT_CLOCK = rf"(?!\s*(?:{_UNITS})\b)(?!\d)(?!\s*{_TH}\b)(?!\s*(?:{_MONTH})\b)(?![/%])(?![.:]\d)"
_CLOCK = rf"(?:(?P<h{{0}}>[01]?\d|2[0-3])(?:[.:h](?P<m{{0}}>[0-5]\d))?|(?P<w{{0}}>{_HOUR_WORDS}))(?:\s*(?P<p{{0}}>a\.?m\b\.?|p\.?m\b\.?|o'?\s?clock))?"


def _clock(name: str = "") -> str:
    return _CLOCK.format(name)


def _read_clock(match: re.Match[str], name: str = "") -> time | None:
    """A clock time as school people mean it: 1 to 6 are in the afternoon, 7 to 12 as they stand."""
    word, digits, suffix = match[f"w{name}"], match[f"h{name}"], (match[f"p{name}"] or "")[:1]
    hour = _COUNTS[word] if word else int(digits)
    minute = int(match[f"m{name}"] or 0)
    written_out = digits is not None and len(digits) == 2 and digits.startswith("0")
    return _hour(hour, minute, suffix if suffix in {"a", "p"} else "a" if written_out and match[f"m{name}"] else "")


def _hour(hour: int, minute: int, suffix: str) -> time | None:
    if (suffix == "p" and hour < 12) or (not suffix and 1 <= hour <= 6):
        hour += 12
    elif suffix == "a" and hour == 12:
        hour = 0
    return time(hour, minute) if hour < 24 else None


def _shift(clock: time, minutes: int) -> time:
    total = max(0, min(23 * 60 + 59, clock.hour * 60 + clock.minute + minutes))
    return time(total // 60, total % 60)


def _at(match: re.Match[str], clock: time | None, *, minutes: int = 0) -> Atom | None:
    if clock is None:
        return None
    exact = _shift(clock, minutes)
    return Atom(*match.span(), earliest=exact, latest=exact)


def _days(match: re.Match[str], first: date | None, last: date | None = None, *, certain: bool = True) -> Atom | None:
    return None if first is None else Atom(*match.span(), first=first, last=last or first, certain=certain)


def _dated(match: re.Match[str], first: date | None, moment: Moment, last: date | None = None) -> Atom | None:
    """A written date. One that has passed may be a slip, or may be meant so ('she was ill on 3 March'): not certain."""
    return None if first is None else _days(match, first, last, certain=first >= moment.today)


# --- days


def _weekday(match: re.Match[str], moment: Moment) -> Atom:
    """A weekday means the coming one. 'Next Friday' said before Friday is the one after to most of Britain, not to all: so not certain."""
    weekday, which, after = _WEEKDAYS[match["day"]], match["which"] or "", match["week"] or ""
    day, certain = moment.coming(weekday), True
    if which == "last":
        day -= timedelta(weeks=2) if day - timedelta(7) == moment.today else timedelta(weeks=1)
    elif which == "this" and weekday == moment.today.weekday():
        day = moment.today
    elif which == "next":
        certain = day > moment.monday(1) - timedelta(1)
        day = moment.monday(1) + timedelta(weekday)
    elif weekday == moment.today.weekday():
        certain = False  # 'friday' on a Friday: next week's, or a slow way to say today
    if after:
        day += timedelta(weeks=1)
    return Atom(*match.span(), first=day, last=day, certain=certain, is_weekday=True)


def _week(match: re.Match[str], moment: Moment) -> Atom:
    weeks = {"this": 0, "next": 1, "last": -1, "following": 1, "coming": 1}[match["which"]]
    monday = moment.monday(weeks)
    if match["weekend"]:
        saturday = moment.monday(weeks) + timedelta(5)
        return Atom(*match.span(), first=saturday, last=saturday + timedelta(1), certain=weeks != 1)
    return Atom(*match.span(), first=max(monday, moment.today) if weeks == 0 else monday, last=monday + timedelta(6))


def _week_after_next(match: re.Match[str], moment: Moment) -> Atom:
    return Atom(*match.span(), first=moment.monday(2), last=moment.monday(2) + timedelta(6))


def _part_of_week(match: re.Match[str], moment: Moment) -> Atom:
    monday = moment.monday(1 if match["which"] == "next" else 0)
    spans = {"beginning": (0, 1), "start": (0, 1), "early": (0, 1), "middle": (1, 3), "mid": (1, 3), "end": (3, 4), "later": (2, 4), "late": (3, 4)}
    start, end = spans[match["part"]]
    first, last = monday + timedelta(start), monday + timedelta(end)
    if last < moment.today:
        first, last = first + timedelta(7), last + timedelta(7)
    return Atom(*match.span(), first=max(first, moment.today), last=last, certain=False)


def _in_while(match: re.Match[str], moment: Moment) -> Atom | None:
    count = int(match["n"]) if match["n"].isdigit() else _COUNTS[match["n"]]
    unit = match["unit"]
    if unit.startswith("d"):
        return _days(match, moment.today + timedelta(count))
    if unit.startswith("w"):
        return _days(match, moment.today + timedelta(weeks=count))
    return _days(match, _months_on(moment.today, count), certain=False)


def _months_on(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    return _real(day.year + year, month + 1, min(day.day, 28)) or day


def _real(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def coming_date(day: int, month: int, year: str | None, today: date) -> date | None:
    """The date as written; without a year the one nearest ahead, but one that passed less than three months ago is meant as past."""
    if year:
        return _real(int(year) + (2000 if len(year) == 2 else 0), month, day)
    this = _real(today.year, month, day)
    if this is not None and (today - this).days > 90:
        return _real(today.year + 1, month, day)
    if this is not None and (this - today).days > 275:
        return _real(today.year - 1, month, day)
    return this or _real(today.year + 1, month, day)


def _numeric_date(match: re.Match[str], moment: Moment) -> Atom | None:
    found = coming_date(int(match["d"]), int(match["mo"]), match["y"], moment.today)
    return _dated(match, found, moment)


def _iso_date(match: re.Match[str], moment: Moment) -> Atom | None:
    return _dated(match, _real(int(match["y"]), int(match["mo"]), int(match["d"])), moment)


def _named_date(match: re.Match[str], moment: Moment) -> Atom | None:
    month = _MONTHS[match["month"]]
    first = coming_date(int(match["d"]), month, match["y"], moment.today)
    last = coming_date(int(match["d2"]), month, match["y"], moment.today) if match.groupdict().get("d2") else first
    return _dated(match, first, moment, last)


def _day_of_month(match: re.Match[str], moment: Moment) -> Atom | None:
    day = int(match["d"])
    found = _real(moment.today.year, moment.today.month, day)
    if found is None or found < moment.today:
        month = moment.today.replace(day=1)
        for _ in range(2):  # the month after next if the next has no such day
            month = (month + timedelta(31)).replace(day=1)
            if (found := _real(month.year, month.month, day)) is not None:
                break
    return _days(match, found)


def _month(match: re.Match[str], moment: Moment) -> Atom | None:
    month = _MONTHS[match["month"]]
    year = moment.today.year + (month < moment.today.month)
    first = date(year, month, 1)
    last = (first + timedelta(31)).replace(day=1) - timedelta(1)
    return _days(match, max(first, moment.today), last)


def _next_month(match: re.Match[str], moment: Moment) -> Atom | None:
    first = moment.today if match["which"] == "this" else (moment.today.replace(day=1) + timedelta(31)).replace(day=1)
    return _days(match, first, (first.replace(day=1) + timedelta(31)).replace(day=1) - timedelta(1))


def _on(days: int, certain: bool = True) -> Builder:
    return lambda match, moment: _days(match, moment.today + timedelta(days), certain=certain)


def _today_part(name: str) -> Builder:
    earliest, latest = PARTS_OF_DAY[name]
    return lambda match, moment: Atom(*match.span(), first=moment.today, last=moment.today, earliest=earliest, latest=latest)


# --- terms


def _after_break(match: re.Match[str], moment: Moment) -> Atom | None:
    """'After half-term', 'before the holidays': from the terms we were handed, else nothing; a guess would be worse."""
    gap = _break(match["what"], moment)
    if gap is None:
        return None
    if match["side"].startswith(("after", "when", "back")):
        first = _school_day(gap[1] + timedelta(1))
        return _days(match, first, moment.open_end(first))
    if match["side"].startswith("before"):
        return _days(match, moment.today, gap[0] - timedelta(1)) if gap[0] > moment.today else None
    return _days(match, *gap)


def _break(what: str, moment: Moment) -> tuple[date, date] | None:
    """The next break of the kind named: a half-term, or the gap between two terms."""
    if what.startswith("half"):
        breaks = [(first, last) for first, last, kind in moment.terms if kind == "half-term"]
    else:
        terms = sorted((first, last) for first, last, kind in moment.terms if kind == "term")
        breaks = [(before[1] + timedelta(1), after[0] - timedelta(1)) for before, after in itertools.pairwise(terms)]
        month = {"easter": (3, 4), "christmas": (12, 1), "xmas": (12, 1), "summer": (7, 8)}.get(what.partition(" ")[0])
        breaks = [gap for gap in breaks if month is None or gap[0].month in month or gap[1].month in month]
    return min(((first, last) for first, last in breaks if last >= moment.today), default=None)


def _school_day(day: date) -> date:
    return day + timedelta(max(0, 7 - day.weekday())) if day.weekday() > 4 else day


def _end_of_term(match: re.Match[str], moment: Moment) -> Atom | None:
    ends = sorted(last for _, last, kind in moment.terms if kind == "term" and last >= moment.today)
    if not ends:
        return None
    first = max(moment.today, ends[0] - timedelta(ends[0].weekday()))
    if (match["side"] or "").startswith("before"):
        return _days(match, moment.today, ends[0])
    return _days(match, first, ends[0], certain=False)


def _next_term(match: re.Match[str], moment: Moment) -> Atom | None:
    coming = sorted((first, last) for first, last, kind in moment.terms if kind == "term" and first > moment.today)
    return _days(match, *coming[0]) if coming else None


# --- hours


def _bounded(match: re.Match[str], moment: Moment) -> Atom | None:
    clock = _read_clock(match)
    if clock is None:
        return None
    side, is_turned = match["side"], bool(match["not"])
    is_after = side.startswith(("after", "from", "past", "later than", "any time after", "anytime after", "since", "post")) != is_turned
    return Atom(*match.span(), earliest=clock if is_after else None, latest=None if is_after else clock)


def _between(match: re.Match[str], moment: Moment) -> Atom | None:
    first, last = _read_clock(match, "a"), _read_clock(match, "b")
    if match["pb"] and not match["pa"] and first and last and first.hour + 12 <= last.hour and match["pb"].startswith("p") and first.hour >= 12:
        first = first.replace(hour=first.hour + 12)
    if first is None or last is None or first >= last:
        return None
    return Atom(*match.span(), earliest=first, latest=last)


def _about(match: re.Match[str], moment: Moment) -> Atom | None:
    clock = _read_clock(match)
    return None if clock is None else Atom(*match.span(), earliest=_shift(clock, -30), latest=_shift(clock, 30))


def _exact_clock(match: re.Match[str], moment: Moment) -> Atom | None:
    return _at(match, _read_clock(match))


def _half(match: re.Match[str], moment: Moment) -> Atom | None:
    return _at(match, _read_clock(match), minutes=30)


def _quarter(match: re.Match[str], moment: Moment) -> Atom | None:
    amount = match["n"]
    minutes = 15 if "quarter" in amount else _COUNTS.get(amount) or {"twenty": 20, "twenty five": 25}.get(amount) or int(amount)
    return _at(match, _read_clock(match), minutes=-minutes if match["side"] == "to" else minutes)


def _part(name: str) -> Builder:
    return lambda match, moment: Atom(*match.span(), earliest=PARTS_OF_DAY[name][0], latest=PARTS_OF_DAY[name][1])


def _side_of_noon(match: re.Match[str], moment: Moment) -> Atom:
    """'Before lunch' ends at noon; after lunch a class is back by one."""
    is_after = match["side"].startswith("after")
    clock = time(13) if is_after and "lunch" in match["what"] else NOON
    return Atom(*match.span(), earliest=clock if is_after else None, latest=None if is_after else clock)


def _break_word(name: str = "what") -> str:
    rest = r"(?:\s+(?:holidays?|break))"
    return rf"(?P<{name}>half[\s-]?term|easter{rest}?|(?:christmas|xmas){rest}?|summer{rest}|(?:school\s+)?(?:holidays?|hols)|school\s+break)"


_AFTER_HOUR = r"(?=\s*(?:$|[,.;?!)]|(?:or|pls|please|plz|if|is|ok|okay|with|for|can|would|works|suits|thanks|thx|instead|possible|good|best|to|in)\b))"
_WEEKDAY_AFTER = r"(?P<week>\s+week)?"
# Order matters: at one place of the text the first that matches wins, so the longer and more exact stand above.
_TABLE: list[tuple[str, Builder]] = [
    (r"(?P<y>20\d\d)-(?P<mo>\d\d?)-(?P<d>\d\d?)", _iso_date),
    (r"(?P<d>\d\d?)\.(?P<mo>\d\d?)\.(?P<y>20\d\d|\d\d)(?!\d)", _numeric_date),
    (r"(?P<d>\d\d?)\.(?P<mo>\d)(?P<y>)(?![\d.]|\s?(?:pm|am)\b|\s?%)", _numeric_date),
    ((rf"(?:from\s+)?(?:the\s+)?(?P<d>\d\d?){_TH}?\s*(?:to|-|–|till|until|and)\s*(?:the\s+)?(?P<d2>\d\d?){_TH}?"
     rf"\s+(?:of\s+)?(?P<month>{_MONTH})\b(?:,?\s+(?P<y>20\d\d))?"), _named_date),
    # 2-3 is from two to three; with a year, or with a slash, it is a date.
    (r"(?P<d>\d\d?)\s?[/-]\s?(?P<mo>\d\d?)\s?[/-]\s?(?P<y>20\d\d|\d\d)(?![\d/:])", _numeric_date),
    (r"(?P<d>\d\d?)\s?/\s?(?P<mo>\d\d?)(?P<y>)(?![\d/:]|\s?(?:pm|am)\b)", _numeric_date),
    (rf"(?:the\s+)?(?P<d>\d\d?)\s?{_TH}?\s*(?:of\s+)?(?P<month>{_MONTH})\b(?:,?\s+(?P<y>20\d\d))?", _named_date),
    (rf"(?P<month>{_MONTH})\s+(?:the\s+)?(?P<d>\d\d?){_TH}?(?![\d.:]|\s?(?:pm|am)\b)(?:,?\s+(?P<y>20\d\d))?", _named_date),
    (r"(?:the\s+)?day\s+after\s+(?:" + _TOMORROW + r")", _on(2)),
    (rf"(?:{_TODAY})\b", _on(0)),
    (rf"(?:{_TOMORROW})\b", _on(1)),
    (r"(?:tonight|tonite|2nite|2night|this\s+evening)\b", _today_part("evening")),
    (r"this\s+(?:morning|morn|mornin)\b", _today_part("morning")),
    (r"this\s+(?:afternoon|aft)\b", _today_part("afternoon")),
    (r"yesterday|yday|yesturday", _on(-1)),
    (r"(?P<part>beginning|start|early|middle|mid|end|later|late)\s*(?:of\s+)?(?:the\s+)?(?P<which>this|next)?\s*week\b", _part_of_week),
    (r"(?:the\s+)?week\s+after\s+next\b", _week_after_next),
    (rf"(?P<which>)(?P<week>a\s+week\s+|week\s+)on\s+(?P<day>{_WEEKDAY})\b", _weekday),
    (rf"(?P<n>{_COUNT})\s+(?P<unit>weeks?)\s+today\b", _in_while),
    (r"(?:the\s+|any\s?time\s+|sometime\s+)?(?P<which>this|next|last|following|coming)\s+(?:week(?P<weekend>end)?|wk)\b(?!\s+(?:or\s+two))", _week),
    (r"(?P<which>this|next)\s+month\b", _next_month),
    (r"(?:in\s+)?(?:the\s+)?weekend\b", lambda match, moment: Atom(*match.span(), first=moment.monday() + timedelta(5), last=moment.monday() + timedelta(6))),
    (r"(?:in\s+|after\s+)?(?:a\s+)?fortnight(?:'?s)?(?:\s+time)?\b", lambda match, moment: _days(match, moment.today + timedelta(14))),
    (rf"(?:in|after|within)\s+(?:about\s+)?(?P<n>{_COUNT})\s+(?:more\s+)?(?P<unit>days?|weeks?|wks?|months?)(?:'?s?'?\s+time)?\b", _in_while),
    (rf"(?P<n>{_COUNT})\s+(?P<unit>days?|weeks?|wks?|months?)(?:'?s?'?\s+time|\s+from\s+(?:now|today))\b", _in_while),
    (r"(?P<side>before|by|until)?\s*(?:the\s+)?(?:end|last\s+(?:day|week))\s+of\s+(?:the\s+|this\s+)?term\b", _end_of_term),
    (r"(?:start\s+of\s+)?next\s+(?:school\s+)?term\b", _next_term),
    ((rf"(?P<side>after|before|during|in|over|at|when\s+(?:we|they|school)\s+(?:are\s+|is\s+)?back\s+(?:from|after)|back\s+(?:from|after))"
     rf"\s+(?:the\s+)?{_break_word()}\b"), _after_break),
    (r"(?P<side>)(?P<what>half[\s-]?term|(?:easter|christmas|xmas|summer)\s+(?:holidays?|break))\b", _after_break),
    ((rf"(?:on\s+|any\s?time\s+(?:on\s+)?|sometime\s+(?:on\s+)?)?"
     rf"(?:(?P<which>this|next|last)\s+(?:coming\s+)?|(?:coming|every|all(?:\s+day)?)\s+)?(?P<day>{_CLEAR_WEEKDAY})\b{_WEEKDAY_AFTER}"), _weekday),
    (rf"(?:on\s+|any\s?time\s+(?:on\s+)?)?(?:(?P<which>this|next|last)|on|every|coming|by|or|and|until)\s+(?P<day>sat|sun)\b{_WEEKDAY_AFTER}", _weekday),
    (r"(?P<which>)(?P<day>sat|sun)\b(?P<week>)(?=\s*(?:$|\d|am\b|pm\b|morning|afternoon|at\s+\d|or\s+sun\b|and\s+sun\b))", _weekday),
    (rf"(?:in|during|for|next)\s+(?P<month>{_MONTH})\b(?!\s*\d)", _month),
    (rf"(?:on\s+)?(?:the\s+)(?P<d>\d\d?)\s?{_TH}\b(?!\s+(?:one|option|choice|time|year|birthday|class|street|floor))", _day_of_month),
    (rf"(?:on\s+)?(?P<d>\d\d?){_TH}\b(?!\s+(?:one|option|choice|time|year|birthday|class|street|floor))", _day_of_month),
    (r"first\s+thing(?:\s+in\s+the\s+morning)?\b", _part("first thing")),
    (r"(?P<side>before|after|by)\s+(?P<what>lunch(?:\s?time)?|dinner\s?time|noon|midday|mid day|12\s?noon)\b", _side_of_noon),
    (r"(?:12\s+)?(?:noon|midday|mid day)\b", _part("noon")),
    (r"(?:at\s+|around\s+|during\s+)?(?:lunch\s?time|lunch\s?break)\b", _part("lunch")),
    (r"(?:after|once)\s+school(?:\s+(?:finishes|ends))?\b(?!\s+club)", _part("after school")),
    (r"before\s+school\b", _part("before school")),
    (r"(?:at\s+)?drop[\s-]?off(?:\s+time)?\b", _part("drop off")),
    (r"(?:at\s+)(?:pick[\s-]?up|home)(?:\s+time)\b|home\s?time\b|(?:at|after)\s+pick[\s-]?up\b", _part("pick up")),
    (r"(?:at\s+)?(?:the\s+)?end\s+of\s+(?:the\s+)?(?:school\s+)?day\b", _part("end of day")),
    (rf"(?:at\s+|around\s+|about\s+)?half\s+(?:past\s+|passed\s+)?{_clock()}{_NOT_CLOCK}\b", _half),
    ((rf"(?:at\s+)?(?:a\s+)?(?P<n>quarter|five|ten|twenty five|twenty|[1-5]?[05])"
     rf"\s*(?:mins?\s+|minutes?\s+)?(?P<side>to|past)\s+{_clock()}{_NOT_CLOCK}\b"), _quarter),
    (rf"(?:between\s+|from\s+)?{_clock('a')}\s*(?:-|–|to|till|until|til|and)\s*{_clock('b')}{_NOT_CLOCK}(?!\w)(?<![a-z]\sand\s\d)", _between),
    ((rf"(?P<not>not\s+|never\s+)?(?P<side>any\s?time\s+after|after|from|later\s+than|since|post"
     rf"|before|by|until|till|til|no\s+later\s+than|latest\s+by|earlier\s+than)\s+(?:about\s+)?{_clock()}{_NOT_CLOCK}(?!\w)"), _bounded),
    (rf"(?:at\s+)?(?:around|about|approx|roughly|abt|circa)\s+{_clock()}(?:ish)?{_NOT_CLOCK}(?!\w)", _about),
    (rf"(?:at\s+)?{_clock()}\s?-?ish\b", _about),
    ((rf"(?:move|change|make|switch|push|swap)\s+(?:(?:it|that|this|them|my\s+\w+|the\s+\w+)\s+)?"
     rf"(?:(?:to|for)\s+)?{_clock()}{_NOT_CLOCK}(?!\w){_AFTER_HOUR}"), _exact_clock),
    (rf"(?:at|@|for)\s*{_clock()}{_NOT_CLOCK}(?!\w)", _exact_clock),
    (r"(?:at\s+)?(?P<w>)(?P<h>[01]?\d|2[0-3])[.:h](?P<m>[0-5]\d)\s*(?P<p>a\.?m\b\.?|p\.?m\b\.?)?(?![\d.:/%])(?!\w)", _exact_clock),
    (rf"(?:(?P<w>{_HOUR_WORDS})|(?P<h>1[0-2]|0?[1-9]))(?P<m>)\s*(?P<p>a\.?m\b\.?|p\.?m\b\.?|o'?\s?clock)(?!\w)", _exact_clock),
    (r"(?:(?:early|late|mid)\s+)?(?:in\s+)?(?:the\s+)?(?:mornings?|morn|mornin)\b", _part("morning")),
    (r"(?:(?:early|late|mid)\s+)?(?:in\s+)?(?:the\s+)?(?:afternoons?|aft|arvo|afternon|aftrnoon)\b", _part("afternoon")),
    (r"(?:(?:early|late)\s+)?(?:in\s+)?(?:the\s+)?(?:evenings?|eve)\b", _part("evening")),
]  # fmt: skip
_COMPILED = [(re.compile(rf"(?<![\w£$€.:])(?<!\d/)(?:{pattern})"), build) for pattern, build in _TABLE]
_STARTS = re.compile(r"(?<![\w£$€.:])(?<!\d/)[\w@]")
# A bare hour straight after a day ('thurs 2', 'tomorrow 10'): only there, as elsewhere it is a choice, an age or a number of people.
_BARE_HOUR = re.compile(rf"\s*,?\s*{_clock()}{_NOT_CLOCK}(?!\w){_AFTER_HOUR}")
_HALF_DAY = re.compile(r"\s+(am|pm|a\.m\.|p\.m\.)(?!\w)")  # 'weds pm'; elsewhere 'am' is a verb
_OR_HOUR = re.compile(rf"\s+or\s+(?P<hour>{_clock()}){_NOT_CLOCK}(?!\w){_AFTER_HOUR}")
_WEEK_OF = re.compile(r"(?:the\s+)?\b(?:(?:week|wk)\s+(?:of|beginning|commencing|starting|begining)(?:\s+the|\s+on)?|w/?c|w/?b)\s+$")
_BOUND = re.compile(r"\b(after|from|until|till|til|by|before)\s+(?:on\s+|the\s+)?$")
_GREETING = re.compile(r"\b(?:good|gd|gud)\s+$")
_SCHOOL_YEAR = re.compile(r"\b(?:year|yr|class|room|key\s?stage|ks|no|number|option|bus|costs?|pay|paid|owe|price|needs?|have)\s+$")


def scan(lowered: str, moment: Moment) -> list[Atom]:
    """The expressions in `lowered` (in lower case, as long as the original), left to right, not overlapping."""
    atoms: list[Atom] = []
    position = 0
    while (start := _STARTS.search(lowered, position)) is not None:
        atom = _first_match(lowered, start.start(), moment)
        if atom is None:
            position = _end_of_word(lowered, start.start())
            continue
        atoms.append(atom)
        position = atom.end
        if atom.has_day and not atom.has_time and (hour := _bare_hour(lowered, atom)) is not None:
            atoms[-1], position = hour, hour.end
        if atoms[-1].has_time and (other := _or_hour(lowered, position)) is not None:
            atoms.append(other)
            position = other.end
    return atoms


def _first_match(lowered: str, start: int, moment: Moment) -> Atom | None:
    before = lowered[:start]
    if _GREETING.search(before) or (lowered[start].isdigit() and _SCHOOL_YEAR.search(before)):
        return None
    for pattern, build in _COMPILED:
        match = pattern.match(lowered, start)
        if match is not None and match.end() > start and (atom := build(match, moment)) is not None:
            return atom
    return None


def _bare_hour(lowered: str, day: Atom) -> Atom | None:
    if (half := _HALF_DAY.match(lowered, day.end)) is not None:
        earliest, latest = PARTS_OF_DAY["morning" if half[1].startswith("a") else "afternoon"]
        return replace(day, end=half.end(), earliest=earliest, latest=latest)
    match = _BARE_HOUR.match(lowered, day.end)
    if match is None or (clock := _read_clock(match)) is None:
        return None
    return replace(day, end=match.end(), earliest=clock, latest=clock)


def week_of(day: Atom, lowered: str) -> Atom:
    """`day`, or the whole week it is in where the words before it say so ('week beginning 16 March')."""
    match = _WEEK_OF.search(lowered, 0, day.start)
    if match is None or day.first is None or day.first != day.last:
        return day
    monday = day.first - timedelta(day.first.weekday())
    return replace(day, start=match.start(), first=monday, last=monday + timedelta(6), is_weekday=False)


def bounded(day: Atom, lowered: str, moment: Moment) -> Atom:
    """`day`, or the stretch from or up to it where the word before it says so ('after friday', 'until the 12th')."""
    match = _BOUND.search(lowered, 0, day.start)
    if match is None or day.first is None or day.last is None or day.has_time:
        return day
    if match[1] in {"after", "from"}:
        first = day.last + timedelta(1) if match[1] == "after" else day.first
        return replace(day, start=match.start(), first=first, last=moment.open_end(first)) if day.first == day.last else day
    last = day.first - timedelta(1) if match[1] == "before" else day.last
    return replace(day, start=match.start(), first=moment.today, last=last) if last >= moment.today else day


def _or_hour(lowered: str, position: int) -> Atom | None:
    """The 3 of 'at 2 or 3'."""
    match = _OR_HOUR.match(lowered, position)
    if match is None or (clock := _read_clock(match)) is None:
        return None
    return Atom(match.start("hour"), match.end(), earliest=clock, latest=clock)


def _end_of_word(lowered: str, start: int) -> int:
    end = start + 1
    while end < len(lowered) and lowered[end].isalnum():
        end += 1
    return end
