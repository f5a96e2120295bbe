"""What EASE costs beside numpy's plain inverse, and what the decoders cost on top: `make
bench-linear`.

On MovieLens 1M (100K without it), in turn: the product's EASE, by Cholesky, from the sparse matrix
of likes to the weights; and the textbook one, X'X, `numpy.linalg.inv`, a division. Then the cut to
vectors and both ridge decoders, once. In a process of its own, the whole stage on a planted
catalogue of 100,000 items, whose exact matrix would need 224 GB. One JSON line last:

    ease_ratio           seconds of the product's EASE / numpy's, the best round of each (goal ≤
                         1.1)
    seconds_ml1m         EASE cut to vectors: from the likes to inputs and outputs
    decoder_seconds      leave_one_out and causal: sums and one ridge each
    peak_gb              of this process, numpy's own rounds aside
    large                items, solver, seconds, peak_gb of the whole stage on 100,000 items
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from infra.environments.names import ROOT
from tasks.core.data.histories import Histories
from tasks.core.models.cooccurrence import cooccurrence_counts, like_matrix
from tasks.core.models.decoders.causal import Causal
from tasks.core.models.decoders.leave_one_out import LeaveOneOut
from tasks.core.models.decoders.model_selection import CAUSAL_DECAYS
from tasks.core.models.ease import ease
from tasks.core.retrieval.unit_rows import unit_rows
from tasks.linear.settings import Settings
from tasks.linear.solvers import Dense
from tests.benchmarks.base import load

PENALTY = 300.0
LARGE = (20_000, 100_000, 2_000_000)  # users, items, likes


def timed(work: Callable) -> tuple[float, object]:
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def plain(liked: csr_matrix) -> np.ndarray:
    """EASE as it is usually written down."""
    gram = (liked.T @ liked).toarray().astype(np.float64)
    gram[np.diag_indices(len(gram))] += PENALTY
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    weights[np.diag_indices(len(weights))] = 0
    return weights.astype(np.float32)


def large() -> dict:
    """The whole stage on a planted catalogue of LARGE; run in a process of its own, whose peak is
    its own.
    """
    from tasks.core.store.store import Store
    from tasks.linear.fit import fit
    from tasks.linear.settings import FitRequest
    from tests import worlds
    from tests.benchmarks.evaluate import world

    with tempfile.TemporaryDirectory() as folder:
        snapshot = worlds.snapshot(Store(folder), world(*LARGE))
        before = peak_gb()
        seconds, made = timed(
            lambda: fit(
                FitRequest(
                    folder,
                    "planted",
                    snapshot,
                    settings=Settings(penalty=PENALTY, validation_users=500),
                    track=False,
                )
            )
        )
    return {
        "items": made["items"],
        "seconds": round(seconds, 1),
        "peak_gb": round(peak_gb(), 2),
        "peak_gb_of_planting": round(before, 2),
    }


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.linear",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, help="of each of the two, in turn")
    parser.add_argument(
        "--large", action="store_true", help="only the planted catalogue, in this process"
    )
    given = parser.parse_args()
    if given.large:
        print(json.dumps(large()))
        return 0
    base = load()
    histories = Histories.of(
        base.user, base.item, np.arange(len(base.item)), int(base.user.max()) + 1
    )
    liked = like_matrix(histories, len(base.movies))
    with threadpool_limits(1):
        cut, (inputs, _outputs) = timed(
            lambda: Dense(liked, Settings().dimension, 0).vectors(PENALTY)
        )
        known = unit_rows(inputs).astype(np.float32)
        decoders = {"leave_one_out": timed(lambda: LeaveOneOut(known, histories).outputs(100.0))[0]}
        Causal(known, histories.select_users(np.arange(2)), CAUSAL_DECAYS)  # compiled
        decoders["causal"] = timed(lambda: Causal(known, histories, CAUSAL_DECAYS).outputs(0.1))[0]
        peak, ours, theirs = peak_gb(), [], []
        for number in range(given.rounds):
            (own, weights), (other, wanted) = (
                timed(lambda: ease(cooccurrence_counts(liked), PENALTY)),
                timed(lambda: plain(liked)),
            )
            ours.append(own), theirs.append(other)
            if not number:
                np.testing.assert_allclose(weights, wanted, atol=1e-4)
            print(
                f"round {number}: EASE {own:.2f} s, numpy's plain inverse {other:.2f} s",
                file=sys.stderr,
                flush=True,
            )
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.linear", "--large"],
        cwd=ROOT,
        text=True,
        capture_output=True,
    )
    if done.returncode:
        raise SystemExit(
            f"the large catalogue ended with {done.returncode}:\n{done.stderr[-3000:]}"
        )
    solver = next(line for line in done.stderr.splitlines() if "linear.solver" in line)
    print(solver, file=sys.stderr)
    print(
        json.dumps(
            {
                "data": base.name,
                "items": len(base.movies),
                "ease_ratio": round(min(ours) / min(theirs), 3),
                "ease_seconds": round(min(ours), 2),
                "numpy_seconds": round(min(theirs), 2),
                "seconds_ml1m": round(cut, 2),
                "decoder_seconds": {name: round(seconds, 2) for name, seconds in decoders.items()},
                "peak_gb": round(peak, 2),
                "large": {
                    **json.loads(done.stdout.splitlines()[-1]),
                    "solver": solver.split("solver=")[1].split()[0],
                },
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
