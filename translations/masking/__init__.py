"""What no translator may see or change: taken out of a text before it leaves, and put back after. docs/translations.md says how."""

from translations.masking.marks import Form, MarksBroken, Masked
from translations.masking.mask import mask
from translations.masking.names import Names
from translations.masking.values import Kept, Kind

__all__ = ["Form", "Kept", "Kind", "MarksBroken", "Masked", "Names", "mask"]
