"""Requests of the stage `ingest`."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting
from tasks.core.spark.settings import Spark
from tasks.ingest.formats import Format
from tasks.ingest.rules import Bots, Liked, Limits, Sessions, Split

if TYPE_CHECKING:
    from tasks.ingest.sources import Source

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class SnapshotRequest:
    """One day of one source."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    location: str = setting(
        REQUIRED,
        "Folder of the data set, or the TOML file of `own`.",
        title="Location",
        section="Source",
    )
    day: str = setting(
        REQUIRED, "YYYY-MM-DD: rows up to the end of this day (UTC) belong to the snapshot."
    )
    dataset: str = setting("ml-100k", "The name under which snapshots are kept.")
    format: Format = setting(
        "movielens-100k",
        "Layout of the source; `own`: as the TOML file at the location says.",
        title="Format",
        section="Source",
    )
    liked: str | None = setting(
        None,
        "Which rows are liked, such as `>= 4`, `> user mean` or `any`.",
        title="Liked",
        section="What counts",
        empty="the source's own rule",
        details="Also `> 7` and `> mean` (of all).",
    )
    liked_only: bool = setting(
        False, "Keep only liked rows.", title="Liked rows only", section="What counts"
    )
    recommend_seen: bool | None = setting(
        None,
        "Whether what a user has met may be recommended to them again, as for groceries, "
        "music and sessions.",
        title="Recommend seen items",
        section="What counts",
        empty="as the description of the data says, else true where at least 5 % of the events "
        "are repeats",
        details="A repeat is another event of the same user and item (and kind).",
    )
    minimum_item_interactions: int = setting(
        0,
        "Items with fewer rows (a repeat is one) are left out, with their rows; 0 keeps all.",
        title="Rows of an item at least",
        section="What counts",
        minimum=0,
        maximum=1_000_000,
    )
    title_characters: int = setting(
        1000,
        "Characters of a title or genre; a longer one is cut, and the item counted.",
        title="Title characters at most",
        section="What counts",
        details="A cut one ends with '…'.",
        minimum=16,
        maximum=100_000,
    )
    genres_of_item: int = setting(
        100,
        "Genres of one item; further ones are left out, and the item counted.",
        title="Genres of an item at most",
        section="What counts",
        minimum=1,
        maximum=10_000,
    )
    maximum_quarantined: float = setting(
        0.05,
        "Share of bad rows above which the batch is refused.",
        title="Bad rows at most",
        section="Refusal",
        minimum=0,
        maximum=1,
    )
    expectations: str = setting(
        "default",
        "The suite that judges the batch: a name, or the path of a JSON file.",
        title="Expectations",
        section="Refusal",
        details="Names are those in tasks/ingest/expectations.",
    )
    split: Split = setting(Split(), "What each row is for.")
    sessions: Sessions = setting(Sessions(), "Session ids.")
    bots: Bots = setting(Bots(), "Superhuman users.")
    limits: Limits = setting(Limits(), "Sizes that are refused.")
    spark: Spark = setting(Spark(), "Where Spark runs.")
    waits: bool = setting(
        False,
        "End with 6, undelivered, while the source has no row of the day, as whoever waits "
        "for it wants to know.",
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
        "The TOML file that describes your own data, the folder of a known layout, or files "
        "that nothing describes yet.",
    )
    format: Format = setting("own", "The layout of the files.")
    limits: Limits = setting(Limits(), "Sizes that are refused.")
    scratch: str | None = setting(None, "A folder for what must be unpacked; none: the system's.")


@dataclass(frozen=True, kw_only=True)
class ReplayRequest(SnapshotRequest):
    """A day made again with repaired lines."""

    repaired: str = setting(
        REQUIRED,
        "File of repaired rows: the day is made again with them.",
        title="Repaired rows",
        section="Source",
        details="JSON lines that the verb `quarantine` wrote, with `text` repaired.",
    )


@dataclass(frozen=True)
class QuarantineRequest:
    """The rows that a snapshot left aside, to be repaired."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    out: str = setting(REQUIRED, "The file to write, one JSON object a line.")
    dataset: str = setting("ml-100k", "The name under which snapshots are kept.")
    day: str | None = setting(None, "The day; none: the newest that has a snapshot.")
    reasons: tuple[str, ...] = setting((), "Only rows with these reasons; none: all.")
