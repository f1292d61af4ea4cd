"""The catalogs as files: drawn from the code, brought up to date, compiled. What a catalog owes is checked in `translations/check.py`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from translations.phrases import LOCALE

ROOT = Path(__file__).parent.parent
FOLDERS = ("bot", "handlers", "school", "scheduler", "translations")
"""Where sentences for parents stand. The console speaks English to staff."""
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "ngettext": (1, 2)}
NOTE = "Translators:"
DRAFT = """# {language}, draft: no native speaker has read it yet. The header stays marked `fuzzy` until one has."""
READ = """# {language}, read by a native speaker."""
WIDTH = 160


def shipped() -> tuple[str, ...]:
    """The languages that have a catalog, as the names of their folders: `so`, `zh_Hans`."""
    return tuple(sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/bookbag.po")))


def po_file(folder: str) -> Path:
    """Where the catalog of a language lies, by the name of its folder."""
    return LOCALE / folder / "LC_MESSAGES" / "bookbag.po"


@cache
def source() -> Catalog:
    """Every sentence that stands in the code, with the notes for translators beside it, as the code was when this was first asked. Takes about a second."""
    catalog = Catalog(project="Bookbag", charset="utf-8", fuzzy=False)
    for folder in FOLDERS:
        found = extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=KEYWORDS, comment_tags=(NOTE,), strip_comment_tags=True)
        for path, _line, msgid, comments, _context in found:
            catalog.add(msgid, locations=[(f"{folder}/{path}", None)], auto_comments=comments)  # type: ignore[list-item]  # no line: it changes too often
    return catalog


def read(folder: str) -> Catalog:
    """The catalog of a language as it lies there. Raises FileNotFoundError where there is none."""
    with po_file(folder).open("rb") as file:
        return read_po(file, locale=folder)


def update(folder: str, template: Catalog | None = None) -> Catalog:
    """Bring a catalog up to the code: new sentences come in empty, what no code says any more goes. A language without one gets an empty one, as a draft."""
    path = po_file(folder)
    catalog = read(folder) if path.exists() else _new(folder)
    catalog.update(template or source(), no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    write(folder, catalog)
    return catalog


def _new(folder: str) -> Catalog:
    nobody = {"msgid_bugs_address": "", "last_translator": "", "language_team": ""}
    return Catalog(locale=folder, project="Bookbag", version="", charset="utf-8", fuzzy=True, **nobody)


def write(folder: str, catalog: Catalog) -> None:
    """Write a catalog, and compile it beside."""
    path = po_file(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog.header_comment = (DRAFT if catalog.fuzzy else READ).format(language=Locale.parse(folder).english_name)
    file = io.BytesIO()
    write_po(file, catalog, width=WIDTH, sort_by_file=True)
    path.write_bytes(file.getvalue().rstrip(b"\n") + b"\n")
    path.with_suffix(".mo").write_bytes(compiled(catalog))


def compiled(catalog: Catalog) -> bytes:
    """The catalog as gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def sentences(catalog: Catalog) -> Iterator[Message]:
    """The messages of a catalog without its header."""
    return (message for message in catalog if message.id)
