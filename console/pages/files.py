"""Photos, voice notes and documents: shown to whoever may see whose they are."""

from __future__ import annotations

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import file_access, kept_files
from school.access import Power

page = Page("files", powers=frozenset({Power.MESSAGES}))


@page.get("/{file_id:int}")
def show(desk: Desk, file_id: int) -> Response:
    """A file itself: a picture to look at, a voice note to listen to, anything else to save."""
    file = file_access.file(desk.school, desk.viewer, file_id)
    return Response(file.content, media_type=file.media_type, headers=dict(kept_files.headers(file, inline=True)))


@page.get("/{file_id:int}/small")
def small(desk: Desk, file_id: int) -> Response:
    """A picture made small; the file itself where there is none."""
    file = file_access.file(desk.school, desk.viewer, file_id)
    if file.thumbnail is None:
        return show(desk, file_id)
    return Response(file.thumbnail, media_type="image/jpeg", headers=dict(kept_files.headers(file, inline=True)) | {"Content-Type": "image/jpeg"})
