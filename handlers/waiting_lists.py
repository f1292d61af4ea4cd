"""Waiting no longer, whatever it is for: a time with someone, a place at an event, a pack of books and games."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from handlers.packs import NOT_WAITING
from school import School, pack_queue, packs, rsvps, waiting
from school.pack_queue import PackHold
from school.rsvps import Rsvp
from school.waiting import Waiting
from translations import _


@dialogue(intent="leave_waiting_list", hears=("event", "pack"))
def leave_waiting_list(chat: Chat, school: School) -> None:
    """The one that was named, or is chosen; the only one at once, since it can be asked for again."""
    places: list[Waiting | Rsvp | PackHold] = [*waiting.places(school, chat.adult), *rsvps.waits_for(school, chat.adult), *packs.holds(school, chat.adult)]
    if not places and not chat.answered("place"):
        chat.say(_("You are on no waiting list."))
        return
    heard = [*chat.heard("event"), *chat.heard("pack")]
    named = [place for place in places if not isinstance(place, Waiting) and (place.event if isinstance(place, Rsvp) else place.pack) in heard]
    place = chat.choose("place", named or places, _("Which one do you mean?"), label=_label)
    if isinstance(place, PackHold):
        if packs.stands(place):
            pack_queue.give_up(school, place)
        chat.say(NOT_WAITING, pack=place.pack.title)
        return
    if isinstance(place, Rsvp):
        rsvps.decline(school, place.event, chat.adult)
    else:
        waiting.leave(school, place)
    chat.say(_("All right. You are off the waiting list."))


def _label(place: Waiting | Rsvp | PackHold) -> object:
    if isinstance(place, Waiting):
        return place.staff
    return place.event.title if isinstance(place, Rsvp) else place.pack.title
