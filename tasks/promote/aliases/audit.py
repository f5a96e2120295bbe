"""The audit of alias moves: one document for each move, with who, what, when and why.

    audit/<family>/<name>.json      a move that was carried out
    audit/<family>/pending.json     a move that is being carried out; the next mover finishes it
    audit/<family>/.lock            locked by the operating system while a move is carried out

The pending document makes two alias moves one: MLflow has no step that moves both.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import time
from collections.abc import Iterator

from tasks.core.cli.errors import Unreachable
from tasks.core.store.store import Store

PENDING = "pending"


def now() -> str:
    """The time, UTC, ISO 8601 to the microsecond: two moves within a second keep their order."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Audit:
    """The records of one family."""

    def __init__(self, store: Store, family: str) -> None:
        self.store, self.parts = store, ("audit", family)
        self.folder = store.path(*self.parts)
        self.folder.mkdir(parents=True, exist_ok=True)

    def find(self, name: str) -> dict | None:
        """The record of this name, if there is one."""
        return self.store.document(name, *self.parts)

    def records(self) -> list[dict]:
        """Every move that was carried out, oldest first."""
        names = (name for name in self.store.documents(*self.parts) if name != PENDING)
        records = [record for name in names if (record := self.find(name)) is not None]
        return sorted(records, key=lambda record: (record["when"], record["name"]))

    def begin(self, record: dict) -> None:
        """Write the record of a move that is about to be made."""
        self.store.keep(record, PENDING, *self.parts)

    def end(self, record: dict) -> None:
        """Write the record of a move that was made. Doing so twice changes nothing."""
        self.store.keep(record, record["name"], *self.parts)
        self.store.forget(PENDING, *self.parts)

    @contextlib.contextmanager
    def lock(self, timeout_seconds: float = 60.0) -> Iterator[None]:
        """Let one mover at a time work on a family; the lock of a mover that dies is released.

        Raises:
            Unreachable: another mover holds the lock for longer than `timeout_seconds`.
        """
        until = time.monotonic() + timeout_seconds
        with (self.folder / ".lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise Unreachable(
                            "another run is moving the aliases of this family",
                            got=str(self.folder),
                            remedy="the task retries",
                        ) from None
                    time.sleep(0.05)
            yield
