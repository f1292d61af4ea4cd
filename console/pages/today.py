"""The first page: what needs me, and nothing else."""

from __future__ import annotations

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import attention, today

page = Page("", "Today", order=0)


@page.get()
def show(desk: Desk) -> Response:
    """What waits for whoever is logged in."""
    found = today.today(desk.school, desk.viewer)
    readings = attention.all_in_english(desk.school, found.needs)
    return desk.render("today/show.html", block="lists", today=found, english=lambda row: readings[row.id])
