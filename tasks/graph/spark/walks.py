"""Walks by Spark: each executor draws shards from the memory-mapped graph.

Executors see the store's disk. What they write is what one machine would write, byte for byte: a
walk depends on its number alone.
"""

from __future__ import annotations

import os
import socket
from functools import lru_cache, partial
from pathlib import Path

from tasks.core.cli.log import log
from tasks.core.data.graph import Tables, read_tables
from tasks.core.models.walks import walk
from tasks.core.spark.session import session
from tasks.core.store.manifest import Artefact, read
from tasks.graph.settings import WalkRequest
from tasks.graph.walk_files import shards, write_shard

LARGE = 1 << 40  # bytes: no session for small work


def write_shards(request: WalkRequest, graph: Artefact, folder: Path) -> None:
    """Write every shard, as tasks of one job.

    Raises:
        Corrupt: a graph of a law that this code does not know, or a damaged file of it.
    """
    read_tables(graph)
    parts = shards(request)
    with session(request.spark, LARGE) as spark:
        drawn = spark.sparkContext.parallelize(parts, len(parts)).map(
            partial(draw_shard, str(graph.path), str(folder), request.length, request.seed)
        )
        executors = drawn.collect()
    log(
        "graph.walks",
        shards=len(parts),
        executors=len(set(executors)),
        steps=request.walks * request.length,
    )


def draw_shard(graph: str, folder: str, length: int, seed: int, shard: tuple[int, int, int]) -> str:
    """Draw and write one shard in an executor's process.

    Returns the process's parent, of which an executor has one.
    """
    number, first, count = shard
    write_shard(Path(folder), number, walk(_tables(graph), first, count, length, seed))
    return f"{socket.gethostname()}:{os.getppid()}"


@lru_cache(maxsize=2)
def _tables(graph: str) -> Tables:
    return read_tables(read(Path(graph)), verify=False)  # the driver has compared the digests
