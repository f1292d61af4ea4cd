"""Families, staff and term dates out of the files that a school's other systems export.

What a file may hold is written in docs (interface: 'Files'). Every import is all or nothing, says all that is wrong at once, and may be repeated.
"""

from __future__ import annotations

from school.importing.changes import Changes, StartLinkDue
from school.importing.registering import import_families
from school.importing.staff import import_staff
from school.importing.table import LARGEST, BadRows, Fault
from school.importing.terms import import_terms

__all__ = ["LARGEST", "BadRows", "Changes", "Fault", "StartLinkDue", "import_families", "import_staff", "import_terms"]
