"""Edges by day in Parquet, and the compressed sparse rows that walks read.

Edges are bucketed by source item.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.cli.errors import Corrupt, RefusedData
from tasks.core.store.arrays import save
from tasks.graph.alias import alias_slots, entrance_slots
from tasks.graph.laws.lists import entrance_weights
from tasks.graph.pairs import DailyEdges, PairWeights

FOLDER = "edges"
BUCKET_ITEMS = 1024
SCHEMA = pa.schema(
    [("source", pa.int32()), ("target", pa.int32()), ("day", pa.int32()), ("weight", pa.int64())]
)


def buckets(items: int) -> range:
    """The numbers of the buckets."""
    return range(-(-items // BUCKET_ITEMS))


def name(bucket: int) -> str:
    """The file of a bucket, seen from the graph's folder."""
    return f"{FOLDER}/bucket-{bucket:05d}.parquet"


def write_bucket(folder: Path, bucket: int, edges: DailyEdges) -> None:
    """Write one bucket's edges, sorted by source, target and day."""
    (folder / FOLDER).mkdir(exist_ok=True)
    table = pa.table([edges.sources, edges.targets, edges.days, edges.weights], schema=SCHEMA)
    pq.write_table(table, folder / name(bucket), compression="zstd")


def read_bucket(path: Path) -> DailyEdges:
    """Read one bucket's edges.

    Raises:
        Corrupt: other columns than those of the format.
    """
    table = pq.read_table(path)
    if table.schema.names != SCHEMA.names:
        raise Corrupt(
            f"{path} holds no edges",
            got=f"columns {', '.join(table.schema.names)}",
            allowed=", ".join(SCHEMA.names),
        )
    table = table.cast(SCHEMA)
    return DailyEdges(*(table[column].to_numpy() for column in SCHEMA.names))


def decay_edges(
    edges: DailyEdges, nearness: PairWeights, today: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sources, targets and weights (int64) as of a day, without edges of weight 0.

    Raises:
        RefusedData: a weight below zero, which no pair can have.
    """
    if len(bad := np.flatnonzero(edges.weights < 0)):
        raise RefusedData(
            "an edge weighs less than nothing",
            got=f"{edges.weights[bad[0]]} from item {edges.sources[bad[0]]} to "
            f"{edges.targets[bad[0]]}",
            allowed="0 or more",
            remedy="build the graph anew, without `update`",
        )
    weights = edges.weights * nearness.by_age(edges.days, today)
    if not len(weights):
        return edges.sources, edges.targets, weights
    first = np.flatnonzero(
        np.append(True, (np.diff(edges.sources) != 0) | (np.diff(edges.targets) != 0))
    )
    weights = np.add.reduceat(weights, first)
    first, weights = first[weights > 0], weights[weights > 0]
    return edges.sources[first], edges.targets[first], weights


def write_rows(folder: Path, items: int, nearness: PairWeights, today: int, entrance: str) -> int:
    """Write the compressed sparse rows of the buckets in a folder; returns the number of edges.

    One bucket is in memory at a time.

    Where no edge weighs anything, nothing is written.
    """
    counts, strength = np.zeros(items, np.int64), np.zeros(items)
    for bucket in buckets(items):
        sources, _, weights = decay_edges(read_bucket(folder / name(bucket)), nearness, today)
        counts += np.bincount(sources, minlength=items)
        strength += np.bincount(sources, weights=weights, minlength=items)
    offsets = np.append(0, np.cumsum(counts))
    if not offsets[-1]:
        return 0
    slots = np.lib.format.open_memmap(folder / "slots.npy", "w+", np.uint32, (int(offsets[-1]), 3))
    for bucket in buckets(items):
        first, last = bucket * BUCKET_ITEMS, min((bucket + 1) * BUCKET_ITEMS, items)
        _, targets, weights = decay_edges(read_bucket(folder / name(bucket)), nearness, today)
        slots[offsets[first] : offsets[last]] = alias_slots(
            offsets[first : last + 1] - offsets[first], targets, weights
        )
    slots.flush()
    save(folder / "item_offsets.npy", offsets)
    save(folder / "entrance.npy", entrance_slots(entrance_weights(strength, entrance)))
    return int(offsets[-1])
