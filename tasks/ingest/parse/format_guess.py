"""The format of a file as it was guessed before it was read: dialect, fields, and three rows."""

from __future__ import annotations

from dataclasses import dataclass, field

ROWS = 3


@dataclass(frozen=True)
class FormatGuess:
    """How one file is read.

    Attributes:
        file: its name in the source.
        format: `csv`, `JSON lines`, `JSON array` or `Parquet`.
        delimiter, quoting, encoding: of text; None where there is none.
        header: the names in its first line; empty where there is no such line.
        clock: how its times are written; None where it has none.
        fields: from our names to its own, with their types where the file has types: `{"user":
            "user.id: int64"}`.
        notes: sentences on whatever somebody should know: a guess, a setting that the file
            contradicts, a field that no row has.
        rows: the first rows, by our names.
    """

    file: str
    format: str
    delimiter: str | None = None
    quoting: str | None = None
    encoding: str | None = None
    header: tuple[str, ...] = ()
    clock: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    rows: tuple[dict[str, str], ...] = ()

    def __str__(self) -> str:
        """One line for a log."""
        parts = [
            self.format,
            *([f"delimiter {self.delimiter!r}"] if self.delimiter else []),
            *([f"quotes {self.quoting}"] if self.quoting else []),
            *([self.encoding] if self.encoding else []),
            *([_times(self.clock)] if self.clock else []),
        ]
        return ", ".join(parts)


def _times(clock: str) -> str:
    """`times in seconds`, `times as ISO 8601`, `times as date32[day]`."""
    if clock.endswith("seconds"):
        return f"times in {clock}"
    return f"times as {clock.replace('iso8601', 'ISO 8601')}"
