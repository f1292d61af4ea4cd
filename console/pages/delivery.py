"""Every message out: what became of it, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from console.desk import Desk, Form
from console.pages import Page
from school import access, daily_limit, delivery
from school.access import Power
from school.delivery import Message, OutboxState, Wanted

page = Page("delivery", "Delivery", order=70, powers=frozenset({Power.DELIVERY}))

DAYS = (1, 7, 30, 365)
STATES: Mapping[str, tuple[str, str]] = {
    OutboxState.QUEUED: ("waiting", ""),
    OutboxState.PAUSED: ("paused", "wait"),
    OutboxState.SENDING: ("being sent", ""),
    OutboxState.SENT: ("handed over", ""),
    OutboxState.DELIVERED: ("arrived", "good"),
    OutboxState.READ: ("read", "good"),
    OutboxState.UNDELIVERED: ("not delivered", "bad"),
    OutboxState.FAILED: ("failed", "bad"),
    OutboxState.EXPIRED: ("too late", "bad"),
    OutboxState.UNCONFIRMED: ("not confirmed", "wait"),
    OutboxState.CANCELLED: ("not needed any more", ""),
}
"""What each state is called, and its colour."""
FIELDS = ("state", "channel", "kind", "days", "adult", "name")


@page.get()
def show(desk: Desk) -> Response:
    """The messages out, newest first, of those that are looked for."""
    wanted = _wanted(desk.query)
    found = delivery.listing(desk.school, desk.viewer, wanted, desk.query.number("before"))
    adult = access.adult(desk.school, desk.viewer, wanted.adult_id) if wanted.adult_id and access.reads_words(desk.viewer) else None
    if adult is not None:
        desk.saw("adult", adult.id)
    return desk.render(
        "delivery/list.html",
        block="messages",
        found=found,
        wanted=wanted,
        adult=adult,
        here=_address(desk.query, "before"),
        tabs=[(name, _address(desk.query, state=name)) for name in ("", *delivery.GROUPS)],
        older=_address(desk.query, before=found.older),
        everyone=_address(desk.query, adult=None),
        kinds=[(kind, delivery.kind_name(kind)) for kind in delivery.used_kinds(desk.school)],
        days=DAYS,
        limit=desk.school.settings.parts_per_day if daily_limit.is_reached(desk.school) else None,
        held=daily_limit.waiting(desk.school),
        may_lift=desk.may(Power.FAMILIES),
        **_words(desk),
    )


def _wanted(query: Form) -> Wanted:
    days, group = query.number("days"), query.text("state", 20)
    return Wanted(
        group=group if group in delivery.GROUPS else "",
        channel=query.text("channel", 20),
        kind=query.text("kind", 50),
        days=days if days in DAYS else None,
        adult_id=query.number("adult"),
        name=query.text("name", 100),
    )


def _address(query: Form, *keep: str, **changed: object) -> str:
    """This list's own address: what is looked for, with what is changed; on its first page unless `keep` says otherwise."""
    told = {name: query.text(name, 100) for name in (*FIELDS, *keep)} | {name: "" if value is None else str(value) for name, value in changed.items()}
    filled = urlencode({name: value for name, value in told.items() if value})
    return f"{page.href}?{filled}" if filled else page.href


def _words(desk: Desk) -> Mapping[str, Any]:
    """What both templates say by name."""
    return {
        "STATES": STATES,
        "CHANNELS": delivery.CHANNELS,
        "kind_of": delivery.kind_name,
        "masked": delivery.masked,
        "reads_words": access.reads_words(desk.viewer),
    }


@page.get("/{message_id:int}")
def show_one(desk: Desk, message_id: int) -> Response:
    """One message: what it says, the way it took, and what can be done now."""
    message = access.message(desk.school, desk.viewer, message_id)
    reads = access.reads_words(desk.viewer)
    adult = access.adult(desk.school, desk.viewer, message.adult_id) if reads and message.adult_id is not None else None
    if adult is not None:
        desk.saw("adult", adult.id)
    repeats = delivery.repeats_of(desk.school, message)
    return desk.render(
        "delivery/show.html",
        block="way",
        message=message,
        adult=adult,
        steps=delivery.way_of(desk.school, message),
        why=_why(message),
        verdicts=delivery.VERDICTS,
        repeats=repeats,
        repeats_what=_original(message),
        may_repeat=reads and delivery.may_repeat(message) and not any(delivery.is_alive(row) for row in repeats),
        same_way=reads and delivery.has_way(desk.school, message),
        others=delivery.other_ways(desk.school, message) if reads else (),
        address=f"{page.href}/{message.id}",
        **_words(desk),
    )


def _why(message: Message) -> tuple[str, str] | None:
    """Why it did not arrive, or waits, or went another way, and what to do about it."""
    if message.state == OutboxState.EXPIRED:
        return "It could not leave before it was of no use any more.", "Send it again if it is still of use."
    if message.state == OutboxState.UNCONFIRMED:
        return "It may have arrived, and the provider cannot be asked.", "Ask the family, or send it again: it may come twice."
    return delivery.why(message)


def _original(message: Message) -> int | None:
    """The message that this one repeats, where staff sent it."""
    begins, _, rest = message.key.partition(":")
    number = rest.partition(":")[0]
    return int(number) if begins == "again" and number.isdecimal() else None


@page.post("/limit", needs=Power.FAMILIES)
def lift_limit(desk: Desk) -> Response:
    """What waits because so much has left today leaves after all."""
    freed = daily_limit.lift(desk.school, desk.viewer.staff)
    desk.changed("daily limit lifted", "message", None, messages=freed)
    desk.afterwards(desk.hooks.wake)
    return desk.to(
        page.href, f"The limit is lifted until midnight. {freed} message{'s' if freed != 1 else ''} that waited leave{'s' if freed == 1 else ''} now."
    )


@page.post("/{message_id:int}/again", needs=Power.FAMILIES)
def again(desk: Desk, message_id: int) -> Response:
    """Send it once more, to the same address or to another one of the same adult's."""
    message = access.message(desk.school, desk.viewer, message_id)
    to = desk.form.number("to")
    other = next((way for way in delivery.other_ways(desk.school, message) if way.id == to), None)

    def same(desk: Desk) -> Response:
        return show_one(desk, message_id)

    if to is not None and other is None:
        desk.wrong(same, _="Nothing can be sent there any more. Choose another way.")
    try:
        made = delivery.send_again(desk.school, message, desk.viewer.staff, may_come_twice=desk.form.has("may_come_twice"), to=other)
    except delivery.NothingToRepeat:
        desk.wrong(same, _="There is nothing to send again: it is on its way, has arrived, or is not needed any more.")
    except delivery.SentAgainAlready:
        desk.wrong(same, _="It was sent again already. See below what became of that.")
    except delivery.MayComeTwice:
        desk.wrong(same, may_come_twice="It may have arrived. Tick this if it may come twice.")
    except delivery.NoWayThere:
        desk.wrong(same, _="Nothing can be sent to that number now. Choose another way, or print a letter.")
    desk.changed("sent again" if other is None else "sent by another way", "message", message.id, as_message=made.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{made.id}", "It leaves now; in quiet hours, when they are over.")
