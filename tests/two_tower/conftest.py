"""What the tests of this stage share: one store, small settings, planted worlds of features."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store
from tasks.two_tower import training_data
from tasks.two_tower.settings import FitRequest, Settings
from tests import worlds

SMALL = Settings(
    dimension=16, hidden=24, batch_examples=256, learning_rate=0.02, epochs=6, minimum_value_count=1
)
NEW_ITEMS = 12  # the last ones of a world: in the catalogue, liked by nobody


@pytest.fixture(autouse=True, scope="session")
def _ids_of_users():
    """The planted lists are as short as sessions; ids are learned all the same, but where a test is
    about that.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training_data, "SHORT_LIST_ROWS", 0)
        yield


@pytest.fixture(scope="session")
def store(tmp_path_factory) -> Store:
    return Store(tmp_path_factory.mktemp("store").as_uri())


def with_new_items(planted: worlds.World, groups: int = 3) -> worlds.World:
    """The same world with `NEW_ITEMS` more items, of all groups, that nobody has met."""
    return dataclasses.replace(
        planted,
        item_group=np.concatenate([planted.item_group, np.arange(NEW_ITEMS) % groups]).astype(
            np.int32
        ),
    )


def request(
    store: Store, planted: worlds.World, dataset: str, settings: Settings = SMALL, **fields
) -> FitRequest:
    """A request to train on this world, without MLflow."""
    snapshot = worlds.snapshot(store, planted, dataset=dataset)
    return FitRequest(
        store.root.as_uri(), dataset, snapshot, settings=settings, **{"track": False, **fields}
    )


def candidate(store: Store, result: dict) -> Candidate:
    return Candidate(store.open(result["uri"], "candidate"))
