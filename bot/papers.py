"""`bookbag papers`: the paper that the school needs, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot import clock
from console import papers
from console.rendering import Rendering
from data.migrate import upgrade
from data.store import Store
from school import School

if TYPE_CHECKING:
    from bot.settings import Settings

FAILURE = 1


def write(settings: Settings, directory: Path) -> int:
    """Write each paper to a file of its own in `directory`, an HTML page that needs nothing beside it. What was there under its name is replaced."""
    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.read() as session:
            school = School(session, clock.now(), settings.for_school())
            rendering, made = Rendering(school.settings.name, ()), [make() for make in papers.kinds(school).values()]
            pages = {f"{paper.name}.html": rendering.plain("papers/file.html", paper=paper, today=school.today) for paper in made}
        directory.mkdir(parents=True, exist_ok=True)
        for name, page in pages.items():
            (directory / name).write_text(page, encoding="utf-8")
    except OSError as error:
        typer.echo(f"bookbag papers: {directory} cannot be written: {error.strerror}.", err=True)
        return FAILURE
    finally:
        store.close()
    typer.echo(f"{len(pages)} papers are in {directory}. What is a draft is for your data protection officer, or a native reader.")
    return 0
