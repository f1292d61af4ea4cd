"""Every model, imported, so that the metadata is whole. A new capability's model is found by walking the folder: nothing is edited here."""

from __future__ import annotations

import importlib
import pkgutil

import data
from data.base import Base

NOT_MODELS = {"data.base", "data.migrate", "data.models", "data.store"}


def metadata_of_all() -> type[Base]:
    """The base, after every module of this folder was imported."""
    for module in pkgutil.iter_modules(data.__path__, "data."):
        if not module.ispkg and module.name not in NOT_MODELS:
            importlib.import_module(module.name)
    for table in Base.metadata.tables.values():
        # SQLite would give a removed person's number to the next one, and with it whatever still names it.
        if [column.autoincrement for column in table.primary_key] == [True]:
            table.dialect_options["sqlite"]["autoincrement"] = True
    return Base


ALL = metadata_of_all()
