"""Walks: the exact law, the same for a seed, one or two threads."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.errors import RefusedData
from tasks.core.graph import Lists
from tasks.item2vec.walker import walk

# Likes [[0, 1, 2], [1, 2], [2, 3, 4, 0]] of five items, and an isolated sixth; slots written out by hand, any order of users will do.
ALWAYS = 2**32 - 1
FIVE = Lists(
    user_offsets=np.array([0, 3, 5, 9]), user_items=np.array([0, 1, 2, 1, 2, 2, 3, 4, 0], np.int32),
    item_offsets=np.array([0, 2, 4, 7, 8, 9, 9]),
    slots=np.array([[round(.8 * 2**32), 0, 2], [ALWAYS, 2, 2],                       # item 0: users 0, 2 with weights 2, 3
                    [ALWAYS, 0, 0], [round(2 / 3 * 2**32), 1, 0],                    # item 1: users 0, 1 with weights 2, 1
                    [ALWAYS, 0, 0], [round(.5 * 2**32), 1, 2], [ALWAYS, 2, 2],       # item 2: users 0, 1, 2 with weights 2, 1, 3
                    [ALWAYS, 2, 2], [ALWAYS, 2, 2]], np.uint32),
    entrance=np.array([5, 8, 14, 17, 20, 20]))
W = np.array([[0, 1, 2, 1, 1, 0], [1, 0, 2, 0, 0, 0], [2, 2, 0, 1, 1, 0], [1, 0, 1, 0, 1, 0], [1, 0, 1, 1, 0, 0], [0] * 6])


def distance(counts: np.ndarray, law: np.ndarray) -> float:
    """Total variation distance of the frequencies to the law, in units of what chance alone makes of it (mean 1)."""
    n = counts.sum()
    floor = .5 * np.sqrt(2 / np.pi * law * (1 - law) / n).sum()
    return .5 * np.abs(counts / n - law).sum() / floor


def test_transition_frequencies_are_the_law():
    walks = walk(FIVE, 0, 100_000, 11, seed=3)
    counts = np.zeros((6, 6))
    np.add.at(counts, (walks[:, :-1].ravel(), walks[:, 1:].ravel()), 1)
    for item in range(5):
        assert distance(counts[item], W[item] / W[item].sum()) < 2.5, item


def test_entrance_and_every_later_place_follow_strength():
    walks = walk(FIVE, 0, 200_000, 6, seed=4)
    for place in (0, 1, 5):
        assert distance(np.bincount(walks[:, place], minlength=6), W.sum(1) / W.sum()) < 2.5, place


def slow_walk(lists: Lists, number: int, length: int, seed: int) -> list[int]:
    """One walk in plain Python, from splitmix64 as published and the layout in `tasks.core.graph`."""
    def mix(x):
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
        return x ^ x >> 31

    golden = 0x9E3779B97F4A7C15
    stream = (mix(seed + golden) + number * 2 * length * golden + k * golden for k in range(2 * length))
    draw = (mix(x % 2**64) for x in stream)
    here = int(np.searchsorted(lists.entrance, int((next(draw) >> 11) / 2**53 * lists.entrance[-1]), side="right"))
    met = [here]
    while len(met) < length:
        bits, place = next(draw), next(draw)
        mine = lists.slots[lists.item_offsets[here]:lists.item_offsets[here + 1]]
        threshold, user, other = mine[(bits >> 32) * len(mine) >> 32].tolist()
        user = user if bits % 2**32 < threshold else other
        items = lists.user_items[lists.user_offsets[user]:lists.user_offsets[user + 1]].tolist()
        found = items[(place % 2**32) * (len(items) - 1) >> 32]
        here = found if found != here else items[-1]
        met.append(here)
    return met


def test_literal_walks_of_a_seed():
    assert walk(FIVE, 0, 4, 5, seed=0).tolist() == [
        [1, 2, 3, 0, 3], [2, 4, 3, 0, 3], [0, 2, 1, 2, 1], [1, 0, 2, 3, 2]]


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_block_walks_are_those_of_the_plain_reading(seed):
    assert walk(FIVE, 7, 200, 6, seed).tolist() == [slow_walk(FIVE, 7 + w, 6, seed) for w in range(200)]


@pytest.mark.parametrize("count", [1, 63, 64, 1001])
def test_same_walks_with_one_thread_and_two_and_in_parts(count):
    whole = walk(FIVE, 0, count, 7, seed=5)
    assert (walk(FIVE, 0, count, 7, seed=5, threads=2) == whole).all()
    half = count // 2
    assert (np.concatenate([walk(FIVE, 0, half, 7, 5), walk(FIVE, half, count - half, 7, 5)]) == whole).all()


def test_seeds_differ_and_walks_do_not_repeat():
    assert (walk(FIVE, 0, 1000, 12, seed=1) != walk(FIVE, 0, 1000, 12, seed=2)).mean() > .5
    assert len(np.unique(walk(FIVE, 0, 1000, 12, seed=1), axis=0)) > 990


def test_length_one_is_the_entrance():
    walks = walk(FIVE, 0, 1000, 1, seed=0)
    assert walks.shape == (1000, 1) and set(walks.ravel()) == {0, 1, 2, 3, 4}


def test_no_edge_is_refused():
    empty = Lists(np.array([0, 1]), np.array([0], np.int32), np.array([0, 0]), np.zeros((0, 3), np.uint32), np.array([0]))
    with pytest.raises(RefusedData, match="no edge"):
        walk(empty, 0, 10, 5, seed=0)


def test_self_loops_do_not_exist():
    walks = walk(FIVE, 0, 10_000, 8, seed=9)
    assert (walks[:, 1:] != walks[:, :-1]).all()
