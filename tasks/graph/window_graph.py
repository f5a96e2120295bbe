"""Build a graph of the law `window`: from yesterday's, by sparse matrices, or by Spark."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from tasks.core.cli.log import log
from tasks.core.data.graph import Window
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.store.arrays import load, save
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.graph.changes import Changes, RowMapping
from tasks.graph.edges import write_rows
from tasks.graph.laws.window import update_edges, write_edges
from tasks.graph.pairs import DAY_SECONDS, PairWeights
from tasks.graph.settings import BuildRequest


@dataclasses.dataclass(frozen=True)
class WindowGraph:
    """Builds the graph of a snapshot's histories."""

    store: Store
    request: BuildRequest
    snapshot: Snapshot
    histories: Histories
    code: str

    def write(self, folder: Path) -> dict:
        """Write all but the manifest.

        Returns the number of edges and, if there is one, the graph that was updated.
        """
        nearness = PairWeights(
            self.request.window_places, self.request.half_life_places, self.request.half_life_days
        )
        items, days = len(self.snapshot.item_ids), nearness.days(self.histories)
        made = self._edges(
            folder,
            dataclasses.replace(self.histories, timestamps=days.astype(np.int64) * DAY_SECONDS),
            nearness,
        )
        for name, array in (
            ("user_offsets", self.histories.offsets),
            ("user_items", self.histories.items),
            ("user_days", days),
        ):
            save(folder / f"{name}.npy", array)
        newest = int(days.max(initial=0))
        return {"edges": write_rows(folder, items, nearness, newest, self.request.entrance), **made}

    def _edges(self, folder: Path, histories: Histories, nearness: PairWeights) -> dict:
        items = len(self.snapshot.item_ids)
        if (base := self._base()) and (found := self._changes(base, histories)):
            changes, renamed = found
            log(
                "graph.update",
                base=base.uri,
                changed_users=len(changes.now),
                of_users=len(histories),
            )
            update_edges(folder, base, changes, renamed, items, nearness)
            return {"updated": base.uri}
        if self.request.engine == "spark":
            from tasks.graph.spark.edges import write_edges as write_by_spark

            write_by_spark(self.request.spark, folder, self.snapshot, nearness)
        else:
            write_edges(folder, histories, items, nearness)
        return {}

    def _base(self) -> Artefact | None:
        """The newest graph of an earlier or the same day with these settings, made by this code."""
        if not self.request.update:
            return None
        settings, dataset = self.request.of_law(), self.snapshot.dataset
        for day in reversed(self.store.names("graphs", dataset)):
            alike = [
                made
                for made in self.store.children("graphs", dataset, day)
                if made.lineage["settings"] == settings
                and made.lineage["code"] == self.code
                and made.facts["law_version"] == Window.version
            ]
            if day <= self.snapshot.day and alike:
                return max(alike, key=lambda made: made.order)
        return None

    def _changes(self, base: Artefact, histories: Histories) -> tuple[Changes, RowMapping] | None:
        """The changes since the base; None if it cannot be compared.

        Its snapshot is gone, or its ids are in another order.
        """
        before = self.store.find(
            "snapshots", self.snapshot.dataset, base.facts["day"], base.facts["snapshot"]
        )
        if before is None:
            return None
        ids = Snapshot(before)
        users, items = (
            RowMapping.of(ids.user_ids, self.snapshot.user_ids),
            RowMapping.of(ids.item_ids, self.snapshot.item_ids),
        )
        if users is None or items is None:
            return None
        offsets, rows, days = (
            load(base.file(f"{name}.npy")) for name in ("user_offsets", "user_items", "user_days")
        )
        return Changes.of(
            Histories(offsets, rows, days.astype(np.int64) * DAY_SECONDS), histories, users, items
        ), items
