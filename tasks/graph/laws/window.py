"""Files of the law `window`: edges by day from the lists, or yesterday's edges updated."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from tasks.core.data.histories import Histories
from tasks.core.store.manifest import Artefact
from tasks.graph.changes import Changes, RowMapping
from tasks.graph.edges import BUCKET_ITEMS, buckets, name, read_bucket, write_bucket
from tasks.graph.pairs import DailyEdges, PairWeights, both_directions, pairs, sum_pairs

MAX_PASS_PAIRS = 2**26  # pairs in memory; more are gone through again for the next sources


def write_edges(folder: Path, histories: Histories, items: int, nearness: PairWeights) -> None:
    """Sum edges of the lists in both directions, in as many passes as fit into memory."""
    rows = (
        np.bincount(histories.items // BUCKET_ITEMS, minlength=len(buckets(items)))
        * 2
        * nearness.window
    )
    for low, high in _passes(rows):
        edges = sum_pairs(
            both_directions(pairs(histories, nearness)),
            low * BUCKET_ITEMS,
            min(high * BUCKET_ITEMS, items),
            items,
        )
        for bucket in range(low, high):
            write_bucket(folder, bucket, _cut(edges, bucket))


def update_edges(
    folder: Path,
    base: Artefact,
    changes: Changes,
    renamed: RowMapping,
    items: int,
    nearness: PairWeights,
) -> None:
    """Update yesterday's edges with the changes of the users whose lists differ.

    Weights are sums of whole numbers, so the result equals a new build.
    """
    gone = (
        (one, other, day, -weight)
        for one, other, day, weight in pairs(changes.before, nearness, changes.since)
    )
    delta = sum_pairs(
        both_directions(chain(gone, pairs(changes.now, nearness, changes.since))), 0, items, items
    )
    old = _Before(base, renamed)
    for bucket in buckets(items):
        low, high = bucket * BUCKET_ITEMS, min((bucket + 1) * BUCKET_ITEMS, items)
        parts = (
            dataclasses.astuple(part) for part in (old.between(low, high), _cut(delta, bucket))
        )
        write_bucket(folder, bucket, sum_pairs(parts, low, high, items))


class _Before:
    """Yesterday's edges in today's rows."""

    def __init__(self, base: Artefact, renamed: RowMapping) -> None:
        self.base, self.rows = base, renamed.rows
        self.known = np.flatnonzero(self.rows >= 0)

    def between(self, low: int, high: int) -> DailyEdges:
        """Edges whose source is from `low` up to but not with `high`."""
        mine = self.known[
            np.searchsorted(self.rows[self.known], low) : np.searchsorted(
                self.rows[self.known], high
            )
        ]
        parts = [
            read_bucket(self.base.file(name(bucket)))
            for bucket in np.unique(mine // BUCKET_ITEMS).tolist()
        ]
        columns = [
            np.concatenate([getattr(part, field) for part in parts])
            if parts
            else np.zeros(0, np.int64)
            for field in ("sources", "targets", "days", "weights")
        ]
        sources, targets = (
            self.rows[columns[0]].astype(np.int32),
            self.rows[columns[1]].astype(np.int32),
        )
        keep = (sources >= low) & (sources < high) & (targets >= 0)
        return DailyEdges(
            sources[keep], targets[keep], columns[2][keep].astype(np.int32), columns[3][keep]
        )


def _passes(rows: np.ndarray) -> Iterator[tuple[int, int]]:
    low = 0
    for high in range(1, len(rows) + 1):
        if high == len(rows) or rows[low : high + 1].sum() > MAX_PASS_PAIRS:
            yield low, high
            low = high


def _cut(edges: DailyEdges, bucket: int) -> DailyEdges:
    first, last = np.searchsorted(
        edges.sources, [bucket * BUCKET_ITEMS, (bucket + 1) * BUCKET_ITEMS]
    )
    return DailyEdges(
        edges.sources[first:last],
        edges.targets[first:last],
        edges.days[first:last],
        edges.weights[first:last],
    )
