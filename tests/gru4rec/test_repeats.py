"""Repeats in sequences: read in their place, learned as what comes next, and served."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.retrieval.top_k import top_k
from tasks.gru4rec.batches import batches
from tasks.gru4rec.fit import fit
from tasks.gru4rec.settings import FitRequest
from tests import degenerate, worlds
from tests.gru4rec.conftest import SMALL, candidate

ITEMS = 70  # more than the 50 of the metric


def stuttering() -> worlds.World:
    """Users walk the ring of items and meet each of them twice in a row."""
    ring = worlds.chained(users=300, items=ITEMS, length=8)
    twice = {name: np.repeat(getattr(ring, name), 2) for name in ("users", "items", "ratings")}
    return dataclasses.replace(
        ring, **twice, timestamps=np.repeat(ring.timestamps, 2) + np.tile([0, 60], len(ring.users))
    )


def test_a_batch_reads_and_asks_for_repeats_in_their_place():
    [batch] = batches(Histories.of_lists([[5, 5, 7, 5, 5]]), 10, 100, np.random.default_rng(0))
    assert batch.inputs.tolist() == [5, 5, 7, 5] and batch.targets.tolist() == [5, 7, 5, 5]


@pytest.mark.parametrize("encoder", ["gru", "sasrec"])
@pytest.mark.parametrize("full", [5000, 0], ids=["whole", "sampled"])
def test_a_repeat_is_predicted_where_it_comes_next(store, encoder, full):
    world = stuttering()
    taken = worlds.snapshot(store, world, dataset="stuttering", **worlds.event_facts(world, True))
    settings = dataclasses.replace(
        SMALL, encoder=encoder, full_softmax_items=full, negatives=60, epochs=20
    )
    made = candidate(
        store,
        fit(FitRequest(store.root.as_uri(), "stuttering", taken, settings=settings, track=False)),
    )

    def predicted(last: list[int], k: int) -> float:
        """The share of items of which `last` (steps from the item) ends with one of the k ranked
        first.
        """
        lists = [[(item + step) % ITEMS for step in last] for item in range(ITEMS)]
        rows = [made.rows_of([f"{row + 1}" for row in one]) for one in lists]
        best = top_k(
            made.encoder.encode(Histories.of_lists([row[:-1] for row in rows])), made.vectors, k
        )
        return float(np.mean([row[-1] in top for row, top in zip(rows, best.tolist())]))

    assert predicted([-2, -2, -1, -1, 0, 0], 1) > 0.8, "the same again"
    assert predicted([-2, -2, -1, -1, 0, 0, 1], 2) > 0.8, "then the next one"


@pytest.mark.parametrize("name", degenerate.WORLDS)
def test_a_data_set_that_is_hardly_one_is_learned_or_refused_in_one_sentence(store, name):
    ended = degenerate.training(store, name, fit, FitRequest, dataclasses.replace(SMALL, epochs=2))
    if name != "one item":
        assert ended == "trained"
