"""Every sentence in every family's language."""

from translations.phrases import Phrase, _, has_catalog, ngettext, spoken
from translations.writing import LanguageName, written

__all__ = ["LanguageName", "Phrase", "_", "has_catalog", "ngettext", "spoken", "written"]
