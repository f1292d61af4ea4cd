"""The paper that the school needs: what is held, who works for it, its assessment, and the privacy notice for families. Made anew each time."""

from __future__ import annotations

from fastapi import Response

from console import papers
from console.desk import Desk
from console.pages import Page
from console.rendering import language_name
from school.access import Power
from school.errors import NotThere

page = Page("papers", "", order=81, powers=frozenset({Power.SET_UP}))


@page.get()
def show(desk: Desk) -> Response:
    """What there is to print."""
    notices = [(f"{papers.NOTICE}-{language}", language_name(language)) for language in papers.languages(desk.school)]
    return desk.render("papers/list.html", notices=notices, processors=desk.school.settings.processors)


@page.get("/{name}")
def one(desk: Desk, name: str) -> Response:
    """One paper, to be read and printed."""
    make = papers.kinds(desk.school).get(name)
    if make is None:
        raise NotThere
    return desk.render("papers/paper.html", paper=make())
