"""The home/school book: a class's children on one screen, a tap or two for each, and it goes home by itself."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import Response

from console.desk import HOME, Desk, Form, Hooks
from console.pages import Page
from school import access, attention, book, book_sheet, class_lines, kept_files, photo_consent
from school.access import Power
from school.book import NoPhotoConsent, NotASchoolDay, NothingBefore, TooLong
from school.errors import NotAllowed, NotThere, TooLarge

page = Page("book", "Book", order=15, powers=frozenset({Power.BOOK}))

LARGEST_PHOTO = 12_000_000
"""Bytes that are looked at; how many are kept is the school's setting."""


@page.get()
def sheet(desk: Desk) -> Response:
    """A class's day."""
    classes = access.classes(desk.school, desk.viewer)
    wanted = desk.query.number("class") or desk.form.number("class")
    chosen = next((each for each in classes if each.id == wanted), classes[0] if classes and not wanted else None)
    if chosen is None and classes:
        raise NotThere
    day = _day(desk.query.text("day") or desk.form.text("day")) or desk.school.today
    found = book_sheet.sheet(desk.school, desk.viewer, chosen, day) if chosen else None
    read = {line.id: attention.in_english(desk.school, line.need) for row in found.rows for line in row.lines} if found else {}
    template = "book/paper.html" if desk.query.has("paper") else "book/sheet.html"
    return desk.render(template, block="lines", sheet=found, classes=classes, phrases=book.PHRASES, longest=book.LONGEST, day=day, read=read)


@page.get("/{child_id:int}")
def child(desk: Desk, child_id: int) -> Response:
    """One child's pages, and whether the child may be photographed."""
    found = access.child(desk.school, desk.viewer, child_id)
    desk.saw("child", found.id)
    return desk.render(
        "book/child.html",
        child=found,
        pages=book_sheet.history(desk.school, desk.viewer, found, before=_day(desk.query.text("before"))),
        phrases=book.PHRASES,
        may_be_photographed=photo_consent.may_be_photographed(desk.school, found),
        said=photo_consent.all_said(desk.school, found),
    )


@page.post("/{child_id:int}")
def write(desk: Desk, child_id: int) -> Response:
    """Let a child's page say this. A page with script sends it at every tap; then there is nothing to show."""
    found, day = access.child(desk.school, desk.viewer, child_id), _day(desk.form.text("day"))
    photo = _photo_here(desk, child_id, day)
    try:
        book.write(desk.school, desk.viewer, found, phrases=desk.form.all("phrase"), line=desk.form.text("line"), photo_id=photo, day=day)
    except TooLong as long:
        desk.wrong(sheet, **{f"line-{child_id}": f"{long.letters} letters: a text holds {long.most}. Make it shorter."})
    except NotASchoolDay:
        desk.wrong(sheet, _="There is no book for that day, or not any more.")
    desk.changed("wrote the book", "child", child_id)
    return Response(status_code=204) if desk.is_partial else _to_sheet(desk, found.class_id, child_id, "Saved.")


@page.post("/{child_id:int}/same")
def same(desk: Desk, child_id: int) -> Response:
    """The same as on the school day before."""
    found = access.child(desk.school, desk.viewer, child_id)
    try:
        book.same_as_yesterday(desk.school, desk.viewer, found, day=_day(desk.form.text("day")))
    except NothingBefore:
        return _to_sheet(desk, found.class_id, child_id, f"Nothing was picked for {found.first_name} the day before.")
    desk.changed("wrote the book", "child", child_id)
    return _to_sheet(desk, found.class_id, child_id)


@page.post("/{child_id:int}/home")
def go_home(desk: Desk, child_id: int) -> Response:
    """Send a child's page home now."""
    found = access.child(desk.school, desk.viewer, child_id)
    is_gone = book.go_home_now(desk.school, desk.viewer, found, day=_day(desk.form.text("day")))
    if is_gone:
        desk.changed("sent the book home", "child", child_id)
        desk.afterwards(desk.hooks.wake)
    return _to_sheet(desk, found.class_id, child_id, "On its way home." if is_gone else "There is nothing to send.")


def _examined(form: Form, hooks: Hooks) -> Any:
    """The photo that was brought, looked at before the transaction; or why it is not taken."""
    upload = form.files.get("photo")
    if upload is None:
        return None
    try:
        return kept_files.examine(upload.file.read(LARGEST_PHOTO + 1), upload.content_type or "", most=LARGEST_PHOTO, name=upload.filename or "")
    except (TooLarge, NotAllowed) as refusal:
        return refusal


@page.post("/{child_id:int}/photo", takes_files=True, before=_examined)
def add_photo(desk: Desk, child_id: int) -> Response:
    """Put a photo on a child's page."""
    found, day = access.child(desk.school, desk.viewer, child_id), _day(desk.form.text("day")) or desk.school.today
    if not isinstance(desk.prepared, kept_files.Examined):
        return _to_sheet(desk, found.class_id, child_id, "That is no photo that can be taken: a JPEG, PNG, GIF or WebP of at most 5 MB.")
    here = (entry := book.entry_of(desk.school, found, day)) and entry.still_here
    try:
        kept = kept_files.keep_examined(desk.school, desk.prepared, child=found)
        line = here.text.words if here and here.text else ""
        book.write(desk.school, desk.viewer, found, phrases=here.phrases if here else (), line=line, photo_id=kept.id, day=day)
    except NoPhotoConsent:
        desk.wrong(sheet, _=f"Nobody has agreed to photos of {found.first_name}. Ask the family first, and put down what they said.")
    except NotASchoolDay:
        desk.wrong(sheet, _="There is no book for that day, or not any more.")
    desk.changed("added a photo", "child", child_id)
    return _to_sheet(desk, found.class_id, child_id, "The photo is on the page.")


@page.post("/{child_id:int}/consent")
def consent(desk: Desk, child_id: int) -> Response:
    """Put down whether a family agrees to photos."""
    found = access.child(desk.school, desk.viewer, child_id)
    how = desk.form.text("how") if desk.form.text("how") in {"form", "phone", "meeting", "text"} else "form"
    photo_consent.keep(desk.school, desk.viewer, found, is_given=desk.form.text("is") == "yes", how=how)
    desk.changed("photo consent", "child", child_id, given=desk.form.text("is") == "yes")
    return desk.to(f"{page.href}/{child_id}", "Kept.")


@page.post("/lines/{line_id:int}/seen")
def seen(desk: Desk, line_id: int) -> Response:
    """Someone of the team has read what a parent wrote."""
    class_lines.see(desk.school, desk.viewer, line_id)
    desk.changed("saw a line", "line", line_id)
    return desk.to(f"{page.href}?class={desk.form.number('class') or ''}")


def _photo_here(desk: Desk, child_id: int, day: date | None) -> int | None:
    entry = book.entry_of(desk.school, access.child(desk.school, desk.viewer, child_id), day or desk.school.today)
    return entry.still_here.photo_id if entry and entry.still_here and not desk.form.has("no_photo") else None


def _to_sheet(desk: Desk, class_id: int, child_id: int, said: str = "") -> Response:
    day = _day(desk.form.text("day"))
    return desk.to(f"{HOME}/book?class={class_id}{f'&day={day}' if day else ''}#child-{child_id}", said)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None
