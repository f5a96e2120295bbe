"""Two processes train one network: the weights are those of one process, and one candidate comes of
it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tasks.core.store.arrays import load
from tasks.core.store.store import Store
from tasks.gru4rec.batches import batches
from tasks.gru4rec.fit import fit
from tasks.gru4rec.trainer import ROWS_FROM
from tests import worlds
from tests.gru4rec.conftest import SMALL, random_histories, request

ROOT = Path(__file__).resolve().parents[2]
PLAIN = dataclasses.replace(SMALL, input_dropout=0.0, output_dropout=0.0, epochs=3, device="cpu")


LARGE = dataclasses.replace(PLAIN, epochs=1, negatives=64, batch_positions=2048)


@pytest.mark.parametrize(
    "world, settings, by_rows",
    [((81, 60), PLAIN, False), ((3000, 40_000), LARGE, True)],
    ids=["whole", "by rows"],
)
def test_two_processes_end_with_the_weights_of_one(tmp_path, world, settings, by_rows):
    planted = worlds.chained(*world)
    alone, together = (
        request(Store((tmp_path / name).as_uri()), planted, "chained", settings)
        for name in ("alone", "together")
    )
    expected = fit(alone)
    assert (expected["items"] >= ROWS_FROM) == by_rows
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node",
            "2",
            "-m",
            "tasks.gru4rec",
            "fit",
            json.dumps(dataclasses.asdict(together)),
        ],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=600,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "OMP_NUM_THREADS": "1",
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["uri"] for one in results} == {
        (tmp_path / "together/candidates/gru4rec" / expected["id"]).as_uri()
    }
    for name in ("candidates.npy", "encoder.state_weights.npy"):
        one, two = (
            load(tmp_path / place / "candidates/gru4rec" / expected["id"] / name)
            for place in ("alone", "together")
        )
        np.testing.assert_allclose(one, two, atol=2e-3)
    assert results[0]["metrics"]["validation_recall_50"] == pytest.approx(
        expected["metrics"]["validation_recall_50"], abs=0.03
    )


@pytest.mark.parametrize("one", [False, True])
def test_the_parts_of_a_batch_are_the_whole(one):
    histories = random_histories([2, 9, 30, 4, 17], 40)
    whole, *parts = (
        list(batches(histories, 8, 12, np.random.default_rng(1), one, part))
        for part in ((0, 1), (0, 2), (1, 2))
    )
    for batch, *shares in zip(whole, *parts):
        assert (
            sorted(batch.targets) == sorted(np.concatenate([share.targets for share in shares]))
            and len(batch.targets) == batch.whole
        )
        assert {share.whole for share in shares} == {batch.whole}
    assert any(not len(share.targets) for share in parts[1]), (
        "a batch of one window leaves the second process without work"
    )
