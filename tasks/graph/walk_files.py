"""The files of a corpus of walks: which walks each holds, and how it is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.graph.settings import WalkRequest

FOLDER = "walks"
SHARD_STEPS = 2_000_000


def shards(request: WalkRequest) -> list[tuple[int, int, int]]:
    """Number of the shard, of its first walk, and how many it has."""
    size = max(1, SHARD_STEPS // request.length)
    return [
        (number, first, min(size, request.walks - first))
        for number, first in enumerate(range(0, request.walks, size))
    ]


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
