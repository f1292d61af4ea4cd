"""What an adult wants to be told and where first: changed on their word alone, by whoever they told, who says how."""

from __future__ import annotations

from functools import partial

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.pages.families import at, present, show
from console.preferences import NAMES, Typed
from school import addresses, family_records, preferences
from school.access import Power
from school.errors import NotThere
from school.preferences import FIRST, STAFF, NotSaidHow

page = Page("families/preferences", powers=frozenset({Power.EDIT_FAMILIES}))
HOW_NEEDED = "Say how they told you. Only what they said themselves is changed here."
WHICH_WAY = "Say in which way they told you."
SHUT = "Nothing may be sent there now: look at where they are reached."


@page.post("/{adult_id:int}")
def change(desk: Desk, adult_id: int) -> Response:
    """Switch kinds of messages on or off, and put one of their addresses first, as they said."""
    adult, typed, again = present(desk, adult_id), Typed.of(desk), partial(show, adult_id=adult_id)
    if typed.changes_nothing:
        return desk.to(at(adult), "Nothing was changed.")
    first = family_records.address_of(adult, typed.first) if typed.first is not None else None
    by = desk.viewer.staff
    done: dict[str, str] = {}
    try:
        for word, kinds in (("on", typed.on), ("off", typed.off)):
            if kinds and (changed := preferences.switch(desk.school, adult, kinds, on=word == "on", how=STAFF, by=by, note=typed.note)):
                done[word] = ", ".join(changed)
        if first is not None:
            preferences.put_first(desk.school, adult, first, how=STAFF, by=by, note=typed.note)
            done[FIRST] = addresses.masked(first.value)
    except NotSaidHow:
        desk.wrong(again, **({"words": WHICH_WAY} if desk.form.text("how", 10) == "other" else {"how": HOW_NEEDED}))
    except NotThere:
        desk.wrong(again, first=SHUT)
    if not done:
        return desk.to(at(adult), "It was so already.")
    desk.changed("changed preferences", "adult", adult.id, **done)
    return desk.to(at(adult), "Kept, with how they told you. A slip? 'Undo' stands beside it, until tonight.")


@page.post("/{adult_id:int}/undo/{change_id:int}")
def undo(desk: Desk, adult_id: int, change_id: int) -> Response:
    """Take back what was written down by a slip."""
    adult = present(desk, adult_id)
    try:
        undone = preferences.take_back(desk.school, adult, change_id, desk.viewer.staff)
    except NotThere:
        return desk.to(at(adult), "That cannot be taken back: it is older than today, or they said otherwise since.")
    desk.changed("took back preference", "adult", adult.id, kind=undone.kind)
    return desk.to(at(adult), f"Taken back: {NAMES.get(undone.kind, 'where first')} is as it was.")
