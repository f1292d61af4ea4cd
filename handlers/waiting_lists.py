"""Waiting no longer, whatever it is for: a time with someone, a place at an event, a pack of books and games."""

from __future__ import annotations

from bot.conversation import Chat, dialogue
from handlers.packs import NOT_WAITING
from handlers.preferences import LEAVE
from school import School, pack_queue, packs, rsvps, waiting
from school.pack_queue import PackHold
from school.rsvps import Rsvp
from school.waiting import Waiting
from translations import _


@dialogue(intent="leave_waiting_list", hears=("event", "pack"))
def leave_waiting_list(chat: Chat, school: School) -> None:
    """The one that was named or is chosen; of the only one it is asked first, since whoever asks for it again waits behind everyone else."""
    places: list[Waiting | Rsvp | PackHold] = [*waiting.places(school, chat.adult), *rsvps.waits_for(school, chat.adult), *packs.holds(school, chat.adult)]
    if not places and not chat.answered("place"):
        chat.say(_("You are on no waiting list."))
        return
    heard = [*chat.heard("event"), *chat.heard("pack")]
    named = [place for place in places if not isinstance(place, Waiting) and (place.event if isinstance(place, Rsvp) else place.pack) in heard]
    place = chat.choose("place", named or places, _("Which one do you mean?"), label=_label)
    if not named and len(places) == 1 and not _is_sure(chat, place):
        # Translators: to someone on a waiting list, who does not want to leave it after all.
        chat.say(_("All right. You keep your place on the waiting list."))
        return
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


def _is_sure(chat: Chat, place: Waiting | Rsvp | PackHold) -> bool:
    return chat.confirm(
        "sure",
        # Translators: to someone on one waiting list. {place} is what it is for: a teacher's name, an event or a pack of books and games.
        _("You are on the waiting list for {place}. Shall I take you off it?"),
        yes=_("Take me off"),
        no=LEAVE,
        place=_label(place),
    )


def _label(place: Waiting | Rsvp | PackHold) -> object:
    if isinstance(place, Waiting):
        return place.staff
    return place.event.title if isinstance(place, Rsvp) else place.pack.title
