"""PecanPy's first-order walks (Liu and Krishnan 2021) on the same graph, timed when it is told to
(see `walks.py`).

`pecanpy` is its public call `simulate_walks` with alias tables prepared beforehand: it compiles its
kernel for the graph and names the nodes, every time. `kernel` is the kernel alone, compiled
already.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from numba_progress import ProgressBar
from pecanpy.pecanpy import PreCompFirstOrder

STEPS, WALKS_A_NODE = 80, 10


def main() -> int:
    graph = PreCompFirstOrder(p=1, q=1, workers=1, random_state=0)
    graph.read_npz(sys.argv[1], weighted=True)
    graph.preprocess_transition_probs()
    move, has = graph.get_move_forward(), graph.get_has_nbrs()
    starts = np.concatenate([np.arange(graph.num_nodes, dtype=np.uint32)] * 2)
    for line in sys.stdin:
        begun = time.perf_counter()
        if line.strip() == "kernel":
            with ProgressBar(total=len(starts), disable=True) as progress:
                walks = graph._random_walks(len(starts), STEPS, 0, starts, has, move, progress)
            seconds, steps = (
                time.perf_counter() - begun,
                int((walks[:, -1].astype(np.int64) - 1).sum()),
            )
        else:
            named = graph.simulate_walks(num_walks=WALKS_A_NODE, walk_length=STEPS)
            seconds, steps = time.perf_counter() - begun, sum(map(len, named)) - len(named)
        print(json.dumps({"steps": steps, "seconds": seconds}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
