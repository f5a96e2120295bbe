"""What a source is: its files, how their lines are cut into fields, and what the fields mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column


@dataclass(frozen=True)
class Table:
    """One file and how its lines are cut into fields.

    Attributes:
        file: its name in the source's folder.
        columns: the names of the fields; with a header, the names we want out of it, in any place.
        delimiter: between fields, as it stands.
        encoding: `ascii` (any other byte is damage), `utf-8` or `latin-1`.
        header: the names as the header writes them, in the order of `columns`; None when the file has no header line.
        quoted: whether a field may stand in double quotes and then hold the delimiter.
        ends_with_newline: whether a last line without its end is a sign of half a download.
    """

    file: str
    columns: tuple[str, ...]
    delimiter: str
    encoding: str = "utf-8"
    header: tuple[str, ...] | None = None
    quoted: bool = False
    ends_with_newline: bool = True


@dataclass(frozen=True)
class Source:
    """A source with one schema for all: interactions have user, item, rating, timestamp and perhaps order, as text.

    Attributes:
        title: from the fields of an item's row, its title.
        genres: from the same, its genres as an array of strings.
        attributes: the fields of a user's row that are kept, as they are.
        rating_range: inclusive bounds of a rating that can be true.
        first_second: seconds since 1970 before which nothing can have happened.
        timed: whether every row has a timestamp; otherwise it may be empty.
        also: further files that were read to make this description, and so belong to the source's identity.
    """

    folder: Path
    interactions: Table
    items: Table
    users: Table | None
    title: "Callable[[], Column]"
    genres: "Callable[[], Column]"
    attributes: tuple[str, ...]
    rating_range: tuple[float, float]
    first_second: int = 0
    timed: bool = True
    also: tuple[str, ...] = field(default=())

    @property
    def ordered(self) -> bool:
        """Whether the source says itself how a user's rows follow each other."""
        return "order" in self.interactions.columns

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(table for table in (self.interactions, self.items, self.users) if table)

    @property
    def files(self) -> tuple[str, ...]:
        """Every file that the snapshot depends on."""
        return (*(table.file for table in self.tables), *self.also)
