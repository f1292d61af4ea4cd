"""Python's search for cyclic garbage, kept short: all that lives as long as the process is left out of it."""

from __future__ import annotations

import gc


def spare_what_stays() -> None:
    """From now on the collector does not look at what is there now: modules, mappings, models. Looking through it all held up every thread for 0.1 s."""
    gc.collect()
    gc.freeze()
