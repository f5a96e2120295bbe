"""Item to item, measured on likes whose right answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries
from tasks.core.store.store import Store
from tasks.evaluate.judge import judge
from tasks.evaluate.measure import ItemPopularity, Metrics
from tasks.evaluate.settings import JudgeRequest
from tasks.evaluate.similar import SHRINK, item_cosine, lists_of_items, with_similar
from tests import worlds
from tests.evaluate import planted

# Two users with a history, whose newest likes are 2 and 0, and one without.
QUERIES = Queries(
    np.arange(3),
    Histories.of_lists([[1, 2], [3, 0], []]),
    Histories.of_lists([[3], [1, 2], [0]]),
    Histories.of_lists([[1, 2, 4], [3, 0], []]),
)


def test_the_newest_like_is_asked_and_neither_it_nor_what_was_seen_is_shown():
    asked = []

    def score(items):
        asked.extend(items.tolist())
        return np.tile(np.array([5, 4, 3, 2, 1], np.float32), (len(items), 1))

    lists = lists_of_items(score, 5, QUERIES)
    assert asked == [2, 0]
    assert [row[row >= 0].tolist() for row in lists] == [[0, 3], [1, 2, 4], []]


def test_hits_ranks_and_genres_in_common_are_counted_by_hand():
    catalogue = ItemPopularity.of(
        np.array([9, 5, 4, 3, 1]), [["a"], ["a", "b"], ["a", "c"], ["c"], None]
    )
    empty = Metrics({"recall_50": np.zeros(3)}, {})
    lists = np.full((3, 10), -1, np.int32)
    lists[0, :2], lists[1, :3] = [0, 3], [4, 1, 2]
    made = with_similar(empty, lists, QUERIES, catalogue)
    np.testing.assert_allclose(made.per_user["similar_hr_10"], [1, 1, np.nan])
    np.testing.assert_allclose(made.per_user["similar_mrr_10"], [1 / 2, 1 / 2, np.nan])
    # of item 2 (a c): 1/2 with a, 1/2 with c; of item 0 (a): nothing, 1/2 and 1/2 of three
    np.testing.assert_allclose(made.per_user["similar_genres_10"], [1 / 2, 1 / 3, np.nan])
    assert made.overall["similar_hr_10"] == 1 and made.overall["similar_coverage_10"] == 1


def test_item_cosine_is_shrunk():
    liked = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1], [1, 0, 0]], np.float32)
    counts = liked.T @ liked
    roots = np.sqrt(np.diag(counts))
    np.testing.assert_allclose(
        item_cosine(csr_matrix(liked))(np.array([2, 0])),
        (counts / (np.outer(roots, roots) + SHRINK))[[2, 0]],
        rtol=1e-6,
    )


@pytest.fixture(scope="module")
def figures(tmp_path_factory) -> dict[str, dict]:
    """Overall metrics of a good model, of one whose neighbours are shuffled, and of baselines."""
    store = Store(tmp_path_factory.mktemp("store").as_uri())
    snapshot = worlds.snapshot(store, planted.WORLD)

    def metrics(uri: str) -> dict:
        request = JudgeRequest(store.root.as_uri(), uri, champion_from_registry=False, track=False)
        return judge(request)["metrics"]

    good = metrics(planted.good(store, snapshot))
    shuffled = metrics(planted.unlike(store, snapshot))
    return {**good, "good": good["challenger"], "shuffled": shuffled["challenger"]}


def test_a_model_that_knows_the_groups_finds_what_was_liked_next_from_one_like(figures):
    assert figures["good"]["similar_hr_10"] > 2 * figures["popularity"]["similar_hr_10"]
    assert figures["good"]["similar_genres_10"] > 0.95
    assert figures["item_knn"]["similar_hr_10"] > 2 * figures["popularity"]["similar_hr_10"]


def test_shuffled_neighbours_are_seen_and_the_lists_of_users_are_as_they_were(figures):
    assert figures["shuffled"]["similar_hr_10"] < 0.6 * figures["good"]["similar_hr_10"]
    assert figures["shuffled"]["recall_50"] == figures["good"]["recall_50"]


def test_what_is_not_asked_for_an_item_has_no_such_figure(figures):
    assert figures["ease"]["similar_hr_10"] is None
