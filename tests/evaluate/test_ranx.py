"""The accuracy metrics agree with ranx (Bassani 2022), an independent library, for every user to
1e-9.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from infra.environments.names import python
from tasks.core.data.histories import Histories
from tasks.evaluate.measure import ItemPopularity, measure
from tests.evaluate.test_metrics import as_lists

OURS = {
    "recall": "recall",
    "precision": "precision",
    "ndcg": "ndcg",
    "mrr": "mrr",
    "hr": "hit_rate",
}
USERS = 120


def test_every_user_has_the_figure_that_ranx_gives(tmp_path):
    """Random lists with short ones among them, 1 to 70 labels. ranx divides average precision by
    all labels, so that users with more labels than places are left out of that comparison: see
    `average_precision`."""
    random = np.random.default_rng(0)
    lists = [random.permutation(200)[: random.choice([1, 7, 50])].tolist() for _ in range(USERS)]
    labels = [
        random.permutation(200)[: random.choice([1, 3, 9, 15, 40, 70])].tolist()
        for _ in range(USERS)
    ]
    ours = measure(
        as_lists(lists), Histories.of_lists(labels), ItemPopularity.of(np.ones(200), [None] * 200)
    ).per_user
    names = {
        f"{own}_{k}": f"{theirs}@{k}"
        for own, theirs in (OURS | {"map": "map"}).items()
        for k in (10, 20, 50)
    }
    (tmp_path / "given.json").write_text(
        json.dumps(
            {
                "lists": {str(user): row for user, row in enumerate(lists)},
                "labels": {str(user): row for user, row in enumerate(labels)},
                "metrics": list(names.values()),
            }
        )
    )
    done = subprocess.run(
        [python("ranx"), Path(__file__).with_name("ask_ranx.py"), tmp_path / "given.json"],
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
    )  # compiling ranx takes minutes, its plain Python a second
    assert done.returncode == 0, done.stderr
    theirs = json.loads(done.stdout.splitlines()[-1])
    for name, metric in names.items():
        few = [
            user
            for user in range(USERS)
            if not name.startswith("map") or len(labels[user]) <= int(name.split("_")[1])
        ]
        assert len(few) >= 30
        assert ours[name][few] == pytest.approx(
            [theirs[metric][str(user)] for user in few], abs=1e-9
        ), name
