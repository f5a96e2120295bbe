"""What a stage's process says, while it says it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


class Tail(threading.Thread):
    """Copies lines from a pipe to the task log while the process runs.

    Args:
        own: how the stage's own message begins (`ingest snapshot: RefusedData: …`): whatever a library prints after it, that
            line is the one to tell.
    """

    def __init__(self, pipe: Any, say: Callable[..., None], own: str) -> None:
        super().__init__(daemon=True)
        self.pipe, self.say, self.own, self.line, self.message = pipe, say, own, "", ""
        self.start()

    def run(self) -> None:
        for line in self.pipe:
            if text := line.rstrip():
                self.line = text
                self.say("%s", text)
                if text.startswith(self.own):
                    self.message = text.removeprefix(self.own).partition(": ")[2]

    @property
    def last(self) -> str:
        """The stage's own message, without its family's name; else its last line."""
        return self.message or self.line
