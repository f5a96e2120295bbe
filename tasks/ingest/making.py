"""Making a snapshot with Spark: the steps in their order."""

from __future__ import annotations

import dataclasses
from functools import reduce

from pyspark.sql import DataFrame, SparkSession

from tasks.core.identity import code_version
from tasks.core.log import log
from tasks.core.manifest import Artefact, Draft
from tasks.core.store import Store, write_json
from tasks.ingest import accounts, batch, catalogue, drift, figures, report, tables
from tasks.ingest.accounts import Accounts
from tasks.ingest.examine import Shape
from tasks.ingest.fingerprint import Fingerprint
from tasks.ingest.lines import PLACE, cut, numbered
from tasks.ingest.settings import SnapshotRequest
from tasks.ingest.snapshot import settings_of
from tasks.ingest.sources import Source
from tasks.ingest.verdicts import judge


@dataclasses.dataclass(frozen=True)
class Making:
    """One snapshot in the making."""

    spark: SparkSession
    store: Store
    request: SnapshotRequest
    source: Source
    shapes: dict[str, Shape]
    files: dict[str, Fingerprint]
    suite: dict
    now: int

    def make(self, id: str) -> Artefact:
        """Read, judge, divide, write.

        Raises:
            RefusedData: too much is bad, or the batch is not what the suite expects; nothing was written.
        """
        place = (self.request.dataset, self.request.day, id)
        try:
            rows, items, users = self._read()
            told = self._account(rows, items, users)
            with self.store.writing("snapshot", "snapshots", *place) as draft:
                self._fill(draft, rows, items, users, told)
                with self.store.writing("quarantine", "quarantine", *place) as aside:
                    self._quarantine(aside, told)
        finally:
            self.spark.catalog.clearCache()
        return self.store.find("snapshots", *place)

    def _read(self) -> tuple[DataFrame, DataFrame, DataFrame | None]:
        items = catalogue.items(self.spark, self.source, self.shapes["items"]).cache()
        users = catalogue.users(self.spark, self.source, self.shapes["users"]).cache() if "users" in self.shapes else None
        lines = cut(numbered(self.spark, self.source.folder / self.source.interactions.file), self.shapes["interactions"])
        rows = judge(lines, _kept(items), self.source, self.request.day_ends, self.now)
        return rows.cache(), items, users

    def _account(self, rows: DataFrame, items: DataFrame, users: DataFrame | None) -> "Told":
        """Close the accounts of all tables; refuse what is too bad."""
        frames = {"interactions": rows, "items": items} | ({"users": users} if users is not None else {})
        closed = accounts.close(frames, {name: self._lines(name) for name in frames})
        bad = reduce(DataFrame.unionByName, [accounts.set_aside(frame, name) for name, frame in frames.items()])
        shown = accounts.examples(bad) if any(one.quarantined for one in closed.values()) else []
        for name, one in closed.items():
            log("ingest.judged", table=name, rows_in=one.rows_in, kept=one.kept, later=one.later, quarantined=one.quarantined)
            accounts.refuse_if_too_many(name, one, self.request.maximum_quarantined, shown)
        return Told(closed, bad, shown)

    def _lines(self, name: str) -> int:
        table = self.shapes[name].table
        return self.files[table.file].lines - (table.header is not None)

    def _fill(self, draft: Draft, rows: DataFrame, items: DataFrame, users: DataFrame | None, told: "Told") -> None:
        made = tables.build(*map(_kept, (rows, items, users)), self.request)
        tables.write(made.interactions, draft.path / "interactions", told.rows.kept, "user", "position")
        tables.write(made.items, draft.path / "items", told.closed["items"].kept, "item")
        tables.write(made.users, draft.path / "users", 1, "user")
        log("ingest.written")
        written = {name: figures.read(self.spark, draft.path / name) for name in ("interactions", "items")}
        measured = figures.measure(written["interactions"], written["items"], told.rows, self.request)
        self._check_kept(measured, told.rows)
        against, picture = drift.trailing(written["interactions"], self.request.day_starts, self.request.day_ends)
        measured |= against | dict.fromkeys(("rows_against_previous", "late_share", "bot_rows_share"))
        checks = batch.judge(measured, self.suite)
        warnings = batch.decide(checks)
        log("ingest.batch", checks=len(checks), warnings=len(warnings))
        draft.counts = {name: measured[name] for name in ("interactions", "users", "items")}
        draft.facts = self._facts(made, measured, told.rows, warnings) | {"checks": batch.plain(checks)}
        draft.facts["catalogue"] = {name: dataclasses.asdict(one) for name, one in told.closed.items() if name != "interactions"}
        draft.facts["quarantine"] = self.store.path("quarantine", self.request.dataset, self.request.day, draft.id).as_uri()
        draft.lineage = {"settings": settings_of(self.request), "code": code_version("ingest"), "parents": [],
                         "source": {name: dataclasses.asdict(one) for name, one in self.files.items()}}
        ratings = figures.histogram(written["interactions"])
        (draft.path / "report.html").write_text(report.page(self._told(draft, told, checks, measured, ratings, picture)))

    def _told(self, draft: Draft, told: "Told", checks: list, measured: dict, ratings: list, picture: drift.Picture) -> report.Told:
        facts, lines = draft.facts, {shape.table.file: self._lines(name) for name, shape in self.shapes.items()}
        return report.Told(
            self.request.dataset, self.request.day, draft.id, checks=checks, accounts=facts["accounts"], counts=draft.counts,
            figures=measured, parts=facts["parts"], split=", ".join(f"{name} {value}" for name, value in facts["split"].items()),
            held_out=facts["held_out_users"], ratings=ratings, reasons={name: one.reasons for name, one in told.closed.items()},
            examples=told.shown, files=[report.File(name, one.bytes, lines.get(name), one.sha256) for name, one in self.files.items()],
            drift=picture, settings=settings_of(self.request))

    def _check_kept(self, measured: dict, closed: Accounts) -> None:
        wanted_all = not self.request.liked_only and not self.request.minimum_item_interactions
        if measured["interactions"] > closed.kept or (wanted_all and measured["interactions"] != closed.kept):
            raise RuntimeError(f"the accounts do not close: {closed.kept} rows kept, {measured['interactions']} written")

    def _facts(self, made: tables.Tables, measured: dict, closed: Accounts, warnings: list[str]) -> dict:
        parts = {part: measured[f"{part}_rows"] for part in ("train", "history", "validation", "test")}
        return {
            "dataset": self.request.dataset, "day": self.request.day, "split": dataclasses.asdict(self.request.split),
            "item_id_type": made.id_types["items"], "user_id_type": made.id_types["users"],
            "first_timestamp": measured["first_timestamp"], "last_timestamp": measured["last_timestamp"],
            "accounts": {"rows_in": closed.rows_in, "kept": closed.kept, "quarantined": closed.quarantined, "later": closed.later,
                         "left_out": closed.kept - measured["interactions"]},
            "reasons": closed.reasons, "warnings": warnings, "parts": parts, "content_digest": measured["digest"],
            "held_out_users": {part: measured[f"{part}_users"] for part in ("validation", "test")}}

    def _quarantine(self, draft: Draft, told: "Told") -> None:
        if told.shown:
            told.bad.coalesce(1).write.partitionBy("reason").parquet((draft.path / "rows").as_uri())
            for checksum in draft.path.rglob(".*.crc"):
                checksum.unlink()
        summary = {name: one.reasons for name, one in told.closed.items()}
        write_json(draft.path / "summary.json", summary)
        draft.counts = {name: one.quarantined for name, one in told.closed.items()}
        draft.facts = {"dataset": self.request.dataset, "day": self.request.day, "reasons": summary}
        draft.lineage = {"settings": settings_of(self.request), "code": code_version("ingest"), "parents": []}


def _kept(frame: DataFrame | None) -> DataFrame | None:
    """The rows without a verdict, without the columns that only verdicts need; interactions keep their place in the file."""
    if frame is None:
        return None
    kept = frame.where("verdict is null").drop("verdict", "raw")
    return kept.drop(*PLACE) if "id" in frame.columns else kept


@dataclasses.dataclass(frozen=True)
class Told:
    """What the verdicts came to: the accounts by table, the rows set aside, a few of them to show."""

    closed: dict[str, Accounts]
    bad: DataFrame
    shown: list[dict]

    @property
    def rows(self) -> Accounts:
        return self.closed["interactions"]
