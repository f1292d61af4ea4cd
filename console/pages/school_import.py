"""Families, staff, dates, events and packs out of another system's file: shown first, then done exactly as shown."""

from __future__ import annotations

from functools import partial

from fastapi import Response

from console.desk import HOME, Desk
from console.pages import Page
from console.pages.staff import ALONE, LAST, YOURSELF
from school import event_files
from school.access import Power
from school.errors import NotThere, Refusal
from school.importing import LARGEST, review
from school.importing.review import ChangedMeanwhile, Seen
from school.staff import LastOne, NotYourself, TechnicianAlone

page = Page("school/import", powers=frozenset({Power.SET_UP, Power.EDIT_PACKS}))
AT = f"{HOME}/school/import"
KINDS = {"families": "Families", "staff": "Staff", "terms": "The school's year", "events": "Events (a calendar file)", "packs": "Home Learning Packs"}
NEEDS = {"staff": Power.STAFF, "packs": Power.EDIT_PACKS}
"""What one must be allowed to do to bring in a file of this kind, where it is not setting up the school."""
SHOWN = 500
COLUMNS = {
    "adult_name": "Adult's name",
    "language": "Language",
    "child_name": "Child's name",
    "child_class": "Class",
    "adult_id": "Adult's own number in your system",
    "child_id": "Child's own number in your system",
    "phone": "Mobile",
    "email": "E-mail",
    "relationship": "Who they are to the child",
    "child_joined": "Joined on",
    "groups": "Groups",
    "rights": "What they may do",
    "telegram": "Send a Telegram link",
    "notes": "Notes",
    "name": "Name",
    "role": "What they are",
    "classes": "Classes",
    "works": "At work",
    "meets": "Can be seen",
    "starts": "First day",
    "what": "What it is",
    "ends": "Last day",
    "title": "Pack's title",
    "about": "What it is",
    "stage": "For whom",
    "skills": "Skills",
    "languages": "Languages of the books",
    "items": "Items and their pieces",
    "copies": "Number of copies",
    "labels": "Labels of the copies",
}
"""Our columns, as the office calls them."""


@page.get()
def choose(desk: Desk) -> Response:
    """Which file, and of what."""
    asked = desk.value("what", desk.query.text("what", 20))
    return desk.render(
        "school_import/choose.html",
        kinds=_kinds(desk),
        what=asked if asked in _kinds(desk) else next(iter(_kinds(desk))),
        most=LARGEST // 1_000_000,
        most_events=event_files.LARGEST // 1_000_000,
    )


@page.post(takes_files=True)
def bring(desk: Desk) -> Response:
    """Take in a file, or what was pasted, and show what it would do."""
    what = desk.form.text("what", 20)
    if what not in _kinds(desk):
        raise NotThere
    content = _content(desk)
    upload = review.bring(desk.school, desk.viewer.staff, what, content)
    _look(desk, upload)
    return desk.to(f"{AT}/{upload.id}")


@page.get("/{upload_id:int}")
def show(desk: Desk, upload_id: int) -> Response:
    """What a file would do: every change and every fault. Nothing is changed yet."""
    upload = review.find(desk.school, desk.viewer, upload_id)
    seen = Seen.of(upload.seen) if upload.seen else Seen()
    chosen = review.mapping(upload)
    header = review.header(upload)
    return desk.render(
        "school_import/show.html",
        upload=upload,
        kind=KINDS[upload.what],
        seen=seen,
        columns=[(name, COLUMNS.get(name, name), name in review.COLUMNS[upload.what].needed, theirs) for name, theirs in chosen.items()],
        header=[("", "not in this file"), *((name, name) for name in header)],
        lists=[("New", seen.created[:SHOWN], len(seen.created)), ("Changed", seen.updated[:SHOWN], len(seen.updated))],
        shown=SHOWN,
    )


@page.post("/{upload_id:int}/columns")
def map_columns(desk: Desk, upload_id: int) -> Response:
    """Which of the file's columns is which of ours: remembered for the next time."""
    upload = review.find(desk.school, desk.viewer, upload_id)
    review.choose(desk.school, upload, {name: desk.form.text(f"column_{name}", 1_000) for name in review.COLUMNS[upload.what].known})
    _look(desk, upload)
    desk.changed("chose columns", what=upload.what)
    return desk.to(f"{AT}/{upload.id}", "The columns are remembered for the next file.")


@page.post("/{upload_id:int}/do")
def take(desk: Desk, upload_id: int) -> Response:
    """Do what was shown; where it would be something else by now, show it again."""
    upload = review.find(desk.school, desk.viewer, upload_id)
    removes, what = desk.form.has("remove_missing"), upload.what
    try:
        changes = review.take(desk.school, desk.viewer, upload, remove_missing=removes)
    except ChangedMeanwhile:
        review.look(desk.school, desk.viewer, upload)
        return desk.to(f"{AT}/{upload.id}", "Something changed meanwhile, so nothing was done. Look again at what it would do now.")
    except (NotYourself, LastOne, TechnicianAlone) as refusal:
        desk.wrong(partial(show, upload_id=upload_id), _=_why(refusal))
    created, updated, removed = len(changes.created), len(changes.updated), len(changes.removed)
    desk.changed("imported", what=what, created=created, updated=updated, removed=removed)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{HOME}/packs/catalogue" if what == "packs" else f"{HOME}/school", f"Done: {created} new, {updated} changed, {removed} removed.")


@page.post("/{upload_id:int}/drop")
def drop(desk: Desk, upload_id: int) -> Response:
    """It is not wanted after all."""
    review.drop(desk.school, review.find(desk.school, desk.viewer, upload_id))
    return desk.to(AT, "Nothing was changed, and the file is gone.")


def _kinds(desk: Desk) -> dict[str, str]:
    """What this viewer may bring in: staff only who looks after staff, packs who makes their catalogue."""
    return {what: words for what, words in KINDS.items() if desk.may(NEEDS.get(what, Power.SET_UP))}


def _content(desk: Desk) -> bytes:
    file = desk.form.files.get("file")
    if file is not None:
        return file.file.read(LARGEST + 1)
    pasted = next((value for name, value in desk.form.fields() if name == "pasted"), "")
    if not pasted.strip():
        desk.wrong(choose, file="Choose a file, or paste its text below.")
    return review.pasted(pasted.replace("\r\n", "\n"))


def _look(desk: Desk, upload: review.Upload) -> None:
    try:
        review.look(desk.school, desk.viewer, upload)
    except (NotYourself, LastOne, TechnicianAlone) as refusal:
        desk.wrong(choose, file=_why(refusal))


def _why(refusal: Refusal) -> str:
    return YOURSELF if isinstance(refusal, NotYourself) else LAST if isinstance(refusal, LastOne) else ALONE
