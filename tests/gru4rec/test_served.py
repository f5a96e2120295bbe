"""What a service shows, FAISS and the encoder in numpy in an environment without torch, is what
torch would show.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from infra.environments.names import python
from tasks.gru4rec.batches import pack
from tasks.gru4rec.fit import fit
from tasks.gru4rec.model import Network
from tasks.gru4rec.trainer import network_shape
from tasks.gru4rec.warm_start import WEIGHTS_FILE
from tests import worlds
from tests.gru4rec.conftest import SMALL, candidate, request

ROOT = Path(__file__).resolve().parents[2]
SERVICE = """
import json, sys
import numpy as np
from tasks.core.retrieval.candidate import Candidate
from tasks.core.data.histories import Histories
from tasks.core.retrieval.faiss_search import Searcher
from tasks.core.store.store import Store
from tasks.index.factory import build_index
store, uri, histories = json.loads(sys.argv[1])
made = Candidate(Store(store).open(uri, "candidate"))
searcher = Searcher(build_index(made.vectors, "Flat"), made.vectors)
queries = made.encoder.encode(Histories.of_lists(histories))
assert "torch" not in sys.modules
asked = zip(queries, histories)
found = [searcher.search(query, 10, np.unique(rows))[0].tolist() for query, rows in asked]
print(json.dumps(found))
"""


@pytest.mark.parametrize(
    "kind",
    [{}, {"encoder": "sasrec", "heads": 2}, {"interests": 2}],
    ids=["gru", "sasrec", "interests"],
)
def test_lists_equal_torchs(store, kind):
    settings = dataclasses.replace(SMALL, epochs=2, **kind)
    result = fit(request(store, worlds.grouped(users=90, items=60), "served", settings))
    made, random = candidate(store, result), np.random.default_rng(0)
    histories = [
        random.permutation(len(made.item_ids))[:length].tolist() for length in (1, 2, 5, 13, 40)
    ]
    question = json.dumps([store.root.as_uri(), result["uri"], histories])
    done = subprocess.run(
        [str(python("serve")), "-c", SERVICE, question],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [torchs(made, settings, np.array(rows)) for rows in histories]


def torchs(made, settings, rows: np.ndarray) -> list[int]:
    """The ten items that the trained network itself scores highest, the read ones left out."""
    model = Network(network_shape(settings, len(made.item_ids)))
    model.load_state_dict(load_file(made.artefact.file(WEIGHTS_FILE)))
    packed = pack(rows, rows, np.array([0]), np.array([len(rows)]))
    with torch.no_grad():
        scores = model.scores(model.eval()(torch.from_numpy(packed.inputs), packed.widths))[-1]
    scores[torch.from_numpy(rows)] = -torch.inf
    return scores.argsort(descending=True)[:10].tolist()
