"""A PostgreSQL cluster of the tests' own: made in memory, reached by a socket, thrown away at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from bot.bench.postgresql import Cluster, programs, running
from tests import in_memory

__all__ = ["Cluster", "cluster", "programs", "stopped"]


def cluster(binaries: Path) -> AbstractContextManager[Cluster]:
    """A running cluster in a folder of its own, where user postgres can get. No flushes: a test kills it, never the power."""
    return running(binaries, in_memory.folder(), fsync="off", full_page_writes="off", max_wal_size="256MB", max_connections="200")


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    """It is down, as after a crash."""
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()
