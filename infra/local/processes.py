"""The processes of a stack, whoever their parent is by now: found by descent, by what was noted of
them, by a mark in their environment; and ended.

A pid alone may be somebody else's by now, so a process is its pid and the moment it started.
Airflow's workers write their title over their environment, and lead groups of their own: neither
mark nor group finds them all, a note of the whole family does.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

# names the stack's folder in the environment of each of its services, and so of what they start
MARK = "RECALL_STACK"
SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: what loses its parent becomes a child of ours
POLITE = 10.0  # seconds from the request to end to its enforcement


@dataclasses.dataclass(frozen=True, order=True)
class Process:
    """One process.

    Attributes:
        started: clock ticks from the machine's start to its own.
    """

    pid: int
    started: int

    @property
    def lives(self) -> bool:
        return of(self.pid) == self

    def send(self, sent: int) -> None:
        """Send a signal, to this process and none that has its number now."""
        try:
            handle = os.pidfd_open(self.pid)
        except OSError:
            return
        try:
            if self.lives:
                signal.pidfd_send_signal(handle, sent)
        except OSError:
            pass
        finally:
            os.close(handle)


def of(pid: int) -> Process | None:
    """The process of this number; None where there is none, or only what is left of one that has
    ended.
    """
    found = _stat(pid)
    return found[0] if found else None


def all_of_them() -> dict[Process, int]:
    """Every process that lives, and its parent's pid."""
    return dict(
        found for entry in os.listdir("/proc") if entry.isdigit() and (found := _stat(int(entry)))
    )


def below(roots: Iterable[Process], every: dict[Process, int] | None = None) -> set[Process]:
    """Those of these processes that live, and everything below them; `every` as `all_of_them` has
    just given it.
    """
    children: dict[int, list[Process]] = {}
    every = all_of_them() if every is None else every
    for one, parent in every.items():
        children.setdefault(parent, []).append(one)
    found, queue = set(), [one for one in roots if one in every]
    while queue:
        if (one := queue.pop()) not in found:
            found.add(one)
            queue.extend(children.get(one.pid, ()))
    return found


def descendants(pid: int) -> list[int]:
    """The pids of a process and of everything below it."""
    return [one.pid for one in below([root])] if (root := of(pid)) else []


def of_stack(home: Path) -> set[Process]:
    """Those whose environment names this stack."""
    return {one for one in all_of_them() if has(one, MARK, home)}


def has(one: Process, name: str, value: object) -> bool:
    """Whether its environment, as it was started, has this variable with this value."""
    return f"{name}={value}".encode() in _read(one.pid, "environ").split(b"\0")


def command(one: Process) -> str:
    """Its command line, for people."""
    return _read(one.pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def boot() -> str:
    """Changes when the machine starts anew, and with it every number of a process."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def adopt() -> None:
    """Become the parent of what below us loses its own."""
    ctypes.CDLL(None, use_errno=True).prctl(SUBREAPER, 1, 0, 0, 0)


def end(find: Callable[[], set[Process]], polite: float = POLITE) -> set[Process]:
    """End all that `find` finds, until it finds nothing: asked at first, and forced after `polite`
    seconds.
    """
    terminated, deadline = set(), time.monotonic() + polite
    while found := find():
        for one in found:
            if time.monotonic() > deadline:
                one.send(signal.SIGKILL)
            elif one not in terminated:
                one.send(signal.SIGTERM)
                one.send(signal.SIGCONT)  # one that was stopped does not hear
            terminated.add(one)
        time.sleep(0.1)
    return terminated


def bury(kept: set[int]) -> None:
    """Take note of the end of children that nobody else waits for, as of `kept` somebody does."""
    try:
        while (
            dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        ) and dead.si_pid not in kept:
            os.waitpid(dead.si_pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _stat(pid: int) -> tuple[Process, int] | None:
    fields = (
        _read(pid, "stat").rpartition(b")")[2].split()
    )  # a name may hold anything, also brackets
    return (
        (Process(pid, int(fields[19])), int(fields[1]))
        if len(fields) > 19 and fields[0] not in (b"Z", b"X")
        else None
    )


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""
