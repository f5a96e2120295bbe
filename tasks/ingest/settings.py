"""Requests of the stage `ingest`."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting
from tasks.core.spark.settings import Spark
from tasks.ingest.rules import Bots, Liked, Limits, Sessions, Split

if TYPE_CHECKING:
    from tasks.ingest.sources import Source

Format = Literal[
    "movielens-100k", "movielens-latest", "movielens-1m", "ordered-csv", "anime", "own"
]
FORMATS = get_args(Format)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class SnapshotRequest:
    """One day of one source."""

    store: str = setting(REQUIRED, "root URI of the store")
    location: str = setting(
        REQUIRED,
        "the folder with the source's files, or the TOML file that describes your own data",
    )
    day: str = setting(
        REQUIRED, "YYYY-MM-DD: rows up to the end of this day (UTC) belong to the snapshot"
    )
    dataset: str = setting("ml-100k", "the name under which snapshots are kept")
    format: Format = setting("movielens-100k", "the layout of the files")
    liked: str | None = setting(
        None,
        "what counts as liked: 'any', '>= 4', '> 7', '> mean' (of all), '> user mean'; none: "
        "the source's own rule",
    )
    liked_only: bool = setting(False, "keep only liked rows")
    recommend_seen: bool | None = setting(
        None,
        "whether what a user has met may be recommended to them again, as for groceries, music "
        "and sessions; none: as the description of "
        "the data says, else true where at least 5 % of the events repeat another of the same "
        "user and item (and kind)",
    )
    minimum_item_interactions: int = setting(
        0,
        "items with fewer rows (a repeat is one) are left out, with their rows; 0 keeps the "
        "whole catalogue",
        minimum=0,
        maximum=1_000_000,
    )
    title_characters: int = setting(
        1000,
        "characters of a title or genre; a longer one is cut, ends with '…' and is counted",
        minimum=16,
        maximum=100_000,
    )
    genres_of_item: int = setting(
        100,
        "genres of one item; further ones are left out, and the item is counted",
        minimum=1,
        maximum=10_000,
    )
    maximum_quarantined: float = setting(
        0.05, "share of bad rows above which the batch is refused", minimum=0, maximum=1
    )
    expectations: str = setting(
        "default",
        "the suite that judges the batch: a name in tasks/ingest/expectations, or the path of "
        "a JSON file",
    )
    split: Split = setting(Split(), "what each row is for")
    sessions: Sessions = setting(Sessions(), "session ids")
    bots: Bots = setting(Bots(), "superhuman users")
    limits: Limits = setting(Limits(), "sizes that are refused")
    spark: Spark = setting(Spark(), "where Spark runs")
    waits: bool = setting(
        False,
        "end with 6, undelivered, while the source has no row of the day, as whoever waits for "
        "it wants to know",
    )

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.dataset):
            raise BadRequest(
                "dataset: not a name",
                got=self.dataset,
                allowed="up to 128 letters, digits, '.', '_' and '-'",
            )
        if self.liked is not None:
            Liked.parse(self.liked)
        try:
            if datetime.date.fromisoformat(self.day).isoformat() != self.day:
                raise ValueError
        except ValueError:
            raise BadRequest("day: not a day", got=self.day, allowed="YYYY-MM-DD") from None

    @property
    def day_starts(self) -> int:
        """Seconds since 1970 at which the day begins (UTC)."""
        moment = datetime.datetime.fromisoformat(self.day).replace(tzinfo=datetime.UTC)
        return int(moment.timestamp())

    @property
    def day_ends(self) -> int:
        """Seconds since 1970 at which the next day begins: the first second that is not of this
        snapshot.
        """
        return self.day_starts + 86_400


def recommend_seen(request: SnapshotRequest, source: Source) -> bool | None:
    """The setting of the request, else that of the source; None where the data decides."""
    return source.recommend_seen if request.recommend_seen is None else request.recommend_seen


@dataclass(frozen=True)
class LookRequest:
    """Look at a source before anything is written."""

    location: str = setting(
        REQUIRED,
        "the TOML file that describes your own data, the folder of a known layout, or files "
        "that nothing describes yet",
    )
    format: Format = setting("own", "the layout of the files")
    limits: Limits = setting(Limits(), "sizes that are refused")
    scratch: str | None = setting(None, "a folder for what must be unpacked; none: the system's")


@dataclass(frozen=True, kw_only=True)
class ReplayRequest(SnapshotRequest):
    """A day made again with repaired lines."""

    repaired: str = setting(
        REQUIRED, "path of the JSON lines that the verb `quarantine` wrote, with `text` repaired"
    )


@dataclass(frozen=True)
class QuarantineRequest:
    """The rows that a snapshot left aside, to be repaired."""

    store: str = setting(REQUIRED, "root URI of the store")
    out: str = setting(REQUIRED, "the file to write, one JSON object a line")
    dataset: str = setting("ml-100k", "the name under which snapshots are kept")
    day: str | None = setting(None, "the day; none: the newest that has a snapshot")
    reasons: tuple[str, ...] = setting((), "only rows with these reasons; none: all")
