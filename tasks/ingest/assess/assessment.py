"""What is to be said of the written tables: accounts, figures, the batch verdict, quarantine,
report, manifest.
"""

from __future__ import annotations

import dataclasses
import time
from functools import cached_property, reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.store.identity import code_version
from tasks.core.store.manifest import Draft
from tasks.core.store.store import write_json
from tasks.ingest.assess import batch, drift, figures, great_expectations
from tasks.ingest.derived_settings import Decision, recommend_seen
from tasks.ingest.resolve import accounts, quarantine
from tasks.ingest.resolve.accounts import Accounts
from tasks.ingest.resolve.selection import narrows

if TYPE_CHECKING:
    from tasks.ingest.pipeline import Making


@dataclasses.dataclass(frozen=True)
class Judgement:
    """The end of making a snapshot.

    Attributes:
        delivered, rows, catalogues: what it was made of, see `making`.
        id_types: item_id_type and user_id_type, `integer` or `text`.
    """

    making: Making
    draft: Draft
    aside: Draft
    delivered: dict
    rows: object
    catalogues: dict
    id_types: dict

    def conclude(self) -> None:
        """Close the accounts, judge, and fill the drafts.

        Raises:
            RefusedData: too many bad rows, or an expectation of level `fail` is not met.
        """
        told, request = self.making.told, self.making.request
        every = self.closed["interactions"]
        told["accounts"] = every.plain() | {"left_out": every.kept - self.measured["interactions"]}
        told["reasons"] = {name: one.reasons for name, one in self.closed.items()}
        self._set_aside()
        told["recommend_seen"] = self.recommend_seen
        log("ingest.kept", rows=every.kept, repeats=every.repeats)
        log(
            "ingest.decided",
            setting="recommend_seen",
            value=self.recommend_seen.value,
            because=self.recommend_seen.because,
        )
        of_days, told["drift"] = drift.trailing(
            self.written["interactions"], request.day_starts, request.day_ends
        )
        told["figures"] = measured = self._meant(
            self.measured | figures.of_accounts(self.kept) | of_days
        )
        told["counts"] = {name: measured[name] for name in ("interactions", "users", "items")}
        told["parts"] = {part: measured[f"{part}_rows"] for part in figures.PARTS}
        told["held_out"] = {part: measured[f"{part}_users"] for part in ("validation", "test")}
        told["ratings"] = figures.histogram(self.written["interactions"])
        begun = time.monotonic()
        told["checks"] = checks = batch.judge(
            measured, self.making.suite, first=self.kept.previous is None
        )
        gx_seconds = time.monotonic() - begun + great_expectations.importing()
        if every.later and not every.kept:
            self._refuse_later(every.later)
        warnings = batch.decide(checks)
        warnings += [str(day) for day in self.making.left_out]
        for warning in warnings:
            log("ingest.warning", what=warning)
        log("ingest.batch", checks=len(checks), warnings=len(warnings), gx_seconds=gx_seconds)
        self._manifest(measured, warnings, checks)
        (self.draft.path / "report.html").write_text(self.making.page(self.draft.id))

    def _refuse_later(self, rows: int) -> None:
        first = figures.date(self.rows.sound.agg(F.min("ms")).first()[0] // 1000)
        raise RefusedData(
            "the batch is refused: every row is of a day to come",
            got=f"{rows:,} rows, the first of {first}",
            allowed=f"rows of the day asked for, {self.making.request.day}, or before it",
            remedy="ask for a later day; or look in the report at how the times were read",
        )

    def _meant(self, measured: dict) -> dict:
        """Without the figures that this source cannot have."""
        source = self.making.source
        lacking = (
            (
                ["rating_sd", "rating_mean"]
                if source.rating_range is None and not source.weighted
                else []
            )
            + (["days_since_last_row"] if not measured["last_timestamp"] else [])
            + (["new_user_share"] if self._sessions else [])
        )
        return measured | dict.fromkeys(lacking)

    @property
    def _sessions(self) -> bool:
        """Whether lists are so short that users were held out whole: sessions, whose ids are new
        every day.
        """
        split = self.rows.split
        return split.open and split.value.method == "users"

    @cached_property
    def written(self) -> dict[str, DataFrame]:
        return {
            name: figures.read(self.making.spark, self.draft.path / name)
            for name in ("interactions", "items")
        }

    @cached_property
    def measured(self) -> dict:
        return figures.measure(
            self.written["interactions"], self.written["items"], self.making.request
        )

    @cached_property
    def _interactions(self) -> tuple[Accounts, Accounts]:
        return self.rows.close(
            None if narrows(self.making.request) else self.measured["interactions"]
        )

    @cached_property
    def closed(self) -> dict[str, Accounts]:
        """The accounts of every table, over all deliveries."""
        return {"interactions": self._interactions[0]} | {
            name: one.close() for name, one in self.catalogues.items()
        }

    @cached_property
    def kept(self) -> figures.Kept:
        every, newest = self._interactions
        return figures.Kept(
            every,
            newest,
            self.rows.totals["late"] if self.rows.newest else 0,
            self.rows.totals["bot_rows"],
            self.making.previous(),
        )

    @cached_property
    def recommend_seen(self) -> Decision:
        source, every = self.making.source, self.closed["interactions"]
        return recommend_seen(
            self.making.recommend_seen,
            source.rating_range is not None,
            bool(source.weights),
            every.kept,
            self.rows.repeats["repeats_alike"],
            self.making.before.get("recommend_seen"),
        )

    def _catalogue(self) -> dict:
        return {
            name: one.plain() | {"reasons": one.reasons}
            for name, one in self.closed.items()
            if name != "interactions"
        }

    def _set_aside(self) -> None:
        """Write the quarantine; refuse what is too bad."""
        duplicates = any(
            reason.endswith("_duplicate") for reason in self.closed["interactions"].reasons
        )
        frames = [self.rows.bad(duplicates), *(one.bad() for one in self.catalogues.values())]
        frames = [frame for frame in frames if frame is not None]
        if frames:
            bad = reduce(DataFrame.unionByName, frames).persist()
            self.making.told["examples"] = accounts.examples(bad)
            quarantine.write(bad, self.aside.path)
        newest = {"interactions": self._interactions[1]} | {
            name: one for name, one in self.closed.items() if name != "interactions"
        }
        for name, one in newest.items():
            log("ingest.judged", table=name, **one.plain())
            accounts.refuse_if_too_many(
                name, one, self.making.request.maximum_quarantined, self.making.told["examples"]
            )
        summary = self.making.told["reasons"]
        write_json(self.aside.path / "summary.json", summary)
        self.aside.counts = {name: one.quarantined for name, one in self.closed.items()}
        self.aside.facts = {
            "dataset": self.making.request.dataset,
            "day": self.making.request.day,
            "reasons": summary,
        }
        self.aside.lineage = self._lineage()

    def _manifest(self, measured: dict, warnings: list[str], checks: list) -> None:
        request, draft = self.making.request, self.draft
        every, newest = self._interactions
        split = self.rows.split
        bots = {"users": self.rows.totals["bots"], "rows": self.rows.totals["bot_rows"]}
        draft.counts = self.making.told["counts"]
        draft.facts = {
            "dataset": request.dataset,
            "day": request.day,
            "split": split.value.fields(),
            **self.id_types,
            "decided": {
                name: dataclasses.asdict(one)
                for name, one in (("split", split), ("recommend_seen", self.recommend_seen))
            },
            "liked": request.liked or self.making.source.liked,
            "events": self.rows.events,
            "weighted": self.making.source.weighted,
            "recommend_seen": self.recommend_seen.value,
            "recommend_seen_because": self.recommend_seen.because,
            "first_timestamp": measured["first_timestamp"],
            "last_timestamp": measured["last_timestamp"],
            "accounts": self.making.told["accounts"] | {"late": self.kept.late},
            "delivered": newest.plain()
            | {"reasons": newest.reasons, "delivery": self.delivered["interactions"][-1].name},
            "reasons": every.reasons,
            "warnings": warnings,
            "bots": bots,
            "notes": self.making.notes,
            "days_left_out": [dataclasses.asdict(day) for day in self.making.left_out],
            "parts": self.making.told["parts"],
            "held_out_users": self.making.told["held_out"],
            "content_digest": measured["digest"],
            "checks": batch.plain(checks),
            "catalogue": self._catalogue(),
            "quarantine": self.making.store.uri(
                "quarantine", request.dataset, request.day, draft.id
            ),
        }
        draft.lineage = self._lineage()

    def _lineage(self) -> dict:
        tables = self.making.source.tables
        deliveries = {
            name: [
                {
                    "delivery": one.name,
                    "encoding": tables[name].encoding or "utf-8",
                    "files": one.facts["files"],
                }
                for one in ones
            ]
            for name, ones in self.delivered.items()
        }
        parents = [
            self.making.uri(one)
            for name, ones in self.making.plan.items()
            for one in ones
            if one.name in {delivered.name for delivered in self.delivered[name]}
        ]
        return {
            "settings": self.making.settings,
            "code": code_version("tasks.ingest.snapshot"),
            "source": deliveries,
            "parents": parents,
        }
