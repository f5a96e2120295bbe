"""PecanPy's first-order walks over the same graph, timed when told (see `walks.py`).

Its kernel alone is timed, compiled before: what `simulate_walks` spends on compiling it anew each time, and on turning rows into
names, is left out in its favour.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from numba_progress import ProgressBar
from pecanpy.pecanpy import PreCompFirstOrder

LENGTH, WALKS = 80, 3533


def main() -> int:
    edges = np.load(sys.argv[1])
    graph = PreCompFirstOrder(random_state=0)
    graph.data, graph.indices, graph.indptr = edges["data"], edges["indices"], edges["indptr"]
    graph.set_node_ids(None, num_nodes=len(graph.indptr) - 1)
    graph.preprocess_transition_probs()
    starts = np.flatnonzero(np.diff(graph.indptr)).astype(np.uint32)[:WALKS]
    move, has = graph.get_move_forward(), graph.get_has_nbrs()
    for _ in sys.stdin:
        begun = time.perf_counter()
        with ProgressBar(total=len(starts), disable=True) as progress:
            graph._random_walks(len(starts), LENGTH, 0, starts, has, move, progress)
        print(json.dumps({"steps": len(starts) * LENGTH, "seconds": time.perf_counter() - begun}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
