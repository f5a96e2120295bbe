"""Walks written to files, a shard at a time: on one machine here, by Spark in
`tasks.graph.spark.walks`.

walks/<dataset>/<graph>/<id>/
    walks/part-000000.parquet, …   walk (list of int32, item rows); in all of them together walks
                                   number 0, 1, …
    manifest.json                  facts: dataset, day, snapshot, graph, length, seed; counts:
                                   walks, steps
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.graph import Graph, Tables
from tasks.core.identity import code_version, identity
from tasks.core.log import Progress
from tasks.core.manifest import Artefact
from tasks.core.store import Store
from tasks.core.walks import walk
from tasks.graph.settings import WalkRequest

FOLDER = "walks"
SHARD_STEPS = 2_000_000


def write_walks(request: WalkRequest) -> dict:
    """Write a corpus of walks, or find it written. Engine and threads do not change a byte of it,
    so nor its id.

    Raises:
        BadRequest: no such graph.
        Corrupt: a graph of a law that this code does not know.
    """
    store = Store(request.store)
    graph = Graph(store.open(request.graph, "graph"))
    made_of = {"walks": request.walks, "length": request.length, "seed": request.seed}
    code = code_version("core/walks")
    id = identity(graph=graph.id, code=code, **made_of)
    place = ("walks", graph.artefact.facts["dataset"], graph.id, id)
    if store.find(*place) is None:
        with store.writing("walks", *place) as draft:
            (draft.path / FOLDER).mkdir()
            if request.engine == "spark":
                from tasks.graph.spark.walks import write_shards as write_by_spark

                write_by_spark(request, graph.artefact, draft.path)
            else:
                write_shards(request, graph.tables, draft.path)
            draft.counts = {"walks": request.walks, "steps": request.walks * request.length}
            draft.facts = {
                name: graph.artefact.facts[name] for name in ("dataset", "day", "snapshot")
            }
            draft.facts |= {"graph": graph.id, "length": request.length, "seed": request.seed}
            draft.lineage = {"settings": made_of, "code": code, "parents": [graph.uri]}
    return _result(store.find(*place))


def shards(request: WalkRequest) -> list[tuple[int, int, int]]:
    """Number of the shard, of its first walk, and how many it has."""
    size = max(1, SHARD_STEPS // request.length)
    return [
        (number, first, min(size, request.walks - first))
        for number, first in enumerate(range(0, request.walks, size))
    ]


def write_shards(request: WalkRequest, tables: Tables, folder: Path) -> None:
    """Write every shard, one in memory at a time, and say how far it is."""
    with Progress("drawing walks", total=request.walks * request.length, unit="steps") as progress:
        for number, first, count in shards(request):
            write_shard(
                folder,
                number,
                walk(tables, first, count, request.length, request.seed, request.threads),
            )
            progress.add(count * request.length)


def write_shard(folder: Path, number: int, walks: np.ndarray) -> None:
    """Write walks, int32 (count, length), as one file."""
    count, length = walks.shape
    lists = pa.ListArray.from_arrays(
        pa.array(np.arange(count + 1, dtype=np.int32) * np.int32(length)),
        pa.array(walks.reshape(-1)),
    )
    pq.write_table(
        pa.table({"walk": lists}),
        folder / FOLDER / f"part-{number:06d}.parquet",
        compression="lz4",
        use_dictionary=False,
    )


def _result(artefact: Artefact) -> dict:
    return {"uri": artefact.uri, "id": artefact.id, "day": artefact.facts["day"], **artefact.counts}
