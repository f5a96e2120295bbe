"""Write walks to files, one shard at a time.

One machine does so here, Spark in `tasks.graph.spark.walks`.

    walks/<dataset>/<graph>/<id>/
        walks/part-000000.parquet, …   walk (list of int32, item rows), in the order of the walks
        manifest.json                  facts: dataset, day, snapshot, graph, length, seed
                                       counts: walks, steps
"""

from __future__ import annotations

from pathlib import Path

from tasks.core.cli.log import Progress
from tasks.core.data.graph import Graph, Tables
from tasks.core.models.walks import walk
from tasks.core.store.identity import code_version, identity
from tasks.core.store.store import Store
from tasks.graph.settings import WalkRequest
from tasks.graph.spark.walks import write_shards as write_by_spark
from tasks.graph.walk_files import FOLDER, shards, write_shard


def write_walks(request: WalkRequest) -> dict:
    """Write a corpus of walks, or find it written.

    Engine and threads do not change a byte of it, so its id does not depend on them.

    Raises:
        BadRequest: no such graph.
        Corrupt: a graph of a law that this code does not know.
    """
    store = Store(request.store)
    graph = Graph(store.open(request.graph, "graph"))
    made_of = {"walks": request.walks, "length": request.length, "seed": request.seed}
    code = code_version(__name__)
    id = identity(graph=graph.id, code=code, **made_of)
    path = ("walks", graph.artefact.facts["dataset"], graph.id, id)
    if store.find(*path) is None:
        with store.writing("walks", *path) as draft:
            (draft.path / FOLDER).mkdir()
            if request.engine == "spark":
                write_by_spark(request, graph.artefact, draft.path)
            else:
                write_shards(request, graph.tables, draft.path)
            draft.counts = {"walks": request.walks, "steps": request.walks * request.length}
            draft.facts = {
                name: graph.artefact.facts[name] for name in ("dataset", "day", "snapshot")
            }
            draft.facts |= {"graph": graph.id, "length": request.length, "seed": request.seed}
            draft.lineage = {"settings": made_of, "code": code, "parents": [graph.uri]}
    artefact = store.find(*path)
    assert artefact is not None  # it was there, or has just been written
    return {"uri": artefact.uri, "id": artefact.id, "day": artefact.facts["day"], **artefact.counts}


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
