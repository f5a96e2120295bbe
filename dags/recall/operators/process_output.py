"""Reads what a stage's process prints while it runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

PROGRESS = re.compile(
    r"\d\d:\d\d:\d\d progress: (.+?)(?: \[[^\]]*\])?"
)  # as `say` in tasks/core/cli/log.py writes it


class LastMessage:
    """Keeps the one line that explains how a stage ended.

    Args:
        prefix: how the stage's own message begins (`ingest snapshot: RefusedData: …`). Whatever a
            library prints after that message, the message is the line that is kept.
        show: takes the stage's lines of progress.
    """

    def __init__(self, prefix: str, show: Callable[[str], None]) -> None:
        self.prefix, self.show, self.line, self.message = prefix, show, "", ""

    def read(self, line: str) -> str:
        """Take in one line; returns it without its end."""
        if text := line.rstrip():
            self.line = text
            if text.startswith(self.prefix):
                self.message = text.removeprefix(self.prefix).partition(": ")[2]
            if progress := PROGRESS.fullmatch(text):
                self.show(progress[1])
        return text

    @property
    def last(self) -> str:
        """The stage's own message without the name of its error; else the last line."""
        return self.message or self.line


class Tail(threading.Thread):
    """Copies lines from a pipe to the task log while the process runs.

    Args:
        pipe: the process's stderr.
        log: takes a format and a line.
        last_message: reads every line.
    """

    def __init__(self, pipe: Any, log: Callable[..., None], last_message: LastMessage) -> None:
        super().__init__(daemon=True)
        self.pipe, self.log, self.last_message = pipe, log, last_message
        self.start()

    def run(self) -> None:
        for line in self.pipe:
            if text := self.last_message.read(line):
                self.log("%s", text)

    @property
    def last(self) -> str:
        """The line that explains how the stage ended."""
        return self.last_message.last
