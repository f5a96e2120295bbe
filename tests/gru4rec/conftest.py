"""What the tests of this stage share: one store, small settings, one candidate read back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tasks.core.data.histories import Histories
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store
from tasks.gru4rec.model import Network, Shape
from tasks.gru4rec.settings import FitRequest, Settings
from tests import worlds

SMALL = Settings(
    dimension=16,
    hidden=24,
    batch_positions=256,
    learning_rate=0.01,
    epochs=12,
    negatives=512,
    full_softmax_items=5000,
    input_dropout=0.4,
    output_dropout=0.4,
    threads=1,
)


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    return Store(tmp_path_factory.mktemp("store").as_uri())


def request(
    store: Store, world: worlds.World, dataset: str, settings: Settings = SMALL, **fields
) -> FitRequest:
    """A request to train on this world, without MLflow."""
    snapshot = worlds.snapshot(store, world, dataset=dataset)
    return FitRequest(
        store.root.as_uri(), dataset, snapshot, settings=settings, **{"track": False, **fields}
    )


def candidate(store: Store, result: dict) -> Candidate:
    return Candidate(store.open(result["uri"], "candidate"))


def random_model(
    items: int = 40, dimension: int = 8, hidden: int = 12, seed: int = 0, **kind
) -> Network:
    """An untrained network whose every parameter differs from its special first value (zero bias,
    unit scale).
    """
    torch.manual_seed(seed)
    model = Network(Shape(items, dimension, hidden, 0.0, 0.0, **kind))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(
                0.5 * hidden**-0.5 * torch.randn_like(parameter)
            )  # small: the recurrence forgets rounding
    return model


def random_histories(lengths: list[int], items: int, seed: int = 0) -> Histories:
    random = np.random.default_rng(seed)
    return Histories.of_lists([random.integers(0, items, length) for length in lengths])
