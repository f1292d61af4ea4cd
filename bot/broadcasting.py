"""`bookbag broadcast`: one text to many families, or what it would come to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from bot.clock import now
from bot.preview import Look, Preview, preview
from bot.translating import Job, Result, translators
from data.migrate import upgrade
from data.store import Store
from data.texts import Text
from school import LONDON, School, audiences, audit, broadcasts, texts
from school.audiences import Audience, NoSuchAudience
from school.broadcast_days import AlreadyPast, NoSuchTime
from school.broadcasts import BroadcastState, Content, Nobody, Plan, WaitsFor, When
from translations.writing import LanguageName, day, written

if TYPE_CHECKING:
    from bot.settings import Settings

BAD_INPUT = 2
T = TypeVar("T")


@dataclass(frozen=True)
class Asked:
    """What was asked for, as far as it can be understood without asking the school."""

    words: str
    when: When | None
    is_urgent: bool


@dataclass(frozen=True)
class Told:
    """What is told of a broadcast that was sent, or of one that would be."""

    audience: str
    preview: Preview
    broadcast_id: int | None
    state: str
    waits_for: str | None


def run(settings: Settings, *, to: str, text: str | None, file: Path | None, at: str | None, urgent: bool, dry_run: bool, as_json: bool) -> int:
    """Send a text to an audience, or with `dry_run` say what that would come to; the exit code: 0, or 2 with a line for each fault on standard error."""
    faults: list[str] = []
    upgrade(settings.database_url)
    with closing(Store(settings.database_url)) as store:
        asked = Asked(_words(text, file, faults), _when(at, faults), urgent)
        audience = _audience(settings, store, to, faults)
        told = _told(settings, store, audience, asked, faults, dry_run=dry_run) if audience is not None and not faults else None
    if told is None:
        for fault in faults:
            typer.echo(fault, err=True)
        return BAD_INPUT
    typer.echo(json.dumps(_row(told), ensure_ascii=False, indent=2) if as_json else "\n".join(_lines(told)))
    return 0


# What was asked for


def _words(text: str | None, file: Path | None, faults: list[str]) -> str:
    if (text is None) == (file is None):
        faults.append("--text, --file: give one of them")
        return ""
    words = _content(file, faults) if file is not None else text or ""
    if words is not None and not words.strip():
        faults.append(f"{'--text' if file is None else '--file'}: there are no words")
    return words or ""


def _content(file: Path, faults: list[str]) -> str | None:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        faults.append(f"--file: {file} cannot be read ({error.strerror or error})")
    except UnicodeDecodeError:
        faults.append(f"--file: {file} is not text in UTF-8")
    return None


def _when(at: str | None, faults: list[str]) -> When | None:
    if at is None:
        return None
    for form in ("%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"):
        try:
            moment = datetime.strptime(at, form)  # noqa: DTZ007  # it is on the school's clock
        except ValueError:
            continue
        return When(moment.date() if "%d" in form else now().astimezone(LONDON).date(), moment.time())
    faults.append(f"--at: '{at}' is no time such as '2026-03-02 08:00' or 08:00, on the school's clock")
    return None


def _audience(settings: Settings, store: Store, to: str, faults: list[str]) -> Audience | None:
    try:
        return _read(settings, store, lambda school: audiences.parse(school, to))
    except NoSuchAudience as refused:
        instead = f"; it could be {', '.join(refused.near)}" if refused.near else ""
        what = f"'{refused.name}' is no audience" if refused.what == "audience" else f"there is no {_THING.get(refused.what, refused.what)} '{refused.name}'"
        faults.append(f"--to: {what}{instead}")
        return None


_THING: Mapping[str, str] = {"unanswered": "event", "language": "family that reads"}


def _read(settings: Settings, store: Store, ask: Callable[[School], T]) -> T:
    with store.read() as session:
        return ask(School(session, now(), settings.for_school()))


# Sending it, or not


def _told(settings: Settings, store: Store, audience: Audience, asked: Asked, faults: list[str], *, dry_run: bool) -> Told | None:
    """What became of it; None where a rule says no, and then `faults` say why. No transaction is open while its words are translated."""
    languages = _read(settings, store, lambda school: broadcasts.plan(school, audience).languages)
    results = asyncio.run(_translated(settings, store, asked.words, languages))
    try:
        with store.write() as session:
            school = School(session, now(), settings.for_school())
            told = _sent(school, settings, audience, asked, results, dry_run=dry_run)
            if dry_run:
                session.expunge_all()  # what is told of outlives it
                session.rollback()
            return told
    except Nobody:
        faults.append("--to: there is nobody in this audience")
    except NoSuchTime as refused:
        faults.append(f"--at: the clocks go forward on {refused.on}, and never show {refused.at:%H:%M}")
    except AlreadyPast as refused:
        faults.append(f"--at: {refused.on} {refused.at:%H:%M} is over")
    return None


def _sent(school: School, settings: Settings, audience: Audience, asked: Asked, results: Sequence[Result], *, dry_run: bool) -> Told:
    made = broadcasts.make(school, None, Content(asked.words, audience=audience, is_urgent=asked.is_urgent))
    _keep(made.text, results)
    at = datetime.combine(asked.when.on, asked.when.at, tzinfo=LONDON) if asked.when is not None else None
    rates = {"sms": settings.twilio.sms_per_second, "whatsapp": settings.twilio.whatsapp_per_second}
    seen = preview(school, made, at=at, public_url=settings.public_url, per_second=rates)
    broadcasts.send(school, None, made, asked.when)
    name = audiences.written(school, audience)
    audit.changed(school, None, "sent broadcast", "broadcast", made.id, to=name)
    return Told(name, seen, None if dry_run else made.id, made.state, made.waits_for)


def _keep(text: Text, results: Sequence[Result]) -> None:
    """What was translated just now needs no translator again."""
    for result in results:
        translation = text.translation(result.job.target)
        if translation is not None and result.words:
            texts.translated(translation, result.words, result.provider)


async def _translated(settings: Settings, store: Store, words: str, languages: Sequence[str]) -> Sequence[Result]:
    """The words in each of these languages, as far as someone can translate them."""
    everyone, text = translators(settings, store, settings.for_school(), now), words.strip()
    try:
        masked = _read(settings, store, lambda school: everyone.masked(school, text, texts.STAFF_READ, None))
        foreign = [language for language in languages if not texts.same_language(language, texts.STAFF_READ)]
        results = await asyncio.gather(
            *(everyone.translate(Job(0, text, masked, texts.STAFF_READ, language, is_parents=False)) for language in foreign if text)
        )
        with store.write() as session:
            for result in results:
                everyone.keep(School(session, now(), settings.for_school()), result)
        return results
    finally:
        await everyone.close()


# Telling it


def _lines(told: Told) -> Sequence[str]:
    seen, plan = told.preview, told.preview.plan
    lines = [f"To {told.audience}: {_count(plan.count, 'message')}."]
    if plan.sharing:
        lines.append(f"{plan.sharing} more {'has' if plan.sharing == 1 else 'have'} it on the phone of another who reads the same language.")
    lines += [f"Not reached: {adult.name} ({why.value.replace('_', ' ')})" for adult, why in plan.unreached]
    lines += _of_whatsapp(plan)
    lines += [_language(look) for look in seen.looks]
    lines.append(f"Cost: {_pounds(seen.pence)}. The month so far: {_pounds(seen.spent)}{f' of {_pounds(seen.cap)}' if seen.cap is not None else ''}.")
    if seen.held_until is not None:
        lines.append(f"{seen.held} will get it at {_clock(seen.held_until)}, after quiet hours.")
    return [*lines, _outcome(told)]


def _of_whatsapp(plan: Plan) -> Sequence[str]:
    lines = [f"{plan.asked} {'is' if plan.asked == 1 else 'are'} asked on WhatsApp to open it first."] if plan.asked else []
    closed = ", ".join(f"{written(LanguageName(language), 'en')} {count}" for language, count in sorted(plan.shut.items()))
    return [*lines, f"WhatsApp is closed, and they get it another way: {closed}."] if closed else lines


def _language(look: Look) -> str:
    name = written(LanguageName(look.language), "en")
    ways = ", ".join(f"{channel} {count}" for channel, count in look.people.items())
    as_it_is = " (not translated yet)" if look.reading.is_foreign else ""
    first = f" ({look.first_parts} where it is the first to its number: {look.new})" if look.new and look.first_parts != look.sms_parts else ""
    return f"{name}{as_it_is}: {ways}; {_count(look.sms_parts, 'message part')} on SMS{first}, {_pounds(sum(look.pence.values()))}"


def _outcome(told: Told) -> str:
    if told.broadcast_id is None:
        waits = " It would wait for someone's yes." if told.state == BroadcastState.WAITING else ""
        return f"Nothing was sent (dry run).{waits}"
    if told.waits_for == WaitsFor.SECOND_PERSON:
        return f"Broadcast {told.broadcast_id} waits for a second person's yes on the console."
    if told.waits_for == WaitsFor.MONEY:
        return f"Broadcast {told.broadcast_id} waits for a yes on the console: it costs more than the month may."
    return f"Broadcast {told.broadcast_id} is {told.state}."


def _row(told: Told) -> Mapping[str, object]:
    seen, plan = told.preview, told.preview.plan
    return {
        "id": told.broadcast_id,
        "state": told.state if told.broadcast_id is not None else None,
        "waits_for": told.waits_for,
        "audience": told.audience,
        "messages": plan.count,
        "sharing": plan.sharing,
        "asked_to_open": plan.asked,
        "whatsapp_closed": dict(plan.shut),
        "unreached": [{"name": adult.name, "why": why} for adult, why in plan.unreached],
        "languages": [
            {
                "language": look.language,
                "people": dict(look.people),
                "sms_parts": look.sms_parts,
                "first_sms_parts": look.first_parts,
                "first_sms": look.new,
                "pence": round(sum(look.pence.values()), 2),
                "text": look.words,
                "translated": not look.reading.is_foreign,
            }
            for look in seen.looks
        ],
        "pence": round(seen.pence, 2),
        "month_pence": round(seen.spent, 2),
        "cap_pence": seen.cap,
        "held": seen.held,
        "held_until": seen.held_until.astimezone(LONDON).isoformat(timespec="minutes") if seen.held_until is not None else None,
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _pounds(pence: float) -> str:
    return f"£{pence / 100:.2f}"


def _clock(moment: datetime) -> str:
    local = moment.astimezone(LONDON)
    return f"{local:%H:%M} on {day(local.date(), 'en')}"
