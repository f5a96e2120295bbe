"""The budget of unpacking, checked before each block is kept: nothing can fill a disk."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

from tasks.core.cli.errors import RefusedData, Unreachable
from tasks.ingest.fetch.files import Limits

JUDGED_FROM_BYTES = 16 << 20
RESERVE_BYTES = 256 << 20  # a disk that is quite full stops everything else that lives on it


class Stopped(Exception):
    """Another file of the same table was refused."""


class Budget:
    """Shared by the files of one table, which are read at the same time."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.stopped = limits, threading.Event()
        self._used, self._lock = 0, threading.Lock()

    def take(self, name: str, size: int, so_far: int, packed: int | None) -> None:
        """Account for the next bytes of a file.

        Args:
            so_far: plain bytes of it with these.
            packed: bytes of the packed file; None when it is not packed.

        Raises:
            RefusedData: the table, or this file for its packed size, has become too big.
        """
        if self.stopped.is_set():
            raise Stopped
        with self._lock:
            self._used += size
            used = self._used
        if used > self.limits.unpacked_gb * 1e9:
            raise self._too_big(name, used)
        if packed is not None and so_far > max(JUDGED_FROM_BYTES, self.limits.expansion * packed):
            raise RefusedData(
                f"{name} unpacks to far more than a file of data does",
                got=f"over {so_far:,} bytes out of {packed:,}",
                allowed=f"{self.limits.expansion:g} times its size",
                remedy="look at where it comes from; raise limits.expansion (RECALL_EXPANSION) "
                "if it is true",
            )

    def fetch(self, name: str, size: int) -> None:
        """The same for a packed file that has to be here as a whole before it can be unpacked."""
        if self.stopped.is_set():
            raise Stopped
        if size > self.limits.unpacked_gb * 1e9:
            raise self._too_big(name, size)

    def _too_big(self, name: str, size: int) -> RefusedData:
        return RefusedData(
            f"the files of one table are too big together, at {name}",
            got=f"{size:,} bytes or more",
            allowed=f"{self.limits.unpacked_gb:g} GB unpacked",
            remedy="raise limits.unpacked_gb (RECALL_UNPACKED_GB) if this is what you have",
        )

    def line(self, name: str, longest: int, number: int) -> None:
        """Raises RefusedData when a line is longer than it may be."""
        if longest > self.limits.line_kb * 1024:
            raise RefusedData(
                f"{name}, line {number}: the line is too long",
                got=f"at least {longest:,} bytes",
                allowed=f"{self.limits.line_kb:g} KiB",
                remedy="look whether its lines end at all; raise limits.line_kb "
                "(RECALL_LINE_KB) if they are that long",
            )


def require_free_space(folder: Path, size: int) -> None:
    """Raises Unreachable when a disk would be left without its reserve."""
    if (free := shutil.disk_usage(folder).free) - size < RESERVE_BYTES:
        raise Unreachable(
            "the scratch disk is full",
            got=f"{free:,} bytes free at {folder}",
            remedy="free space, or put the scratch folder on a bigger disk; nothing "
            "half-written is left",
        )
