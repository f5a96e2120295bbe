"""Sources: their files, how these are cut into rows and fields, and what the fields mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tasks.ingest.rules import DAY

if TYPE_CHECKING:
    from pyspark.sql import Column


IDS = ("user", "item", "id")
SINGLE = (
    *IDS,
    "timestamp",
    "rating",
    "event",
    "order",
)  # columns of which a row has one value, on one line
Clock = Literal["seconds", "milliseconds", "microseconds", "nanoseconds", "iso8601", "digits"]
Order = Literal["time", "given", "file"]
Quoting = Literal["doubled", "backslash", "none"]


@dataclass(frozen=True)
class Table:
    """One table of a source.

    Attributes:
        path: a file, a folder, a glob or an s3 URI, as seen from the source's place; with `{day}`
            in it, one delivery a day.
        columns: the names we give to the fields.
        delimiter: between fields, as it stands; None: found out.
        encoding: `ascii` (any other byte is damage), `utf-8`, `latin-1` or `windows-1252`; None:
            found out, but never `ascii`.
        fields: the names that a header, JSON keys or Parquet columns have, in the order of
            `columns`; None for lines without a header. A name with dots leads into nested objects,
            where no field has that very name.
        quoting: how a field in double quotes writes a quote: `doubled`, `backslash`; `none`: quotes
            are text; None: found out.
        ends_with_newline: whether a last line without its end is a sign of half a download.
        kind: lines of delimited fields, lines of JSON objects, or Parquet.
        clock: how timestamps are written; None: found out.
        known: whether this layout is one of ours, so that nothing about it needs to be found out.
        names: of a file without a header, what the source calls its columns.
    """

    path: str
    columns: tuple[str, ...]
    delimiter: str | None = ","
    encoding: str | None = "utf-8"
    fields: tuple[str, ...] | None = None
    quoting: Quoting | None = "none"
    ends_with_newline: bool = True
    kind: Literal["delimited", "jsonl", "parquet"] = "delimited"
    clock: Clock | None = "seconds"
    known: bool = True
    names: tuple[str, ...] = ()

    @property
    def daily(self) -> bool:
        """Whether there is one delivery a day."""
        return DAY in self.path

    @property
    def named_fields(self) -> tuple[str, ...]:
        """`fields`; empty for lines without a header."""
        return self.fields or ()


@dataclass(frozen=True)
class Source:
    """A source with one schema for all.

    Interactions have user, item and perhaps rating, event, timestamp, order, as text.

    Attributes:
        base: the folder from which the tables' paths are seen.
        items, users: None where the source has no such table: then they are the ones that were met.
        title: from the fields of an item's row, its title; genres: its genres as an array of
            strings.
        attributes: the fields of a user's row that are kept, as they are.
        rating_range: inclusive bounds of a rating that can be true; None where there are no
            ratings: then every row is an event.
        weights: what each kind of event counts; None: there are no kinds, and each counts one.
        unrated: the rating that says "met, but not rated".
        first_second: seconds since 1970 before which nothing can have happened.
        timed: whether every row has a timestamp; otherwise it may be empty, or there is none at
            all.
        liked: the rule that holds when a request names none.
        recommend_seen: whether what a user has met may be recommended again, when a request does
            not say; None: the data decides.
        spelling: whatever else of the description decides what a row becomes.
    """

    base: Path
    interactions: Table
    items: Table | None = None
    users: Table | None = None
    title: Callable[[], Column] | None = None
    genres: Callable[[], Column] | None = None
    attributes: tuple[str, ...] = ()
    rating_range: tuple[float, float] | None = None
    weights: Mapping[str, float] | None = None
    unrated: float | None = None
    first_second: int = 0
    timed: bool = True
    liked: str = ">= 4"
    recommend_seen: bool | None = None
    spelling: Mapping[str, str] = field(default_factory=dict)

    @property
    def ordered(self) -> bool:
        """Whether the source says itself how a user's rows follow each other."""
        return "order" in self.interactions.columns

    @property
    def weighted(self) -> bool:
        """Whether some events count more than others."""
        return len(set((self.weights or {}).values()) | {1}) > 1

    @property
    def order(self) -> Order:
        """What orders a user's rows when a request does not say: see `rules.Split`."""
        return "time" if self.timed else "given" if self.ordered else "file"

    @property
    def tables(self) -> dict[str, Table]:
        """The tables that the source has, by name."""
        named = {"interactions": self.interactions, "items": self.items, "users": self.users}
        return {name: table for name, table in named.items() if table}

    @property
    def meaning(self) -> dict:
        """Everything but the layout that decides a row's own verdict; part of a delivery's id."""
        return {
            "rating_range": self.rating_range,
            "weights": dict(self.weights) if self.weights else None,
            "unrated": self.unrated,
            "first_second": self.first_second,
            "timed": self.timed,
            "spelling": dict(self.spelling),
        }
