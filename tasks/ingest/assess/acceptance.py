"""Accept deliveries whose share of invalid rows is low enough, each by itself."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import SparkSession

from tasks.core.cli.errors import RefusedData
from tasks.ingest.assess.batch_report import DeliveryCounts, FileSummary
from tasks.ingest.parse.delivery import WHOLE, ParsedDelivery, read_rows, row_counts
from tasks.ingest.parse.parsing import Parsed
from tasks.ingest.resolve import accounts, quarantine
from tasks.ingest.resolve.accounts import Accounts
from tasks.ingest.settings import SnapshotRequest


@dataclass(frozen=True)
class RefusedDelivery:
    """A new delivery with too many invalid rows.

    Attributes:
        examples: the first invalid rows, see `accounts.first_examples`.
        error: the reason, as a person reads it.
    """

    delivery: ParsedDelivery
    accounts: Accounts
    examples: list[dict]
    error: RefusedData


@dataclass(frozen=True)
class Accepted:
    """The deliveries that the snapshot is made of.

    Attributes:
        deliveries: by table, oldest first.
        left_out: new deliveries of earlier days that have too many invalid rows.
        refused: the delivery of the day itself, if it has too many; nothing after it was looked at.
        counts: of the interactions' deliveries, oldest first.
        files: of the newest delivery of each table.
    """

    deliveries: dict[str, list[ParsedDelivery]]
    left_out: list[RefusedDelivery]
    refused: RefusedDelivery | None
    counts: list[DeliveryCounts]
    files: list[FileSummary]


def accept(spark: SparkSession, request: SnapshotRequest, parsed: Parsed) -> Accepted:
    """Compare the share of invalid rows of each new delivery with `maximum_quarantined`.

    An earlier day's delivery with too many must not stop the days after it: it is left out.
    """
    deliveries: dict[str, list[ParsedDelivery]] = {name: [] for name in parsed.deliveries}
    left_out, counts, files = [], [], []
    for name, ones in parsed.deliveries.items():
        for one in ones:
            rows_in, sound, reasons = row_counts([one.facts])
            closed = accounts.close_accounts(name, rows_in, sound, reasons=reasons)
            bad = parsed.is_new(one) and closed.quarantined_share > request.maximum_quarantined
            refused = _refuse(spark, request, one, closed) if bad else None
            if refused and one.name not in (WHOLE, request.day):
                left_out.append(refused)
                continue
            if name == "interactions":
                counts.append(DeliveryCounts(one.name, rows_in, sound))
            if one is ones[-1]:
                files += summarize_files(one)
            if refused:
                return Accepted(deliveries, left_out, refused, counts, files)
            deliveries[name].append(one)
    return Accepted(deliveries, left_out, None, counts, files)


def summarize_files(one: ParsedDelivery) -> list[FileSummary]:
    """The files of a delivery, for its report."""
    return [FileSummary(**file) for file in one.facts["files"]]


def _refuse(
    spark: SparkSession, request: SnapshotRequest, one: ParsedDelivery, closed: Accounts
) -> RefusedDelivery:
    invalid = quarantine.invalid_rows(read_rows(spark, [one]), [one])
    assert invalid is not None  # the accounts have reasons
    examples = accounts.first_examples(quarantine.with_locations(spark, invalid, [one]))
    error = accounts.too_many_error(one.table, closed, request.maximum_quarantined, examples)
    return RefusedDelivery(one, closed, examples, error)
