"""What a stage's process says, while it says it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Told:
    """Keeps the one line to tell of all that a stage has said.

    Args:
        own: how the stage's own message begins (`ingest snapshot: RefusedData: …`): whatever a library prints after it, that
            line is the one to tell.
    """

    def __init__(self, own: str) -> None:
        self.own, self.line, self.message = own, "", ""

    def hear(self, line: str) -> str:
        """Take in one line; returns it without its end."""
        if text := line.rstrip():
            self.line = text
            if text.startswith(self.own):
                self.message = text.removeprefix(self.own).partition(": ")[2]
        return text

    @property
    def last(self) -> str:
        """The stage's own message, without its family's name; else its last line."""
        return self.message or self.line


class Tail(threading.Thread):
    """Copies lines from a pipe to the task log while the process runs; `own` as in `Told`."""

    def __init__(self, pipe: Any, say: Callable[..., None], own: str) -> None:
        super().__init__(daemon=True)
        self.pipe, self.say, self.told = pipe, say, Told(own)
        self.start()

    def run(self) -> None:
        for line in self.pipe:
            if text := self.told.hear(line):
                self.say("%s", text)

    @property
    def last(self) -> str:
        return self.told.last
