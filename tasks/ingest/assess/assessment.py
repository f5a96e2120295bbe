"""The step *assess*: the accounts of all rows, the figures of the written tables, the checks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.ingest.assess import batch, drift, figures, great_expectations
from tasks.ingest.assess.batch import Check
from tasks.ingest.assess.drift import DriftChart
from tasks.ingest.derived_settings import DerivedSetting
from tasks.ingest.derived_settings import recommend_seen as derive_recommend_seen
from tasks.ingest.resolve import accounts
from tasks.ingest.resolve.accounts import Accounts
from tasks.ingest.resolve.earlier_snapshot import EarlierSnapshot
from tasks.ingest.resolve.interactions import Interactions
from tasks.ingest.resolve.resolution import Resolved
from tasks.ingest.resolve.selection import leaves_rows_out
from tasks.ingest.settings import SnapshotRequest, recommend_seen
from tasks.ingest.sources import Source


@dataclass(frozen=True)
class ClosedAccounts:
    """The accounts of all rows, and the figures of the written tables.

    Attributes:
        by_table: over all deliveries.
        newest: of the newest delivery of the interactions alone.
        written: the tables `interactions` and `items`, read again.
        measured: figures of those, see `figures.measure`.
        invalid: every row left out, see `quarantine.with_locations`; None if there are none.
        examples: the first invalid rows of each reason.
    """

    by_table: dict[str, Accounts]
    newest: Accounts
    written: dict[str, DataFrame]
    measured: dict
    invalid: DataFrame | None
    examples: list[dict]

    @property
    def interactions(self) -> Accounts:
        """Of the interactions, over all deliveries."""
        return self.by_table["interactions"]

    @property
    def catalogues(self) -> dict[str, Accounts]:
        """Of the items and users, as far as the source has them."""
        return {name: one for name, one in self.by_table.items() if name != "interactions"}

    @property
    def totals(self) -> dict[str, int]:
        """Of the interactions, with the kept rows that the request leaves out."""
        every = self.interactions
        return every.plain() | {"left_out": every.kept - self.measured["interactions"]}

    @property
    def reasons(self) -> dict[str, dict[str, int]]:
        """Rows in quarantine, by table and reason."""
        return {name: one.reasons for name, one in self.by_table.items()}


@dataclass(frozen=True)
class Assessed:
    """The batch in figures, and how they compare with what the suite expects.

    Attributes:
        late: rows of the newest delivery that are of an earlier day.
        figures: by name, with None for those that this source cannot have.
        drift: the day beside the days before it.
        ratings: the most frequent ratings with their counts.
        gx_seconds: time that Great Expectations took.
    """

    recommend_seen: DerivedSetting
    late: int
    figures: dict
    drift: DriftChart
    ratings: list[tuple[float | None, int]]
    checks: list[Check]
    gx_seconds: float

    @property
    def counts(self) -> dict[str, int]:
        """Rows, users and items of the snapshot."""
        return {name: self.figures[name] for name in ("interactions", "users", "items")}

    @property
    def parts(self) -> dict[str, int]:
        """Rows of each part."""
        return {part: self.figures[f"{part}_rows"] for part in figures.PARTS}

    @property
    def held_out_users(self) -> dict[str, int]:
        """Users with liked rows in the parts that are held out."""
        return {part: self.figures[f"{part}_users"] for part in ("validation", "test")}


def close_accounts(
    spark: SparkSession, request: SnapshotRequest, resolved: Resolved
) -> ClosedAccounts:
    """Count where every row has gone, and collect the invalid ones.

    Raises:
        RuntimeError: a row is lost or counted twice. That is a fault of ours, never of the data.
    """
    written = {
        name: figures.read(spark, resolved.folder / name) for name in ("interactions", "items")
    }
    measured = figures.measure(written["interactions"], written["items"], request)
    rows = resolved.interactions
    every, newest = rows.close_accounts(
        None if leaves_rows_out(request) else measured["interactions"]
    )
    by_table = {"interactions": every} | {
        name: one.close_accounts() for name, one in resolved.catalogues.items()
    }
    duplicates = any(reason.endswith("_duplicate") for reason in every.reasons)
    frames = [
        rows.invalid_rows(duplicates),
        *(one.invalid_rows() for one in resolved.catalogues.values()),
    ]
    found = [frame for frame in frames if frame is not None]
    invalid = reduce(DataFrame.unionByName, found).persist() if found else None
    examples = [] if invalid is None else accounts.first_examples(invalid)
    return ClosedAccounts(by_table, newest, written, measured, invalid, examples)


def refuse_if_too_many(closed: ClosedAccounts, maximum: float) -> None:
    """Compare the share of invalid rows of each table with the maximum: of the newest delivery of
    the interactions, and of all deliveries of the catalogues.

    Raises:
        RefusedData: a share is above it.
    """
    for name, one in ({"interactions": closed.newest} | closed.catalogues).items():
        log("ingest.judged", table=name, **one.plain())
        accounts.refuse_if_too_many(name, one, maximum, closed.examples)


def assess(
    request: SnapshotRequest,
    source: Source,
    suite: dict,
    earlier: EarlierSnapshot,
    resolved: Resolved,
    closed: ClosedAccounts,
) -> Assessed:
    """Compute the figures of the batch and check them against the suite.

    Raises:
        BadRequest: the suite names a figure or an expectation that does not exist.
    """
    rows, every = resolved.interactions, closed.interactions
    seen = derive_recommend_seen(
        recommend_seen(request, source),
        source.rating_range is not None,
        bool(source.weights),
        every.kept,
        rows.repeats["repeats_alike"],
        earlier.derived.get("recommend_seen"),
    )
    log("ingest.kept", rows=every.kept, repeats=every.repeats)
    log("ingest.decided", setting="recommend_seen", value=seen.value, because=seen.because)
    of_days, chart = drift.compare_with_trailing_days(
        closed.written["interactions"], request.day_starts, request.day_ends
    )
    late = rows.totals["late"] if rows.newest else 0
    counts = figures.RowCounts(every, closed.newest, late, rows.totals["bot_rows"], earlier.rows)
    measured = closed.measured | figures.account_figures(counts) | of_days
    measured |= dict.fromkeys(_unknown_figures(source, rows, measured))
    ratings = figures.histogram(closed.written["interactions"])
    begun = time.monotonic()
    checks = batch.check(measured, suite, first=earlier.rows is None)
    seconds = time.monotonic() - begun + great_expectations.import_seconds()
    return Assessed(seen, late, measured, chart, ratings, checks, seconds)


def _unknown_figures(source: Source, rows: Interactions, measured: dict) -> list[str]:
    """The figures that this source cannot have.

    Sessions have new ids every day, so that the share of new users says nothing; rows are taken
    for sessions where lists are so short that users were held out whole.
    """
    names = []
    if source.rating_range is None and not source.weighted:
        names += ["rating_sd", "rating_mean"]
    if not measured["last_timestamp"]:
        names += ["days_since_last_row"]
    if rows.split.open and rows.split.value.method == "users":
        names += ["new_user_share"]
    return names


def refuse_if_all_later(
    request: SnapshotRequest, resolved: Resolved, closed: ClosedAccounts
) -> None:
    """A batch must hold a row of the day or of a day before it.

    Raises:
        RefusedData: every row is of a day to come.
    """
    rows = closed.interactions.later
    if not rows or closed.interactions.kept:
        return
    first = figures.date(resolved.interactions.sound.agg(F.min("ms")).first()[0] // 1000)
    raise RefusedData(
        "the batch is refused: every row is of a day to come",
        got=f"{rows:,} rows, the first of {first}",
        allowed=f"rows of the day asked for, {request.day}, or before it",
        remedy="ask for a later day; or look in the report at how the times were read",
    )
