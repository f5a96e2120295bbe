"""The interactions of a day: all deliveries up to it, and what became of every row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from tasks.ingest import derived_settings
from tasks.ingest.derived_settings import DerivedSetting, UserActivity
from tasks.ingest.parse.delivery import ParsedDelivery, read_rows, row_counts
from tasks.ingest.resolve import accounts, event_kinds, quarantine, relations, splits, user_activity
from tasks.ingest.resolve.accounts import Accounts
from tasks.ingest.resolve.relations import ARRIVAL_ORDER
from tasks.ingest.resolve.row_numbers import NumberedTable, number_rows
from tasks.ingest.resolve.selection import leaves_rows_out
from tasks.ingest.rules import Liked
from tasks.ingest.settings import SnapshotRequest
from tasks.ingest.sources import Source


@dataclass(frozen=True)
class Interactions:
    """Rows of a day in their relations.

    Attributes:
        items: item, id and more, numbered.
        before: how an earlier day decided to divide its rows; None: none has.
    """

    spark: SparkSession
    request: SnapshotRequest
    deliveries: list[ParsedDelivery]
    items: DataFrame
    source: Source
    before: DerivedSetting | None = None

    @property
    def liked(self) -> Liked:
        """The rule of the request, else that of the source."""
        return Liked.parse(self.request.liked or self.source.liked)

    @property
    def events(self) -> bool:
        """Whether every sound row is an event, so that repeats of an item are kept as well."""
        return self.source.rating_range is None

    @property
    def same(self) -> dict[str, int]:
        """Columns that hold one value in all rows."""
        same = {} if self.source.ordered else {"order": 0}
        if len({one.day for one in self.deliveries}) == 1:
            same["day"] = self.newest
        if all(len(one.facts["files"]) == 1 for one in self.deliveries):
            same["file"] = 0
        return same

    @cached_property
    def everything(self) -> DataFrame:
        rows = read_rows(self.spark, self.deliveries, merge_schema=bool(self.source.weights))
        return event_kinds.with_kind(rows, self.source.weights) if self.source.weights else rows

    @cached_property
    def sound(self) -> DataFrame:
        return self.everything.where("verdict is null").drop("verdict", "raw")

    @property
    def newest(self) -> int:
        return self.deliveries[-1].day

    @cached_property
    def bots(self) -> DataFrame | None:
        """The users left out for their rate: user, is_bot."""
        in_time = self.sound.where(F.col("ms") < self.request.day_ends * 1000)
        found = relations.find_bots(
            in_time, self.request.bots.rows_a_day, self.request.bots.rows_a_minute
        )
        return None if found is None else found.withColumn("is_bot", F.lit(True)).persist()

    @cached_property
    def of_users(self) -> DataFrame:
        """user, is_bot and what `relations.count_by_user` counts."""
        counted = relations.count_by_user(
            self.sound, self.items, self.request.day_ends, self.newest, self.liked
        )
        flagged = (
            counted.withColumn("is_bot", F.lit(False))
            if self.bots is None
            else counted.join(self.bots, "user", "left").withColumn(
                "is_bot", F.coalesce("is_bot", F.lit(False))
            )
        )
        return flagged.persist()

    @cached_property
    def totals(self) -> dict[str, int]:
        """The sums of `relations.COUNTS`; bots: how many; bot_rows: theirs."""
        sums = [F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in relations.COUNTS]
        return (
            self.of_users.agg(
                *sums,
                F.count_if(F.col("is_bot")).alias("bots"),
                F.coalesce(F.sum(F.when(F.col("is_bot"), F.col("known"))), F.lit(0)).alias(
                    "bot_rows"
                ),
            )
            .first()
            .asDict()
        )

    @cached_property
    def numbered_users(self) -> NumberedTable:
        """user (int) and id of those who are neither bots nor without a row that counts."""
        return number_rows(
            self.of_users.where("known > 0 and not is_bot").select(F.col("user").alias("id")),
            "user",
        )

    @cached_property
    def split(self) -> DerivedSetting:
        """How rows are divided."""
        given = self.request.split
        return derived_settings.split(
            given, self.activity if given.method is None else None, self.before
        )

    @cached_property
    def activity(self) -> UserActivity:
        """What the users did, without bots."""
        users = self.of_users.where("likes > 1 and not is_bot")
        return user_activity.measure(
            users, self.request.day_ends, self.events and self.source.timed
        )

    @cached_property
    def users(self) -> DataFrame:
        """user (int), id and, where the split asks for it, bucket."""
        table, split = self.numbered_users.table, self.split.value
        return (
            table.withColumn("bucket", splits.bucket(F.col("id"), split))
            if split.method == "users"
            else table
        )

    @cached_property
    def gathered(self) -> DataFrame:
        return relations.join_row_numbers(
            self.sound,
            self.items,
            self.users,
            self.request.day_ends,
            self.totals["known"],
            self.same,
        )

    @cached_property
    def kept(self) -> DataFrame:
        """Every event, or the newest rating of each user and item."""
        kept = self._judged.where("verdict is null").drop("verdict")
        if self.events and self._counted_on_the_way:
            kept = kept.observe(self._observation, *_repeats())
        return kept.drop("again", "again_alike", "kind")

    @property
    def _judged(self) -> DataFrame:
        if self.events:
            return relations.find_copies(
                self.gathered, self.source.timed, self.source.ordered, one_day="day" in self.same
            )
        return relations.find_duplicates(self.gathered, one_day="day" in self.same)

    @property
    def _counted_on_the_way(self) -> bool:
        """Whether repeats are counted while the kept rows are written.

        A request that leaves rows out goes through them several times, so that they are
        counted apart.
        """
        return not leaves_rows_out(self.request)

    @cached_property
    def _observation(self) -> Observation:
        return Observation()

    @cached_property
    def repeats(self) -> dict[str, int]:
        """The number of kept rows that repeat another of their user and item.

        `repeats_alike` are also of its kind. Only known after the kept rows were written.
        """
        if (
            not self.events or self.totals["known"] == self.totals["bot_rows"]
        ):  # nothing was written: Spark has nothing to tell
            return {"repeats": 0, "repeats_alike": 0}
        if self._counted_on_the_way:
            return self._observation.get
        return self._judged.where("verdict is null").agg(*_repeats()).first().asDict()

    @cached_property
    def losers(self) -> DataFrame:
        """Rows in whose place another is kept: reason, place."""
        judged = self._judged.where("verdict is not null")
        return judged.select(F.col("verdict").alias("reason"), *ARRIVAL_ORDER).persist()

    def close_accounts(self, written: int | None) -> tuple[Accounts, Accounts]:
        """The accounts over all deliveries, and over the newest alone.

        Args:
            written: the rows that were kept, counted where they were written; None where some of
                them were not wanted.
        """
        alive = self.totals["known"] - self.totals["bot_rows"]
        reasons: dict[str, int] = {}
        of_newest: dict[str, int] = {}
        if written != alive:
            for row in (
                self.losers.groupBy("reason", (F.col("day") == self.newest).alias("new"))
                .count()
                .collect()
            ):
                reasons[row["reason"]] = reasons.get(row["reason"], 0) + row["count"]
                if row["new"]:
                    of_newest[row["reason"]] = row["count"]
        if written is not None and alive - sum(reasons.values()) != written:
            raise RuntimeError(
                f"the accounts do not close: {alive} rows of known items, {written} written, "
                f"duplicates {reasons}"
            )
        return self._accounts(reasons, repeats=self.repeats["repeats"]), self._accounts(
            of_newest, only_newest=True
        )

    def _accounts(
        self, losers: dict[str, int], only_newest: bool = False, repeats: int | None = None
    ) -> Accounts:
        which = (
            [one for one in self.deliveries if one.day == self.newest]
            if only_newest
            else self.deliveries
        )
        rows_in, sound, reasons = row_counts([one.facts for one in which])
        later, unknown, known = (
            self.totals[("new_" if only_newest else "") + name]
            for name in ("later", "unknown_item", "known")
        )
        if sound != later + unknown + known:
            raise RuntimeError(
                f"the accounts do not close: {sound} sound rows, {later} later, {unknown} of "
                f"unknown items, {known} of known ones"
            )
        losers = dict(losers)
        superseded = losers.pop("superseded", 0)
        return accounts.close_accounts(
            "interactions",
            rows_in,
            known - superseded - sum(losers.values()),
            later,
            superseded,
            reasons | losers | {"unknown_item": unknown},
            repeats,
        )

    def invalid_rows(self, duplicates: bool) -> DataFrame | None:
        """The rows left out, as `quarantine.with_locations` returns them; None if there are none.

        Args:
            duplicates: whether the accounts count any: to look for them costs as much as to make
                the tables.
        """
        frames = [quarantine.invalid_rows(self.everything, self.deliveries)]
        if self.totals["unknown_item"]:
            items = self.items.select(F.col("id").alias("item"))
            lost = (
                self.everything.where("verdict is null")
                .where(F.col("ms") < self.request.day_ends * 1000)
                .join(items, "item", "left_anti")
            )
            frames.append(lost.select(F.lit("unknown_item").alias("reason"), *ARRIVAL_ORDER, "raw"))
        if duplicates:
            frames.append(
                quarantine.with_raw_bytes(
                    self.losers.where("reason != 'superseded'"), self.everything
                )
            )
        frames = [frame for frame in frames if frame is not None]
        whole = None
        for frame in frames:
            whole = frame if whole is None else whole.unionByName(frame)
        return (
            None if whole is None else quarantine.with_locations(self.spark, whole, self.deliveries)
        )


def _repeats() -> list[Column]:
    return [
        F.coalesce(F.count_if(F.col(flag)), F.lit(0)).alias(name)
        for flag, name in (("again", "repeats"), ("again_alike", "repeats_alike"))
    ]
