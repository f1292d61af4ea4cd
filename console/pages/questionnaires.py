"""Questionnaires: made, looked over as a parent will read them, opened, watched and closed. What was answered stands in `questionnaire_results`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, NoReturn

from fastapi import Response

from console import pictures, questionnaire_form, whom
from console.desk import Desk, Form, Hooks, ReadThrough
from console.event_form import A_DAY
from console.pages import Page
from console.pages.unreachable import REASONS
from console.questionnaire_form import KINDS, PER, PRIVACY, at_fields, words_of
from console.rendering import language_name
from console.typed import a_day
from school import audiences, broadcasts, costs, delivery, kept_files, questionnaire_file, questionnaires
from school.access import Power
from school.broadcasts import Content
from school.errors import NotThere
from school.questionnaire_file import BadFile, FaultAt
from school.questionnaire_form import MOST_DAYS, MOST_QUESTIONS, SCALES, Asked, QuestionKind, faults
from school.questionnaire_plan import Asking, asking
from school.questionnaire_rates import Group, is_told, totals
from school.questionnaires import NobodyToAsk, NotNow, NotReady, Privacy, Questionnaire, QuestionnaireState, form_of

page = Page("questionnaires", "Questionnaires", order=13, powers=frozenset({Power.BROADCASTS}))

STATES: Mapping[str, tuple[str, str]] = {
    QuestionnaireState.DRAFT: ("draft", "wait"),
    QuestionnaireState.OPEN: ("open", "good"),
    QuestionnaireState.CLOSED: ("closed", ""),
}
FITS_A_FIELD = 20_000
"""Characters of a file that can be put right on the page; a longer one is put right where it came from."""


@dataclass(frozen=True)
class Line:
    """One questionnaire in the list."""

    questionnaire: Questionnaire
    to: str
    rate: Group
    is_told: bool


@dataclass(frozen=True)
class Brought:
    """A questionnaire as a file that cannot be taken: its text, to be put right on the page, and what is wrong with it."""

    text: str
    faults: Sequence[FaultAt]


@dataclass(frozen=True)
class Price:
    """What it costs on one channel if all who read one language answer every question: so many of them, messages (of SMS: parts) each, pence in all."""

    channel: str
    people: int
    parts: int
    pence: float


# The list, and a new one


@page.get()
def show_all(desk: Desk) -> Response:
    """All of them, the newest first."""
    found = questionnaires.listing(desk.school, desk.viewer)
    rates = totals(desk.school, found)
    lines = [
        Line(each, audiences.written(desk.school, questionnaires.audience_of(each)), rates[each.id], is_told(each, rates[each.id].people)) for each in found
    ]
    return desk.render("questionnaires/list.html", lines=lines, STATES=STATES)


@page.get("/new")
def new(desk: Desk, brought: Brought | None = None) -> Response:
    """Where one is begun: blank, from one that comes with Bookbag, from a file, or as a copy."""
    return desk.render(
        "questionnaires/new.html",
        shipped=questionnaire_file.shipped(desk.school),
        earlier=questionnaires.listing(desk.school, desk.viewer),
        brought=brought,
        PRIVACY=PRIVACY,
    )


def _file_read(form: Form, hooks: Hooks) -> bytes | None:
    """The file that was brought, or its text as it was put right on the page; one byte more than is read, so that it is told."""
    upload = form.files.get("file")
    if upload is not None:
        return upload.file.read(questionnaire_file.MOST_BYTES + 1)
    return form.text("text").encode() if form.has("text") else None


@page.post("/new", takes_files=True, before=_file_read)
def make(desk: Desk) -> Response:
    """Keep a draft, to be written on."""
    begun = desk.form.text("from", 100)
    if begun == "file":
        made = questionnaires.make(desk.school, desk.viewer, _from_file(desk))
    elif begun == "copy":
        made = questionnaires.copy(desk.school, desk.viewer, _earlier(desk))
    else:
        shipped = next((each.form for each in questionnaire_file.shipped(desk.school) if begun and each.name == begun), None)
        if begun and shipped is None:
            raise NotThere
        blank = questionnaires.Form("", [Asked("q1", "", QuestionKind.CHOICE)])
        made = questionnaires.make(desk.school, desk.viewer, shipped or blank)
    desk.changed("made questionnaire", "questionnaire", made.id)
    return desk.to(f"{page.href}/{made.id}" if begun else f"{page.href}/{made.id}/edit", "A draft is made: nobody is asked yet.")


def _from_file(desk: Desk) -> questionnaires.Form:
    content: bytes | None = desk.prepared
    if not content:
        desk.wrong(new, file="Choose a file.")
    try:
        return questionnaire_file.read(desk.school, content)
    except BadFile as refusal:
        text = content.decode("utf-8", "replace")
        is_text = "\ufffd" not in text and len(text) <= FITS_A_FIELD
        count = len(refusal.faults)
        told = f"It cannot be taken as it is: {count} {'thing is' if count == 1 else 'things are'} to be put right."
        desk.wrong(partial(new, brought=Brought(text if is_text else "", refusal.faults)), file=told)


def _earlier(desk: Desk) -> Questionnaire:
    return questionnaires.find(desk.school, desk.viewer, desk.form.number("copy") or 0)


# One of them


@page.get("/{questionnaire_id:int}")
def show(desk: Desk, questionnaire_id: int, read: ReadThrough | None = None) -> Response:
    """One of them: a draft as it will be asked; one that is open, or was, with how many have answered."""
    found = questionnaires.find(desk.school, desk.viewer, questionnaire_id)
    is_draft = found.state == QuestionnaireState.DRAFT
    form = form_of(found)
    plan = asking(desk.school, found) if is_draft else None
    rate = totals(desk.school, [found])[found.id]
    return desk.render(
        "questionnaires/show.html",
        block="live",
        questionnaire=found,
        form=form,
        mark=questionnaires.mark(found),
        to=audiences.written(desk.school, form.audience),
        most_texts=questionnaires.most_texts(found),
        count_faults=len(faults(form)) if is_draft else 0,
        asked=[(place, asked, words_of(asked), _conditions(form, asked)) for place, asked in enumerate(form.questions, start=1)],
        plan=plan,
        spoken=_spoken(plan) if plan is not None else (),
        last_day=desk.school.today + timedelta(days=MOST_DAYS - 1),
        read=read,
        prices=_prices(desk, plan, read) if plan is not None and read is not None else (),
        total=_total(desk, plan, read) if plan is not None and read is not None else 0.0,
        spent=costs.spent(desk.school) + costs.promised(desk.school),
        cap=costs.cap(desk.school),
        is_unlinked=found.privacy == Privacy.ANONYMOUS and not desk.hooks.has_public_address(),
        rate=rate,
        is_told=is_told(found, rate.people),
        STATES=STATES,
        KINDS=KINDS,
        PER=PER,
        PRIVACY=PRIVACY,
        REASONS=REASONS,
        CHANNELS=delivery.CHANNELS,
    )


def _spoken(plan: Asking) -> Sequence[tuple[str, str]]:
    """The languages in which it is read, that of most readers first."""
    return [(tag, f"{language_name(tag)}, {count} {'reader' if count == 1 else 'readers'}") for tag, count in plan.languages.items()]


def _conditions(form: questionnaires.Form, asked: Asked) -> Sequence[str]:
    """When it is asked, in words: 'Very unhappy or Unhappy to question 1'."""
    by_key = {each.key: (number, words_of(each)) for number, each in enumerate(form.questions, start=1)}
    known = [(by_key[key], wanted) for key, wanted in asked.only_if.items() if key in by_key]
    return [
        f"{' or '.join(words.get(each, each) for each in wanted) or 'an answer yet to be chosen'} to question {number}" for (number, words), wanted in known
    ]


@page.get("/{questionnaire_id:int}/picture/{place:int}")
def picture(desk: Desk, questionnaire_id: int, place: int) -> Response:
    """The picture of one of its questions."""
    questions = questionnaires.find(desk.school, desk.viewer, questionnaire_id).questions
    kept = next((question.file for question in questions if question.place == place), None)
    if kept is None:
        raise NotThere
    return Response(kept.content, media_type=kept.media_type, headers=dict(kept_files.headers(kept, inline=True)))


# Written on


@page.get("/{questionnaire_id:int}/edit")
def edit(desk: Desk, questionnaire_id: int) -> Response:
    """Where a draft is written on; with `check`, what must be put right before it can be asked stands at its field."""
    found = questionnaires.find(desk.school, desk.viewer, questionnaire_id)
    if found.state != QuestionnaireState.DRAFT:
        raise NotThere
    form = form_of(found)
    is_checked = desk.query.has("check") and desk.filled is None
    shown = replace(desk, faults=at_fields(form, faults(form))) if is_checked else desk
    response = shown.render(
        "questionnaires/edit.html",
        questionnaire=found,
        form=form,
        mark=questionnaires.mark(found),
        offered=whom.by_kind(whom.offered(desk, form.audience)),
        to=whom.key_of(form.audience),
        rows=questionnaire_form.rows(desk, form),
        is_kept=is_checked,
        kinds=list(KINDS.items()),
        per=list(PER.items()),
        privacy=PRIVACY,
        scales=_scales(),
        most_questions=MOST_QUESTIONS,
        most_days=MOST_DAYS,
    )
    if is_checked:
        response.status_code = 200  # nothing was refused: the draft is kept as it is
    return response


def _scales() -> Sequence[tuple[str, str]]:
    shipped = {name: words_of(Asked("", "", QuestionKind.SCALE, scale=name)) for name in SCALES}
    return [*((name, ", ".join(words.values())) for name, words in shipped.items()), ("", "Points of its own, written below")]


def _examined(form: Form, hooks: Hooks) -> Mapping[str, Any]:
    """The pictures that were brought, by field, looked at before the transaction; or why one is not taken."""
    return {name: pictures.looked_at(upload) for name, upload in form.files.items() if name.startswith("picture-")}


@page.post("/{questionnaire_id:int}/edit", takes_files=True, before=_examined)
def change(desk: Desk, questionnaire_id: int) -> Response:
    """Keep a draft as it was typed; a button that adds, moves or removes a question keeps it too."""
    found, again = questionnaires.hold(desk.school, desk.viewer, questionnaire_id), partial(edit, questionnaire_id=questionnaire_id)
    if found.state != QuestionnaireState.DRAFT:
        return _too_late(desk, questionnaire_id)
    if desk.form.text("seen") != questionnaires.mark(found):
        desk.wrong(again, _="Someone changed it after you opened this page. Nothing of yours is saved yet: compare, then save again.")
    do = desk.form.text("do", 20)
    form, at = questionnaire_form.arranged(questionnaire_form.read(desk, again, form_of(found)), do)
    questionnaires.change(desk.school, desk.viewer, found, form)
    desk.changed("changed questionnaire", "questionnaire", questionnaire_id)
    here = f"{page.href}/{questionnaire_id}"
    if at or do.startswith(("if-", "remove-")):
        place = do.removeprefix("if-") if do.startswith("if-") else at
        return desk.to(f"{here}/edit#question-{place}" if place else f"{here}/edit", "Saved.")
    wrong = len(faults(form))
    if wrong:
        return desk.to(f"{here}/edit?check=1", "Saved. Before it can be asked, something is to be put right.")
    return desk.to(here, "Saved.")


@page.post("/{questionnaire_id:int}/discard")
def discard(desk: Desk, questionnaire_id: int) -> Response:
    """Throw a draft away."""
    found = questionnaires.hold(desk.school, desk.viewer, questionnaire_id)
    try:
        questionnaires.discard(desk.school, desk.viewer, found)
    except NotNow:
        return _too_late(desk, questionnaire_id)
    desk.changed("threw questionnaire away", "questionnaire", questionnaire_id)
    return desk.to(page.href, "The draft is gone.")


@page.post("/{questionnaire_id:int}/copy")
def copy(desk: Desk, questionnaire_id: int) -> Response:
    """Make a draft that asks the same."""
    made = questionnaires.copy(desk.school, desk.viewer, questionnaires.find(desk.school, desk.viewer, questionnaire_id))
    desk.changed("made questionnaire", "questionnaire", made.id, copy_of=questionnaire_id)
    return desk.to(f"{page.href}/{made.id}/edit", "A draft is made: nobody is asked yet.")


# As a parent reads it


def _read_through(form: Form, hooks: Hooks) -> ReadThrough | None:
    """It as it reads. The page told us which; that it is the page's own, and who may see it, is looked at before it is shown."""
    number, language = form.number("questionnaire"), form.text("language", 35)
    return hooks.read_through(number, language) if number is not None and language else None


@page.post("/{questionnaire_id:int}/preview", before=_read_through)
def preview(desk: Desk, questionnaire_id: int) -> Response:
    """How it reads on a channel, in a language."""
    found = questionnaires.find(desk.school, desk.viewer, questionnaire_id)
    is_known = desk.form.text("language") in asking(desk.school, found).languages and desk.form.text("channel") in delivery.CHANNELS
    if desk.form.number("questionnaire") != questionnaire_id or not is_known:
        raise NotThere
    if found.state == QuestionnaireState.DRAFT:
        told = {} if desk.prepared else {"_": "It cannot be asked as it stands, so there is nothing to show: change it, and put right what is wrong."}
        desk.wrong(partial(show, questionnaire_id=questionnaire_id, read=desk.prepared), **told)
    return _too_late(desk, questionnaire_id)


def _prices(desk: Desk, plan: Asking, read: ReadThrough) -> Sequence[Price]:
    """What it costs in the language that was chosen, by channel."""
    language = desk.value("language")
    people = {channel: count for (tag, channel), count in plan.people.items() if tag == language}
    return [Price(channel, count, read.parts(channel), _pence(desk, read, channel, count)) for channel, count in people.items()]


def _total(desk: Desk, plan: Asking, read: ReadThrough) -> float:
    """What it costs, in pence, if it is as long in every language and everybody answers everything."""
    return sum(_pence(desk, read, channel, count) for (_, channel), count in plan.people.items())


def _pence(desk: Desk, read: ReadThrough, channel: str, count: int) -> float:
    return count * read.parts(channel) * desk.school.settings.pence.get(channel, 0.0)


# Asked


@page.post("/{questionnaire_id:int}/open")
def open_up(desk: Desk, questionnaire_id: int) -> Response:
    """Ask it from now on, until a day."""
    found = questionnaires.hold(desk.school, desk.viewer, questionnaire_id)
    if found.state != QuestionnaireState.DRAFT:
        return desk.to(f"{page.href}/{questionnaire_id}", "It was opened before. Nothing was done twice.")
    if desk.form.text("seen") != questionnaires.mark(found):
        _again(desk, questionnaire_id, {"_": "Someone changed it after you opened this page. Nobody was asked: look at it again."})
    try:
        asked = questionnaires.open_up(desk.school, desk.viewer, found, _last_day(desk, questionnaire_id))
    except NotReady as refusal:
        _again(desk, questionnaire_id, _why_not(found, refusal))
    except NobodyToAsk:
        _again(desk, questionnaire_id, {"_": "There is nobody who could be asked. Change who is asked."})
    desk.changed("opened questionnaire", "questionnaire", questionnaire_id, to=audiences.written(desk.school, questionnaires.audience_of(found)))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{questionnaire_id}", f"It is open: {asked} {'person is' if asked == 1 else 'people are'} asked.")


def _why_not(found: Questionnaire, refusal: NotReady) -> Mapping[str, str]:
    """Why it cannot be opened, by field: the day is put right here, all else where it is changed."""
    told = dict(at_fields(form_of(found), refusal.faults))
    day = {"closes_on": told.pop("days")} if "days" in told else {}
    return day | ({"_": "It cannot be asked as it stands: change it, and put right what is wrong."} if told else {})


def _last_day(desk: Desk, questionnaire_id: int) -> date:
    found = a_day(desk.form, "closes_on", desk.school.today)
    if found is None:
        _again(desk, questionnaire_id, {"closes_on": A_DAY if desk.form.text("closes_on") else "Say until which day."})
    return found


def _again(desk: Desk, questionnaire_id: int, told: Mapping[str, str]) -> NoReturn:
    desk.wrong(partial(show, questionnaire_id=questionnaire_id), **told)


@page.post("/{questionnaire_id:int}/close")
def close(desk: Desk, questionnaire_id: int) -> Response:
    """Take no more answers."""
    found = questionnaires.hold(desk.school, desk.viewer, questionnaire_id)
    try:
        questionnaires.close(desk.school, desk.viewer, found)
    except NotNow:
        return _too_late(desk, questionnaire_id)
    desk.changed("closed questionnaire", "questionnaire", questionnaire_id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{questionnaire_id}", "It is closed: no more answers are taken.")


@page.post("/{questionnaire_id:int}/told")
def tell_what_was_done(desk: Desk, questionnaire_id: int) -> Response:
    """Begin a broadcast to the same people about what came of their answers."""
    found = questionnaires.find(desk.school, desk.viewer, questionnaire_id)
    if found.state == QuestionnaireState.DRAFT:
        return _too_late(desk, questionnaire_id)
    words = f"You said, we did: {found.title.words}\n\nYou said: …\nWe did: …"
    made = broadcasts.make(desk.school, desk.viewer, Content(words, audience=questionnaires.audience_of(found)))
    desk.changed("wrote broadcast", "broadcast", made.id, questionnaire=questionnaire_id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"/console/broadcasts/{made.id}/edit", "A draft is made: write what they said and what you did.")


def _too_late(desk: Desk, questionnaire_id: int) -> Response:
    return desk.to(f"{page.href}/{questionnaire_id}", "It has come too far for that, or not far enough. Nothing was changed: look again.")
