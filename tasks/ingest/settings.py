"""What ingestion may be asked."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Literal

from tasks.core.errors import BadRequest
from tasks.core.request import REQUIRED, setting

FORMATS = ("movielens-100k", "movielens-latest", "movielens-1m", "ordered-csv", "anime", "own")


@dataclass(frozen=True)
class Split:
    """What each row is for. `leave-last-n` and `users` count a user's liked rows; `temporal` cuts at two moments.

    | request                                                        | meaning                                                  |
    |----------------------------------------------------------------|----------------------------------------------------------|
    | {"method": "leave-last-n", "test": 3, "validation": 1}         | each user's newest 3 are test, the one before validation |
    | {"method": "leave-last-n", "order": "file"}                    | the last 3 of the file: only to repeat work that did so  |
    | {"method": "users", "order": "given"}                          | 8:1:1 by user; a held-out user's first 80 % are known |
    | {"method": "temporal", "test_days": 7, "validation_days": 7}   | the last week is test, the week before validation   |
    """

    method: Literal["leave-last-n", "users", "temporal"] = setting("leave-last-n", "how rows are divided")
    order: Literal["time", "file", "given"] = setting(
        "time", "what orders a user's rows: timestamps (ties as in the file), the place in the file, or an order column")
    test: int = setting(3, "leave-last-n: newest liked rows of a user that are test", minimum=1, maximum=1000)
    validation: int = setting(1, "leave-last-n: liked rows before those that are validation", minimum=0, maximum=1000)
    hold_out_short: bool = setting(
        False, "leave-last-n: hold out rows even of users who have nothing left to learn from (otherwise all of theirs is train)")
    test_share: float = setting(0.1, "users: share of the users who are test", minimum=0, maximum=0.9)
    validation_share: float = setting(0.1, "users: share of the users who are validation", minimum=0, maximum=0.9)
    history_share: float = setting(0.8, "users: share of a held-out user's liked rows that is known", minimum=0.1, maximum=0.99)
    seed: int = setting(
        0, "users: which of them are held out; a user stays on one side from day to day", minimum=0, maximum=2_147_483_647)
    test_days: int = setting(7, "temporal: length of the test window, which ends with the day", minimum=1, maximum=3650)
    validation_days: int = setting(7, "temporal: length of the validation window before it", minimum=0, maximum=3650)

    def __post_init__(self) -> None:
        if self.test_share + self.validation_share >= 1:
            raise BadRequest("split.test_share and split.validation_share leave no user to train on",
                             got=self.test_share + self.validation_share, allowed="a sum below 1")
        if self.method == "temporal" and self.order != "time":
            raise BadRequest("a temporal split follows the clock", got=f"split.order={self.order!r}", allowed="'time'")


@dataclass(frozen=True)
class Sessions:
    """Whether a user's rows are numbered by sittings."""

    gap_minutes: float = setting(0.0, "so long without a row ends a session; 0: no session ids", minimum=0, maximum=527_040)


@dataclass(frozen=True)
class Bots:
    """From what rate on a user is no person."""

    rows_a_day: int = setting(0, "more rows than this within one day (UTC)", minimum=0, maximum=100_000_000)
    rows_a_minute: int = setting(0, "more rows than this within one minute of the clock", minimum=0, maximum=1_000_000)


@dataclass(frozen=True)
class Limits:
    """Sizes that are refused."""

    unpacked_gb: float = setting(64.0, "gigabytes a packed file may become", minimum=0.001, maximum=100_000)
    expansion: float = setting(200.0, "times its size a packed file may become", minimum=1, maximum=100_000)
    line_kb: int = setting(1024, "kilobytes of the longest line", minimum=1, maximum=1_000_000)


@dataclass(frozen=True)
class Spark:
    """Where Spark runs. None of this changes what a snapshot holds, so none of it is part of its id."""

    master: str = setting("local[2]", "spark.master: local[n], or the URL of a cluster")
    driver_memory_gb: int = setting(1, "heap of the driver, and of everything in local mode", minimum=1, maximum=256)
    shuffle_partitions: int = setting(4, "spark.sql.shuffle.partitions", minimum=1, maximum=10_000)


@dataclass(frozen=True)
class SnapshotRequest:
    """One day of one source."""

    store: str = setting(REQUIRED, "root URI of the store")
    location: str = setting(REQUIRED, "the folder with the source's files: an absolute path or a file:// URI")
    day: str = setting(REQUIRED, "YYYY-MM-DD: rows up to the end of this day (UTC) belong to the snapshot")
    dataset: str = setting("ml-100k", "the name under which snapshots are kept")
    format: Literal[FORMATS] = setting("movielens-100k", "the layout of the files")
    liked: str | None = setting(None, "what counts as liked; none: the source's own rule")
    liked_only: bool = setting(False, "keep only liked rows")
    minimum_item_interactions: int = setting(
        0, "items with fewer rows are left out, with their rows; 0 keeps the whole catalogue", minimum=0, maximum=1_000_000)
    maximum_quarantined: float = setting(0.05, "share of bad rows above which the batch is refused", minimum=0, maximum=1)
    expectations: str = setting(
        "default", "the suite that judges the batch: a name in tasks/ingest/expectations, or the path of a JSON file")
    split: Split = setting(Split(), "what each row is for")
    sessions: Sessions = setting(Sessions(), "session ids")
    bots: Bots = setting(Bots(), "superhuman users")
    limits: Limits = setting(Limits(), "sizes that are refused")
    spark: Spark = setting(Spark(), "where Spark runs")

    def __post_init__(self) -> None:
        if self.liked and not re.fullmatch(r"any|(>=|>)\s*(mean|user mean|-?\d+(\.\d+)?)", self.liked):
            raise BadRequest("liked: not a rule", got=self.liked)
        try:
            if datetime.date.fromisoformat(self.day).isoformat() != self.day:
                raise ValueError
        except ValueError:
            raise BadRequest("day: not a day", got=self.day, allowed="YYYY-MM-DD") from None

    @property
    def day_starts(self) -> int:
        """Seconds since 1970 at which the day begins (UTC)."""
        moment = datetime.datetime.fromisoformat(self.day).replace(tzinfo=datetime.timezone.utc)
        return int(moment.timestamp())

    @property
    def day_ends(self) -> int:
        """Seconds since 1970 at which the next day begins: the first second that is not of this snapshot."""
        return self.day_starts + 86_400


@dataclass(frozen=True, kw_only=True)
class ReplayRequest(SnapshotRequest):
    """A day made again with repaired lines."""

    repaired: str = setting(REQUIRED, "path of the JSON lines")


@dataclass(frozen=True)
class QuarantineRequest:
    """The rows that a snapshot left aside, to be repaired."""

    store: str = setting(REQUIRED, "root URI of the store")
    out: str = setting(REQUIRED, "the file to write, one JSON object a line")
    dataset: str = setting("ml-100k", "the name under which snapshots are kept")
    day: str | None = setting(None, "the day; none: the newest that has a snapshot")
    reasons: tuple[str, ...] = setting((), "only rows with these reasons; none: all")
