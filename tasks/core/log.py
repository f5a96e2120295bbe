"""Log lines and progress lines, on stderr: one structured line a step, with counts and seconds."""

from __future__ import annotations

import sys
import time


def log(event: str, **fields: object) -> None:
    """Write one line: the event, then its fields as `name=value`."""
    told = " ".join(f"{name}={_plain(value)}" for name, value in fields.items())
    line = f"{time.strftime('%H:%M:%S')} {event} {told}".rstrip()
    print(f"{line}\n", end="", file=sys.stderr, flush=True)  # in one piece: threads log side by side


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = str(value)
    return repr(text) if " " in text else text


class Progress:
    """A progress line at most every `every` seconds: share done, rate per second, time left.

    >>> with Progress("walks", total=100, unit="steps") as progress:
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
        elapsed = max(time.monotonic() - self.started, 1e-9)
        rate = self.done / elapsed
        left = (self.total - self.done) / rate if rate > 0 else float("inf")
        log(self.label, done=f"{100 * self.done / max(self.total, 1e-9):.0f}%", rate=f"{rate:,.0f} {self.unit}/s",
            left=f"{left:.0f} s" if left != float("inf") else "unknown", **fields)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *raised: object) -> None:
        if raised[0] is None:
            self.tell(seconds=time.monotonic() - self.started)
