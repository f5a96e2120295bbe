"""Resource usage of the whole stack: peak memory of all processes together, and the share of time
in which a task was at work.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from infra.local import processes

PAGE = os.sysconf("SC_PAGE_SIZE")


class Meter:
    """Samples the processes below the supervisor.

    Memory is the proportional set size (shared pages counted once in all), so that forked workers
    are not counted twice. To count it takes the kernel the longer the more there is, and whoever is
    counted waits: a sample that was slow is followed by a longer pause.
    """

    SHARE = 0.02  # of one processor, that sampling may take

    def __init__(self, root: processes.Process, every: float = 1.0) -> None:
        self.root, self.every = root, every
        self.peak, self.busy, self.idle = 0, 0.0, 0.0
        self._last, self._took = time.monotonic(), 0.0

    def sample(self) -> None:
        """Look once, at most every `every` seconds, and no more often than `SHARE` allows."""
        now = time.monotonic()
        if now - self._last < max(self.every, self._took / self.SHARE):
            return
        family = [one.pid for one in processes.below([self.root])]
        working = any(is_task(pid) for pid in family)
        self.busy, self.idle = (
            self.busy + (now - self._last) * working,
            self.idle + (now - self._last) * (not working),
        )
        self.peak = max(self.peak, sum(map(proportional, family)))
        self._last, self._took = now, time.monotonic() - now

    def figures(self) -> dict:
        """Bytes at the highest sample; seconds with and without a task process at work, since the
        stack started.
        """
        return {
            "peak_bytes": self.peak,
            "busy_seconds": round(self.busy, 1),
            "idle_seconds": round(self.idle, 1),
        }


def is_task(pid: int) -> bool:
    """Whether this process does the work of a stage."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"-m" in arguments and any(a.startswith(b"tasks.") for a in arguments)


def proportional(pid: int) -> int:
    """Bytes of memory of a process, its share of shared pages; 0 when it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return 1024 * int(line.split()[1])
    except OSError:
        pass
    return 0
