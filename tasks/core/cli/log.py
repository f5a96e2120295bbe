"""Log lines, on stderr: one structured line a step, with counts and seconds, and lines that tell
people how far the work is.
"""

from __future__ import annotations

import sys
import time

from tasks.core.cli.printable import printable


def log(event: str, **fields: object) -> None:
    """Write one line: the event, then its fields as `name=value`."""
    _write(f"{event} {_told(fields)}")


def say(text: str, **fields: object) -> None:
    """Write how far the work is, in words, then its fields in brackets. Of a running task the last
    such line is what `make run` and the console show, without the brackets; what they know it by is
    `progress: `."""
    _write(f"progress: {text} [{_told(fields)}]" if fields else f"progress: {text}")


def words(seconds: float) -> str:
    """`40 s`, `4 min`, `2.5 h`: a time, as exactly as it can be foreseen."""
    if seconds < 90:
        return f"{max(1, round(seconds)) if seconds < 10 else 5 * round(seconds / 5)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _write(text: str) -> None:
    line = f"{time.strftime('%H:%M:%S')} {printable(text)}".rstrip()
    print(
        f"{line}\n", end="", file=sys.stderr, flush=True
    )  # in one piece: threads log side by side


def _told(fields: dict[str, object]) -> str:
    return " ".join(f"{name}={_plain(value)}" for name, value in fields.items())


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return repr(text) if " " in text else text


class Progress:
    """A line for people at most every `every` seconds: what is done, the share done, time left.

    >>> with Progress("drawing walks", total=100, unit="steps") as progress:
    ...     progress.add(100)
    """

    def __init__(self, label: str, total: float, unit: str, every: float = 5.0) -> None:
        self.label, self.total, self.unit, self.every = label, total, unit, every
        self.done, self.started = 0.0, time.monotonic()
        self._told = self.started

    def add(self, amount: float, **fields: object) -> None:
        """Count `amount` more as done, and say so when the last line is old enough."""
        self.done += amount
        now = time.monotonic()
        if now - self._told >= self.every:
            self._told = now
            self.tell(**fields)

    def tell(self, **fields: object) -> None:
        """Write the line now."""
        rate = self.done / max(time.monotonic() - self.started, 1e-9)
        parts = [self.label, f"{self.share} % done"]
        if 0 < self.done < self.total:
            parts.append(f"about {words((self.total - self.done) / rate)} left")
        say(", ".join(parts), rate=f"{rate:,.0f} {self.unit}/s", **fields)

    @property
    def share(self) -> int:
        """Per cent."""
        return int(100 * self.done / max(self.total, 1e-9) + 1e-6)  # what is not done is never 100

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None:
            self.tell(seconds=time.monotonic() - self.started)
