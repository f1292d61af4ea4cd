"""Bookbag's own sentences, put right by people who read them: a sheet goes out for a language, and comes back with better ones."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Response

from console.desk import HOME, Desk
from console.pages import Page
from console.rendering import language_name
from school.access import Power
from school.errors import NotThere
from school.importing import LARGEST, BadRows, table
from translations import catalogs, corrections
from translations.corrections import SheetFault

page = Page("school/sentences", powers=frozenset({Power.SET_UP}))
MOST_FAULTS = 20
"""Rows that cannot be taken, shown at once; whoever mends these sees the next."""


@page.get()
def show(desk: Desk, faults: Sequence[SheetFault] = ()) -> Response:
    """The languages, and how many sentences this school says better."""
    names = {folder: language_name(folder.replace("_", "-")) for folder in catalogs.shipped()}
    return desk.render(
        "sentences/show.html",
        languages=[(folder, name, corrections.count(desk.school.session, folder)) for folder, name in names.items()],
        choices=[("", "Choose"), *names.items()],
        sentences=sum(1 for _ in catalogs.sentences(catalogs.source())),
        rows=faults[:MOST_FAULTS],
        more=len(faults[MOST_FAULTS:]),
    )


@page.get("/{language}.csv")
def sheet(desk: Desk, language: str) -> Response:
    """A language's sentences as a sheet, with an empty column for better ones."""
    if language not in catalogs.shipped():
        raise NotThere
    named = f'attachment; filename="sentences-{language}.csv"'
    return Response(corrections.sheet(desk.school.session, language), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": named})


@page.post(takes_files=True)
def take(desk: Desk) -> Response:
    """Take in a sheet that came back, all of it or nothing."""
    language, reader = desk.form.text("language", 20), desk.form.text("reader", 100)
    if language not in catalogs.shipped():
        desk.wrong(show, language="Choose the language that the sheet is for.")
    if not reader:
        desk.wrong(show, reader="Say who has read it: the name is kept with the sentences.")
    better, faults = corrections.read_sheet(language, _content(desk))
    if faults:
        desk.wrong(lambda again: show(again, faults), file="Nothing was taken in. Put these rows right and send the sheet again.")
    if not better:
        desk.wrong(show, file="The column 'better' is empty: there is nothing to take in.")
    corrections.keep(desk.school.session, language, better, reader, desk.school.now)
    desk.changed("put sentences right", language=language, sentences=len(better), reader=reader)
    return desk.to(f"{HOME}/school/sentences", f"{len(better)} put right. Families read them so within a minute.")


def _content(desk: Desk) -> str:
    file = desk.form.files.get("file")
    if file is None:
        desk.wrong(show, file="Choose the sheet.")
    try:
        return table.decoded(file.file.read(LARGEST + 1))
    except BadRows as refusal:
        desk.wrong(show, file=f"The file {refusal.faults[0].reason}.")
