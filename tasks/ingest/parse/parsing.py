"""The step *parse*: new deliveries become rows in drafts of the store, with Spark."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from pyspark.sql import SparkSession

from tasks.core.cli.errors import RecallError
from tasks.core.cli.log import log, say
from tasks.core.store.identity import code_version
from tasks.core.store.manifest import Draft
from tasks.core.store.store import Store
from tasks.ingest.parse import delivery
from tasks.ingest.parse.delivery import Delivery, ParsedDelivery, row_counts
from tasks.ingest.parse.history import Fetched
from tasks.ingest.sources import Source


@dataclass(frozen=True)
class Parsed:
    """The rows of every delivery, on disk.

    Attributes:
        deliveries: by table, oldest first, in the order of `Fetched.deliveries`.
        drafts: by table and name, the open draft of each new delivery. Closing it keeps the
            delivery.
    """

    deliveries: dict[str, list[ParsedDelivery]]
    drafts: dict[tuple[str, str], ExitStack]

    def is_new(self, one: ParsedDelivery) -> bool:
        """Whether this run has read the delivery, so that it can still be refused."""
        return (one.table, one.name) in self.drafts

    def discard(self, one: ParsedDelivery, reason: RecallError) -> None:
        """Remove the draft of a new delivery: what was read is not kept."""
        self.drafts[one.table, one.name].__exit__(type(reason), reason, None)


def parse(
    spark: SparkSession,
    store: Store,
    dataset: str,
    source: Source,
    fetched: Fetched,
    now: int,
    drafts: ExitStack,
) -> Parsed:
    """Read the new deliveries, cut them into fields, and check every row by itself.

    Deliveries are read side by side: a small one is mostly planning, which is one thread's work.

    Args:
        now: seconds since 1970; rows from then on are `in_future`.
        drafts: closes the drafts of the new deliveries: they are kept if the block ends well.

    Raises:
        Unreachable: a file has changed since its digest was taken.
    """
    new = fetched.new
    say(f"step 2 of 4: reading what is new, {len(new)} of {len(fetched.all)} deliveries")
    closers = [drafts.enter_context(ExitStack()) for _ in new]
    targets = [
        closer.enter_context(
            store.writing("delivery", "deliveries", dataset, one.table, one.name, one.id)
        )
        for closer, one in zip(closers, new, strict=True)
    ]
    read = _parse_all(spark, source, new, targets, now)
    return Parsed(
        {
            name: [_kept(one) or read[one.table, one.name] for one in deliveries]
            for name, deliveries in fetched.deliveries.items()
        },
        {(one.table, one.name): closer for one, closer in zip(new, closers, strict=True)},
    )


def _parse_all(
    spark: SparkSession, source: Source, new: list[Delivery], targets: list[Draft], now: int
) -> dict[tuple[str, str], ParsedDelivery]:
    """By table and name. The first failure stops the others."""
    threads = max(1, min(spark.sparkContext.defaultParallelism, len(new)))
    with ThreadPoolExecutor(threads) as pool:
        running = [
            pool.submit(_parse_one, spark, source, one, draft, now)
            for one, draft in zip(new, targets, strict=True)
        ]
        try:
            return {(one.table, one.name): one for one in (task.result() for task in running)}
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _kept(one: Delivery) -> ParsedDelivery | None:
    """A delivery that an earlier snapshot has kept; None if it is new."""
    if one.artefact is None:
        return None
    return ParsedDelivery(one.table, one.name, one.artefact.path, one.artefact.facts)


def _parse_one(
    spark: SparkSession, source: Source, one: Delivery, draft: Draft, now: int
) -> ParsedDelivery:
    draft.facts = delivery.write(spark, one, source, draft.path, now)
    rows_in, sound, _ = row_counts([draft.facts])
    draft.counts = {"rows_in": rows_in, "sound": sound}
    draft.lineage = {"code": code_version("tasks.ingest.snapshot"), "parents": []}
    log(
        "ingest.delivery",
        table=one.table,
        delivery=one.name,
        files=len(one.local_files),
        rows_in=rows_in,
        sound=sound,
    )
    return ParsedDelivery(one.table, one.name, draft.path, draft.facts)
