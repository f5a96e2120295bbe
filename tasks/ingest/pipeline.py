"""Making a snapshot with Spark: the steps in their order."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cached_property

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log, say
from tasks.core.store.identity import code_version
from tasks.core.store.manifest import Artefact, Draft
from tasks.core.store.store import Store
from tasks.ingest.assess import assessment, report_page
from tasks.ingest.derived_settings import Decision
from tasks.ingest.parse import delivery
from tasks.ingest.parse.delivery import WHOLE, Delivery
from tasks.ingest.parse.history import LeftOut, leave_out
from tasks.ingest.resolve import accounts, catalogue, quarantine, row_numbers, tables
from tasks.ingest.resolve.accounts import Accounts
from tasks.ingest.resolve.interactions import Interactions
from tasks.ingest.resolve.quarantine import Delivered
from tasks.ingest.rules import Split
from tasks.ingest.settings import SnapshotRequest, recommend_seen
from tasks.ingest.sources import Source


@dataclasses.dataclass(frozen=True)
class Making:
    """One snapshot in the making.

    Attributes:
        plan: by table, the deliveries it is made of.
        settings: of the request, those that decide what the snapshot holds.
        left_out: earlier days that are not part of it.
        told: what there is to report, as far as it has come: fields of `told.Told`.
    """

    spark: SparkSession
    store: Store
    request: SnapshotRequest
    source: Source
    plan: dict[str, list[Delivery]]
    suite: dict
    settings: dict
    now: int
    left_out: list[LeftOut] = dataclasses.field(default_factory=list)
    told: dict = dataclasses.field(
        default_factory=lambda: {"examples": [], "files": [], "deliveries": []}
    )

    def make(self, id: str) -> Artefact:
        """Read what is new, judge, divide, write. New deliveries are kept with the first snapshot
        that accepts them.

        Raises:
            RefusedData: too much is bad, or the batch is not what the suite expects; only a report
                of the refusal was written.
        """
        place = (self.request.dataset, self.request.day, id)
        try:
            with ExitStack() as drafts:  # left in the opposite order: the snapshot appears last
                draft = drafts.enter_context(self.store.writing("snapshot", "snapshots", *place))
                aside_draft = drafts.enter_context(
                    self.store.writing("quarantine", "quarantine", *place)
                )
                new = self._read_new(drafts)
                delivered = {
                    name: [read for one in ones if (read := self._delivered(one, new))]
                    for name, ones in self.plan.items()
                }
                self._fill(draft, aside_draft, delivered)
        except RefusedData as refusal:
            raise self._keep_refusal(place, refusal) from None
        finally:
            self.spark.catalog.clearCache()
        return self.store.find("snapshots", *place)

    def _keep_refusal(self, place: tuple[str, str, str], refusal: RefusedData) -> RefusedData:
        """A refused batch leaves nothing but the report of why."""
        self._write_refusal(
            place,
            str(refusal),
            self.page(place[-1], str(refusal)),
            [one.id for ones in self.plan.values() for one in ones if not one.made],
        )
        return RefusedData(f"{refusal}; report: {self._report(place)}")

    def _write_refusal(
        self, place: tuple[str, str, str], reason: str, page: str, deliveries: list[str]
    ) -> None:
        with self.store.writing("refused", "refused", *place) as draft:
            (draft.path / "report.html").write_text(page)
            draft.facts = {
                "dataset": place[0],
                "day": place[1],
                "reason": reason,
                "deliveries": deliveries,
            }
            draft.lineage = {
                "settings": self.settings,
                "code": code_version("tasks.ingest.snapshot"),
                "parents": [],
            }

    def _report(self, place: tuple[str, str, str]) -> str:
        """Where a person finds the report of a refusal: a path where it is one."""
        where = self.store.uri if self.store.mirror else self.store.path
        return f"{where('refused', *place)}/report.html"

    def page(self, id: str, refusal: str | None = None) -> str:
        """The report of what has come out so far."""
        return report_page.page(
            report_page.Told(
                self.request.dataset,
                self.request.day,
                id,
                refused=refusal,
                settings=self.settings,
                **self.told,
            )
        )

    @property
    def notes(self) -> list[str]:
        """What somebody should know of how the files were read."""
        cut = self.told["cut_items"]
        return [
            f"{file.name}: {note}"
            for file in self.told["files"]
            for note in (file.understood or {}).get("notes", ())
        ] + (
            [
                f"{cut:,} {'item has' if cut == 1 else 'items have'} more than "
                f"title_characters={self.request.title_characters} in a title or genre, "
                f"or more than genres_of_item={self.request.genres_of_item}: the rest is cut"
            ]
            if cut
            else []
        )

    def uri(self, one: Delivery) -> str:
        """Where a delivery is, or will be."""
        return self.store.uri("deliveries", self.request.dataset, one.table, one.name, one.id)

    def previous(self) -> int | None:
        """The rows kept by the newest snapshot of an earlier day; None where there is none."""
        return self._day_before.facts["accounts"]["kept"] if self._day_before else None

    @cached_property
    def _day_before(self) -> Artefact | None:
        for day in reversed(self.store.names("snapshots", self.request.dataset)):
            if day < self.request.day and (
                made := self.store.newest("snapshots", self.request.dataset, day)
            ):
                return made
        return None

    @cached_property
    def before(self) -> dict[str, Decision]:
        """What that snapshot's rows decided, by setting, where the same was left open then."""
        made = self._day_before
        if made is None or made.lineage["settings"]["split"] != self.settings["split"]:
            return {}
        return {
            name: Decision(
                Split(**told["value"]) if name == "split" else told["value"], told["because"]
            )
            for name, told in made.facts.get("decided", {}).items()
            if told["open"]
        }

    def _read_new(self, drafts: ExitStack) -> dict[tuple[str, str], tuple[Delivered, ExitStack]]:
        """By table and name, the deliveries that were not there yet, each with what commits it.
        They are read side by side: a small one is mostly planning, which is one thread's work."""
        new = [one for ones in self.plan.values() for one in ones if not one.made]
        say(
            f"step 2 of 4: reading what is new, {len(new)} of "
            f"{sum(map(len, self.plan.values()))} deliveries"
        )
        commits = [drafts.enter_context(ExitStack()) for _ in new]
        places = [
            commit.enter_context(
                self.store.writing(
                    "delivery", "deliveries", self.request.dataset, one.table, one.name, one.id
                )
            )
            for commit, one in zip(commits, new, strict=True)
        ]
        with ThreadPoolExecutor(
            max(1, min(self.spark.sparkContext.defaultParallelism, len(new)))
        ) as pool:
            reading = [pool.submit(self._read, *one) for one in zip(new, places, strict=True)]
            try:
                return {
                    (one.table, one.name): (read.result(), commit)
                    for one, read, commit in zip(new, reading, commits, strict=True)
                }
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _delivered(
        self, one: Delivery, new: dict[tuple[str, str], tuple[Delivered, ExitStack]]
    ) -> Delivered | None:
        """A delivery as it lies on the disk; None for one of an earlier day of which too much is
        bad.
        """
        read, commit = (
            (Delivered(one.table, one.name, one.made.path, one.made.facts), None)
            if one.made
            else new[one.table, one.name]
        )
        rows_in, sound, reasons = accounts.summed([read.facts])
        told = accounts.closed(one.table, rows_in, sound, reasons=reasons)
        too_bad = commit is not None and told.quarantined_share > self.request.maximum_quarantined
        if too_bad and one.name not in (WHOLE, self.request.day):
            self._leave_out(read, told, commit, one)
            return None
        if one.table == "interactions":
            self.told["deliveries"].append(report_page.Delivery(one.name, rows_in, sound))
        if one is self.plan[one.table][-1]:
            self.told["files"] += [report_page.File(**file) for file in read.facts["files"]]
        if too_bad:
            self.told.update({"accounts": told.plain(), "reasons": {one.table: told.reasons}})
            self._refuse(read, told)
        return read

    def _read(self, one: Delivery, draft: Draft) -> Delivered:
        draft.facts = delivery.write(self.spark, one, self.source, draft.path, self.now)
        rows_in, sound, _ = accounts.summed([draft.facts])
        draft.counts = {"rows_in": rows_in, "sound": sound}
        draft.lineage = {"code": code_version("tasks.ingest.snapshot"), "parents": []}
        log(
            "ingest.delivery",
            table=one.table,
            delivery=one.name,
            files=len(one.landed),
            rows_in=rows_in,
            sound=sound,
        )
        return Delivered(one.table, one.name, draft.path, draft.facts)

    def _leave_out(self, read: Delivered, told: Accounts, commit: ExitStack, one: Delivery) -> None:
        """Keep a refusal of an earlier day in the place of its delivery, as if that day had been
        run by itself.
        """
        examples = self._examples(read)
        refusal = accounts.too_many(one.table, told, self.request.maximum_quarantined, examples)
        commit.__exit__(RefusedData, refusal, None)  # what was read is not kept
        place, reason = (self.request.dataset, one.name, one.id), str(refusal)
        page = report_page.page(
            report_page.Told(
                *place,
                refused=reason,
                accounts=told.plain(),
                examples=examples,
                reasons={one.table: told.reasons},
                files=[report_page.File(**file) for file in read.facts["files"]],
            )
        )
        self._write_refusal(place, reason, page, [one.id])
        leave_out(self.left_out, one.table, one.name, reason)

    def _refuse(self, one: Delivered, told: Accounts) -> None:
        self.told["examples"] = self._examples(one)
        raise accounts.too_many(
            one.table, told, self.request.maximum_quarantined, self.told["examples"]
        )

    def _examples(self, one: Delivered) -> list[dict]:
        """The first rows that the fields of a delivery's own rows condemn."""
        return accounts.examples(
            quarantine.told(
                self.spark, quarantine.own(quarantine.rows(self.spark, [one]), [one]), [one]
            )
        )

    def _fill(
        self, draft: Draft, aside_draft: Draft, delivered: dict[str, list[Delivered]]
    ) -> None:
        say("step 3 of 4: relating and writing the rows")
        catalogues = {
            name: Catalogue(self.spark, ones)
            for name, ones in delivered.items()
            if name != "interactions"
        }
        known = (
            catalogues["items"].kept
            if "items" in catalogues
            else self._met(delivered["interactions"])
        )
        items = row_numbers.numbered(catalogue.bounded(known, self.request), "item")
        rows = Interactions(
            self.spark,
            self.request,
            delivered["interactions"],
            items.table,
            self.source,
            self.before.get("split"),
        )
        attributes = catalogues["users"].kept if "users" in catalogues else None
        self.told["split"] = rows.split
        log(
            "ingest.decided",
            setting="split",
            because=rows.split.because,
            **rows.split.value.fields(),
        )
        made = tables.build(
            rows.kept,
            items.table,
            _attributed(rows.users, attributes),
            self.request,
            rows.liked,
            rows.split.value,
        )
        tables.write(made.interactions, draft.path / "interactions")
        tables.write(made.items, draft.path / "items", "item")
        tables.write(made.users.drop("bucket"), draft.path / "users", "user")
        self.told["cut_items"] = items.table.where("cut").count()
        log("ingest.written", cut_items=self.told["cut_items"])
        say("step 4 of 4: closing the accounts, judging the day")
        assessment.Judgement(
            self,
            draft,
            aside_draft,
            delivered,
            rows,
            catalogues,
            {"item_id_type": items.type, "user_id_type": rows.numbered_users.type},
        ).conclude()

    def _met(self, delivered: list[Delivered]) -> DataFrame:
        rows = (
            quarantine.rows(self.spark, delivered)
            .where("verdict is null")
            .where(F.col("ms") < self.request.day_ends * 1000)
        )
        return catalogue.met(rows).persist()

    @property
    def recommend_seen(self) -> bool | None:
        """The setting of the request, else that of the source; None where the data decides."""
        return recommend_seen(self.request, self.source)


@dataclasses.dataclass(frozen=True)
class Catalogue:
    """Items or users: what is known of each id."""

    spark: SparkSession
    delivered: list[Delivered]

    @cached_property
    def rows(self) -> DataFrame:
        return quarantine.rows(self.spark, self.delivered)

    @cached_property
    def related(self) -> DataFrame:
        return catalogue.related(self.rows.where("verdict is null")).persist()

    @property
    def kept(self) -> DataFrame:
        return self.related.where("verdict is null")

    def close(self) -> Accounts:
        rows_in, sound, reasons = accounts.summed([one.facts for one in self.delivered])
        counts = {
            row["verdict"]: row["count"]
            for row in self.related.groupBy("verdict").count().collect()
        }
        if sound != sum(counts.values()):
            raise RuntimeError(
                f"the accounts of the {self.delivered[0].table} do not close: {sound} sound "
                f"rows, {counts}"
            )
        kept, superseded = counts.pop(None, 0), counts.pop("superseded", 0)
        return accounts.closed(
            self.delivered[0].table, rows_in, kept, superseded=superseded, reasons=reasons | counts
        )

    def bad(self) -> DataFrame | None:
        """Every row set aside, as `aside.told` wants them; None where there are none."""
        own = quarantine.own(self.rows, self.delivered)
        twice = self.related.where(F.col("verdict") == catalogue.DUPLICATE)
        if twice.limit(1).count():
            twice = quarantine.found_again(twice.withColumnRenamed("verdict", "reason"), self.rows)
            own = twice if own is None else own.unionByName(twice)
        return None if own is None else quarantine.told(self.spark, own, self.delivered)


def _attributed(met: DataFrame, users: DataFrame | None) -> DataFrame:
    if users is None:
        return met
    names = [
        name
        for name in users.columns
        if name not in ("id", "raw", "verdict", "day", "file", "block", "at")
    ]
    return met.join(users.select("id", *names), "id", "left").select(
        *met.columns, *[F.coalesce(F.col(f"`{name}`"), F.lit("")).alias(name) for name in names]
    )
