"""Messages: one inbox, one thread for each adult, answers in the family's language."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Response

from console.desk import Back, Desk, Form, Hooks
from console.pages import Page
from console.rendering import language_name, moment
from school import access, messages, threads
from school.access import Power
from school.errors import NotThere
from school.messages import NothingWritten, SomeoneAnswered
from school.threads import Filter, Thread

page = Page("messages", "Messages", order=10, powers=frozenset({Power.MESSAGES}))

FILTERS = {
    Filter.UNANSWERED: "Not answered",
    Filter.MINE: "Mine",
    Filter.CLASS: "For classes",
    Filter.URGENT: "Urgent",
    Filter.SNOOZED: "Snoozed",
    Filter.ALL: "Everything",
}


@page.get()
def inbox(desk: Desk) -> Response:
    """The threads in which something waits."""
    which = next((each for each in Filter if each == desk.query.text("show")), Filter.UNANSWERED)
    place, class_id = desk.query.number("page") or 0, desk.query.number("class")
    school, who = desk.school, desk.viewer
    rows = threads.recent(school, who, page=place) if which is Filter.ALL else threads.inbox(school, who, which, page=place, class_id=class_id)
    filters = {each: name for each, name in FILTERS.items() if each is not Filter.ALL or who.class_ids is None}
    return desk.render(
        "messages/list.html",
        block="threads",
        rows=rows,
        which=which,
        filters=filters,
        page=place,
        has_more=len(rows) == threads.PAGE,
        class_id=class_id,
        classes=access.classes(school, who),
        unanswered=threads.count_unanswered(school, who),
    )


@page.get("/{key}")
def thread(desk: Desk, key: str) -> Response:
    """What was said with one adult, and where an answer is written."""
    return _thread(desk, threads.thread(desk.school, desk.viewer, key))


def _thread(desk: Desk, of: Thread, back: Back | None = None) -> Response:
    school, who = desk.school, desk.viewer
    if of.adult is not None:
        desk.saw("adult", of.adult.id)
    return desk.render(
        "messages/thread.html",
        block="talk",
        of=of,
        lines=threads.lines(school, who, of),
        waiting=threads.open_needs(school, who, of),
        talk=messages.talk_in(school, of.key),
        seen=messages.last_answer(school, of),
        leaves=messages.when_it_leaves(school),
        saved=messages.saved_replies(school),
        colleagues=messages.may_be_assigned(school, of),
        intents=desk.hooks.intents(),
        snoozes=messages.SNOOZES,
        back=back,
    )


def _read_back(form: Form, hooks: Hooks) -> Back | None:
    """The preview that was asked for. The page told us the language; a wrong one would only show a wrong preview."""
    words, language = form.text("words", messages.LONGEST), form.text("language", 35)
    return hooks.read_back(words, language) if form.has("preview") and words and language != "en" else None


@page.post("/{key}/answer", before=_read_back)
def answer(desk: Desk, key: str) -> Response:
    """Send an answer, or show first how it will read."""
    of = threads.thread(desk.school, desk.viewer, key)
    words, seen = desk.form.text("words", messages.LONGEST), desk.form.number("seen") or 0
    if not words:
        desk.wrong(lambda again: thread(again, key), words="Write your answer first.")
    if desk.form.has("preview"):
        desk.wrong(lambda again: _preview(again, key, words))
    try:
        written = messages.answer(desk.school, desk.viewer, of, words, seen=seen, keep_open=desk.form.has("keep_open"))
    except SomeoneAnswered as someone:
        told = f"{someone.by} answered at {moment(someone.at)}, after you opened this page. Read that first; 'Send' sends yours all the same."
        desk.wrong(lambda again: thread(again, key), _=told)
    desk.changed("answered", "thread", written.id, thread=key)
    desk.afterwards(desk.hooks.wake)
    leaves = messages.when_it_leaves(desk.school)
    return desk.to(f"{page.href}/{key}", f"Your answer leaves at {moment(leaves)}, when the quiet hours end." if leaves else "Your answer is on its way.")


def _preview(desk: Desk, key: str, words: str) -> Response:
    of = threads.thread(desk.school, desk.viewer, key)
    return _thread(desk, of, desk.prepared or Back(words))


@page.post("/{key}/done")
def done(desk: Desk, key: str) -> Response:
    """What waits here has been dealt with."""
    count = messages.done(desk.school, desk.viewer, threads.thread(desk.school, desk.viewer, key))
    desk.changed("dealt with", "thread", None, thread=key, count=count)
    return desk.to(page.href, "Done. It can be reopened from its thread.")


@page.post("/{key}/reopen")
def reopen(desk: Desk, key: str) -> Response:
    """It was not done after all."""
    if not messages.reopen(desk.school, desk.viewer, threads.thread(desk.school, desk.viewer, key)):
        return desk.to(f"{page.href}/{key}", "There is nothing here to reopen.")
    desk.changed("reopened", "thread", None, thread=key)
    return desk.to(f"{page.href}/{key}", "It waits again.")


@page.post("/{key}/snooze")
def snooze(desk: Desk, key: str) -> Response:
    """Out of sight for a while."""
    how_long = desk.form.text("for") if desk.form.text("for") in messages.SNOOZES else "hour"
    until = messages.snooze(desk.school, desk.viewer, threads.thread(desk.school, desk.viewer, key), how_long)
    desk.changed("snoozed", "thread", None, thread=key)
    return desk.to(page.href, f"Out of sight until {moment(until)}.")


@page.post("/{key}/assign")
def assign(desk: Desk, key: str) -> Response:
    """Say who deals with it."""
    of = threads.thread(desk.school, desk.viewer, key)
    wanted = desk.form.number("to")
    to = next((each for each in messages.may_be_assigned(desk.school, of) if each.id == wanted), None)
    if wanted and to is None:
        raise NotThere
    messages.assign(desk.school, desk.viewer, of, to)
    desk.changed("assigned", "thread", None, thread=key, to=to.name if to else "nobody")
    return desk.to(f"{page.href}/{key}", f"{to.name} deals with it." if to else "It is nobody's in particular.")


@page.post("/{key}/urgent")
def urgent(desk: Desk, key: str) -> Response:
    """It goes before all else, or no longer."""
    is_urgent = desk.form.text("is") == "yes"
    messages.mark_urgent(desk.school, desk.viewer, threads.thread(desk.school, desk.viewer, key), is_urgent=is_urgent)
    desk.changed("marked urgent" if is_urgent else "marked not urgent", "thread", None, thread=key)
    return desk.to(f"{page.href}/{key}")


@page.post("/{key}/note")
def note(desk: Desk, key: str) -> Response:
    """Note something for colleagues."""
    of = threads.thread(desk.school, desk.viewer, key)
    try:
        messages.note(desk.school, desk.viewer, of, desk.form.text("note", messages.LONGEST))
    except NothingWritten:
        desk.wrong(lambda again: thread(again, key), note="Write the note first.")
    desk.changed("noted", "thread", None, thread=key)
    return desk.to(f"{page.href}/{key}")


@page.post("/{key}/hand-back")
def hand_back(desk: Desk, key: str) -> Response:
    """Bookbag may answer here again."""
    messages.hand_back(desk.school, threads.thread(desk.school, desk.viewer, key))
    desk.changed("handed back", "thread", None, thread=key)
    return desk.to(f"{page.href}/{key}", "Bookbag answers here again.")


@page.post("/{key}/take-over")
def take_over(desk: Desk, key: str) -> Response:
    """Bookbag stays out for a while."""
    messages.take_over(desk.school, desk.viewer, threads.thread(desk.school, desk.viewer, key))
    desk.changed("took over", "thread", None, thread=key)
    return desk.to(f"{page.href}/{key}", "Bookbag stays out for half an hour after the last word.")


@page.post("/{key}/{row_id:int}/meant")
def meant(desk: Desk, key: str, row_id: int) -> Response:
    """Say what a message meant: it is learnt."""
    of = threads.thread(desk.school, desk.viewer, key)
    row, intent = threads.received(desk.school, desk.viewer, of, row_id), desk.form.text("intent", 50)
    if intent not in desk.hooks.intents():
        raise NotThere
    messages.relabel(row, intent)
    desk.changed("relabelled", "message", row.id, intent=intent)
    text = row.text
    desk.afterwards(lambda: desk.hooks.correct(text, intent))
    desk.afterwards(desk.hooks.learn)
    return desk.to(f"{page.href}/{key}", "Thank you: Bookbag learns it in a few minutes.")


@page.post("/{key}/{row_id:int}/english")
def english(desk: Desk, key: str, row_id: int) -> Response:
    """Have a message put into English."""
    of = threads.thread(desk.school, desk.viewer, key)
    threads.want_english(desk.school, of, threads.received(desk.school, desk.viewer, of, row_id))
    return desk.to(f"{page.href}/{key}", f"It is being put into English from {language_name(of.language)}.")


@page.post("/{key}/{row_id:int}/safeguarding")
def safeguarding(desk: Desk, key: str, row_id: int) -> Response:
    """It may concern a child's safety: the named persons have it at once, and nobody else reads it any more."""
    of = threads.thread(desk.school, desk.viewer, key)
    messages.to_safeguarding(desk.school, desk.viewer, of, threads.received(desk.school, desk.viewer, of, row_id))
    desk.changed("passed to safeguarding", "message", row_id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{key}", "The safeguarding lead has it now. If a child is in danger this minute, ring 999.")


@page.post("/replies/save")
def save_reply(desk: Desk) -> Response:
    """Keep an answer that is often given."""
    to = desk.form.text("to", 30)
    try:
        messages.save_reply(desk.school, desk.form.text("name", 80), desk.form.text("reply", messages.LONGEST))
    except NothingWritten:
        return desk.to(f"{page.href}/{quote(to)}", "A saved reply needs a name and words.")
    desk.changed("saved a reply")
    return desk.to(f"{page.href}/{quote(to)}", "Saved.")


@page.post("/replies/{reply_id:int}/forget")
def forget_reply(desk: Desk, reply_id: int) -> Response:
    """Remove an answer that is given no more."""
    if not messages.forget_reply(desk.school, reply_id):
        raise NotThere
    desk.changed("removed a saved reply")
    return desk.to(f"{page.href}/{quote(desk.form.text('to', 30))}", "Removed.")
