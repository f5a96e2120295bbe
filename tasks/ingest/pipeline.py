"""A snapshot's pipeline: fetch → parse → resolve → assess → write.

Each step returns a frozen result, and the next one is given what it needs of those before it:

    fetch      `Fetched`                      files on local disk, see `tasks.ingest.parse.history`
    parse      `Parsed`, `Accepted`           rows, each checked by itself
    resolve    `Resolved`                     tables of numbered, divided rows
    assess     `ClosedAccounts`, `Assessed`   where every row has gone; figures and checks
    write      the snapshot, its quarantine and its report, or the report of a refusal
"""

from __future__ import annotations

import dataclasses
from contextlib import ExitStack
from pathlib import Path

from pyspark.sql import SparkSession

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log, say
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.ingest.assess import acceptance, assessment, batch, report_page
from tasks.ingest.assess.acceptance import Accepted, RefusedDelivery
from tasks.ingest.assess.assessment import Assessed, ClosedAccounts
from tasks.ingest.assess.batch_report import BatchReport
from tasks.ingest.parse.delivery import ParsedDelivery
from tasks.ingest.parse.history import Fetched, LeftOut, leave_out
from tasks.ingest.parse.parsing import Parsed, parse
from tasks.ingest.resolve import earlier_snapshot
from tasks.ingest.resolve.earlier_snapshot import EarlierSnapshot
from tasks.ingest.resolve.resolution import Resolved, resolve
from tasks.ingest.settings import SnapshotRequest
from tasks.ingest.sources import Source
from tasks.ingest.write import refusal
from tasks.ingest.write.manifest import Manifest


@dataclasses.dataclass(frozen=True)
class SnapshotPipeline:
    """The steps from fetched files to a snapshot in the store.

    Attributes:
        suite: the expectations of the batch, see `tasks.ingest.assess.batch`.
        settings: of the request, those that decide what the snapshot holds.
        now: seconds since 1970; rows from then on are `in_future`.
    """

    spark: SparkSession
    store: Store
    request: SnapshotRequest
    source: Source
    fetched: Fetched
    suite: dict
    settings: dict
    now: int

    def run(self, id: str) -> Artefact:
        """Make the snapshot. New deliveries are kept with the first snapshot that accepts them.

        Raises:
            RefusedData: too many rows are invalid, or the batch is not what the suite expects; only
                a report of the refusal was written.
        """
        path = (self.request.dataset, self.request.day, id)
        report = BatchReport(*path, settings=self.settings)
        try:
            with ExitStack() as drafts:  # closed in the opposite order: the snapshot appears last
                draft = drafts.enter_context(self.store.writing("snapshot", "snapshots", *path))
                rejected = drafts.enter_context(
                    self.store.writing("quarantine", "quarantine", *path)
                )
                accepted, left_out = self._parse(drafts)
                report = _with_deliveries(report, accepted)
                if accepted.refused:
                    raise accepted.refused.error
                earlier = earlier_snapshot.find(self.store, self.request, self.settings)
                resolved = self._resolve(accepted, earlier, draft.path)
                report = dataclasses.replace(
                    report, split=resolved.interactions.split, cut_items=resolved.cut_items
                )
                say("step 4 of 4: closing the accounts, judging the day")
                closed = assessment.close_accounts(self.spark, self.request, resolved)
                report = _with_accounts(report, closed)
                assessment.refuse_if_too_many(closed, self.request.maximum_quarantined)
                assessed = self._assess(earlier, resolved, closed)
                report = _with_figures(report, assessed)
                warnings = self._warnings(resolved, closed, assessed, left_out)
                manifest = self._manifest(accepted, resolved, closed, assessed, left_out, warnings)
                manifest.fill_quarantine(rejected)
                manifest.fill_snapshot(draft)
                (draft.path / "report.html").write_text(report_page.page(report))
        except RefusedData as error:
            raise self._refuse(report, error) from None
        finally:
            self.spark.catalog.clearCache()
        return self._stored(*path)

    def _stored(self, *path: str) -> Artefact:
        made = self.store.find("snapshots", *path)
        assert made is not None  # its draft has just been closed
        return made

    def _parse(self, drafts: ExitStack) -> tuple[Accepted, list[LeftOut]]:
        """The deliveries with few invalid rows, and the earlier days that are left out."""
        dataset = self.request.dataset
        parsed = parse(self.spark, self.store, dataset, self.source, self.fetched, self.now, drafts)
        accepted = acceptance.accept(self.spark, self.request, parsed)
        left_out = [self._leave_out(parsed, one) for one in accepted.left_out]
        return accepted, self.fetched.left_out + left_out

    def _leave_out(self, parsed: Parsed, refused: RefusedDelivery) -> LeftOut:
        """Put the report of an earlier day's refusal in the place of its delivery, as if that day
        had been run by itself.
        """
        delivery, reason = refused.delivery, str(refused.error)
        parsed.discard(delivery, refused.error)
        id = self._id(delivery)
        report = BatchReport(
            self.request.dataset,
            delivery.name,
            id,
            refused=reason,
            accounts=refused.accounts.plain(),
            examples=refused.examples,
            reasons={delivery.table: refused.accounts.reasons},
            files=acceptance.summarize_files(delivery),
        )
        refusal.write(self.store, report, [id], self.settings)
        return leave_out(delivery.table, delivery.name, reason)

    def _id(self, delivery: ParsedDelivery) -> str:
        return next(
            one.id for one in self.fetched.deliveries[delivery.table] if one.name == delivery.name
        )

    def _resolve(self, accepted: Accepted, earlier: EarlierSnapshot, folder: Path) -> Resolved:
        return resolve(
            self.spark,
            self.request,
            self.source,
            accepted.deliveries,
            earlier.derived.get("split"),
            folder,
        )

    def _assess(
        self, earlier: EarlierSnapshot, resolved: Resolved, closed: ClosedAccounts
    ) -> Assessed:
        return assessment.assess(self.request, self.source, self.suite, earlier, resolved, closed)

    def _warnings(
        self,
        resolved: Resolved,
        closed: ClosedAccounts,
        assessed: Assessed,
        left_out: list[LeftOut],
    ) -> list[str]:
        """The expectations of level `warn` that are not met, and the days left out.

        Raises:
            RefusedData: an expectation of level `fail` is not met, or every row is of a later day.
        """
        assessment.refuse_if_all_later(self.request, resolved, closed)
        warnings = batch.refuse_or_warn(assessed.checks) + [str(day) for day in left_out]
        for warning in warnings:
            log("ingest.warning", what=warning)
        log(
            "ingest.batch",
            checks=len(assessed.checks),
            warnings=len(warnings),
            gx_seconds=assessed.gx_seconds,
        )
        return warnings

    def _manifest(
        self,
        accepted: Accepted,
        resolved: Resolved,
        closed: ClosedAccounts,
        assessed: Assessed,
        left_out: list[LeftOut],
        warnings: list[str],
    ) -> Manifest:
        return Manifest(
            self.store,
            self.request,
            self.source,
            self.settings,
            self.fetched,
            accepted,
            resolved,
            closed,
            assessed,
            left_out,
            warnings,
        )

    def _refuse(self, report: BatchReport, error: RefusedData) -> RefusedData:
        """Write the report of the refused batch; returns the error with its location."""
        report = dataclasses.replace(report, refused=str(error))
        new = [one.id for one in self.fetched.new]
        refusal.write(self.store, report, new, self.settings)
        return RefusedData(f"{error}; report: {refusal.location(self.store, report)}")


def _with_deliveries(report: BatchReport, accepted: Accepted) -> BatchReport:
    report = dataclasses.replace(report, deliveries=accepted.counts, files=accepted.files)
    if refused := accepted.refused:
        return dataclasses.replace(
            report,
            accounts=refused.accounts.plain(),
            reasons={refused.delivery.table: refused.accounts.reasons},
            examples=refused.examples,
        )
    return report


def _with_accounts(report: BatchReport, closed: ClosedAccounts) -> BatchReport:
    return dataclasses.replace(
        report, accounts=closed.totals, reasons=closed.reasons, examples=closed.examples
    )


def _with_figures(report: BatchReport, assessed: Assessed) -> BatchReport:
    return dataclasses.replace(
        report,
        recommend_seen=assessed.recommend_seen,
        drift=assessed.drift,
        figures=assessed.figures,
        counts=assessed.counts,
        parts=assessed.parts,
        held_out=assessed.held_out_users,
        ratings=assessed.ratings,
        checks=assessed.checks,
    )
