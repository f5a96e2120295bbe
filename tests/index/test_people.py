"""Whom a generation serves, and what it says of each."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.serving.generation import Generation
from tasks.core.store.store import Store
from tests import generations, worlds

WORLD = worlds.repeating()


@pytest.mark.parametrize("recommend_seen", [True, False])
def test_liked_rows_are_kept_as_they_happened_and_others_once_where_they_are_left_out(
    tmp_path, recommend_seen
):
    ratings = np.where(WORLD.items % 5 == 0, 1, 4).astype(
        np.float32
    )  # not liked, so that they are only left out
    world = dataclasses.replace(WORLD, ratings=ratings)
    root = (tmp_path / "store").as_uri()
    made = generations.generation(root, world, facts=worlds.event_facts(world, recommend_seen))
    generation = Generation(Store(root).open(made["uri"], "generation"))
    offsets, seen, ids = (
        generation.array("seen.offsets"),
        generation.array("seen.items"),
        list(generation.user_ids),
    )
    for user in range(12):
        rows, mine = world.items[world.users == user].tolist(), ids.index(world.user_id(user))
        liked = [row for row in rows if row % 5]
        others = [] if recommend_seen else sorted({row for row in rows if not row % 5})
        there = seen[offsets[mine] : offsets[mine + 1]].tolist()
        assert generation.array("liked")[mine] == len(liked)
        assert there[: len(liked)] == liked and sorted(there[len(liked) :]) == others


def test_popularity_sums_pairs(tmp_path):
    root = (tmp_path / "store").as_uri()
    made = generations.generation(root, WORLD, facts=worlds.event_facts(WORLD, True))
    expected = np.zeros(60)
    for user in range(120):
        items, counts = np.unique(WORLD.items[WORLD.users == user], return_counts=True)
        expected[items] += counts**0.5
    assert (
        Generation(Store(root).open(made["uri"], "generation")).array("popularity").tolist()
        == np.rint(expected).tolist()
    )
