"""What a stage's process says, while it says it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

PROGRESS = re.compile(
    r"\d\d:\d\d:\d\d progress: (.+?)(?: \[[^\]]*\])?"
)  # as `say` in tasks/core/cli/log.py writes it


class Told:
    """Keeps the one line to tell of all that a stage has said.

    Args:
        own: how the stage's own message begins (`ingest snapshot: RefusedData: …`): whatever a
            library prints after it, that line is the one to tell.
        show: takes what it says of how far it is.
    """

    def __init__(self, own: str, show: Callable[[str], None]) -> None:
        self.own, self.show, self.line, self.message = own, show, "", ""

    def hear(self, line: str) -> str:
        """Take in one line; returns it without its end."""
        if text := line.rstrip():
            self.line = text
            if text.startswith(self.own):
                self.message = text.removeprefix(self.own).partition(": ")[2]
            if said := PROGRESS.fullmatch(text):
                self.show(said[1])
        return text

    @property
    def last(self) -> str:
        """The stage's own message, without its family's name; else its last line."""
        return self.message or self.line


class Tail(threading.Thread):
    """Copies lines from a pipe to the task log while the process runs; `told` hears them all."""

    def __init__(self, pipe: Any, say: Callable[..., None], told: Told) -> None:
        super().__init__(daemon=True)
        self.pipe, self.say, self.told = pipe, say, told
        self.start()

    def run(self) -> None:
        for line in self.pipe:
            if text := self.told.hear(line):
                self.say("%s", text)

    @property
    def last(self) -> str:
        return self.told.last
