"""Pictures that staff bring in a form: looked at before the transaction, since that takes a while."""

from __future__ import annotations

from typing import Any, Final

from console.desk import Form, Hooks
from school import kept_files
from school.errors import NotAllowed, TooLarge
from school.kept_files import Examined

LARGEST: Final = 12_000_000
"""Bytes that are looked at; how many are kept is the school's setting."""
CHOOSE: Final = "Choose a picture: a JPEG, PNG, GIF or WebP of at most 5 MB."


def brought(form: Form, hooks: Hooks) -> Examined | TooLarge | NotAllowed | None:
    """The form's picture, looked at, or why it is not taken; None where none was chosen."""
    upload = form.files.get("picture")
    return None if upload is None else looked_at(upload)


def looked_at(upload: Any) -> Examined | TooLarge | NotAllowed:
    """One upload, looked at; or why it is not taken."""
    try:
        return kept_files.examine(upload.file.read(LARGEST + 1), upload.content_type or "", most=LARGEST, name=upload.filename or "")
    except (TooLarge, NotAllowed) as refusal:
        return refusal
