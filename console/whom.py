"""Whom something is for, as staff pick it from a list: everyone, a class, a group, an event's guests or those who have not answered, a language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console import event_form
from console.desk import Desk
from console.rendering import language_name
from school import access, audiences, event_list, groups
from school.audiences import EVERYONE, Audience, AudienceKind

Offered = Sequence[tuple[str, str, Audience]]


def offered(desk: Desk, known: Audience | None = None) -> Offered:
    """Whom it can be for: what stands for them in the form, what they are called, and who they are. `known` is whom it is for now."""
    school = desk.school
    events = [line.event for line in event_list.coming(school, desk.viewer) if line.event.state == "open"]
    found = [
        EVERYONE,
        *(Audience(AudienceKind.CLASS, each.id) for each in access.classes(school, desk.viewer)),
        *(Audience(AudienceKind.GROUP, each.id) for each in groups.everyone(school)),
        *(Audience(kind, each.id) for each in events for kind in (AudienceKind.EVENT, AudienceKind.UNANSWERED) if each.asks),
        *(Audience(AudienceKind.LANGUAGE, tag=tag) for tag in sorted({*event_form.languages(desk), "en"}, key=language_name)),
    ]
    if known is not None and known not in found:
        found.append(known)
    return [(key_of(each), audiences.written(school, each), each) for each in found]


def picked(desk: Desk, known: Audience | None = None) -> Audience | None:
    """Who was picked in the field 'to'; None where nobody who is offered was."""
    return next((audience for key, _words, audience in offered(desk, known) if key == desk.form.text("to")), None)


def key_of(audience: Audience) -> str:
    """What stands for an audience in the form."""
    about = audience.tag or (str(audience.about_id) if audience.about_id is not None else "")
    return f"{audience.kind.value}:{about}" if about else audience.kind.value


def by_kind(offered: Offered) -> Mapping[str, Sequence[tuple[str, str]]]:
    """What the select offers, under a word for what they are."""
    named = {AudienceKind.CLASS: "A class", AudienceKind.GROUP: "A group", AudienceKind.LANGUAGE: "A language"}
    found: dict[str, list[tuple[str, str]]] = {}
    for key, words, audience in offered:
        found.setdefault("" if audience.kind == AudienceKind.EVERYONE else named.get(audience.kind, "An event"), []).append((key, words))
    return found
