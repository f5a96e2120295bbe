"""The baselines: their weights are what their papers say, their figures what a planted world
allows, and made once a snapshot.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.cooccurrence import cooccurrence_counts, like_matrix
from tasks.core.models.ease import ease, low_rank
from tasks.core.store.store import Store
from tasks.evaluate.baselines import item_knn, popular_items, tuning
from tasks.evaluate.baselines.popular_items import PopularItems
from tasks.evaluate.baselines.queries import weighted_queries
from tasks.evaluate.judge import judge
from tasks.evaluate.settings import JudgeRequest
from tests import worlds
from tests.evaluate import planted

X = (np.random.default_rng(0).random((60, 12)) < 0.3).astype(float)
X[:, 0] = X[:, 1]


def test_an_item_counts_the_root_of_how_often_it_was_liked():
    made = like_matrix(Histories.of_lists([[1, 1, 2, 1, 1], [], [2]]), 3)
    assert made.toarray().tolist() == [[0, 2, 1], [0, 0, 0], [0, 0, 1]]
    assert cooccurrence_counts(made).tolist() == [[0, 0, 0], [0, 4, 2], [0, 2, 2]]
    assert weighted_queries(Histories.of_lists([[1, 1, 2, 1, 1]]), 3, None).toarray().tolist() == [
        [0, 2, 1]
    ]


def test_an_older_item_weighs_less_in_a_query():
    made = weighted_queries(Histories.of_lists([[2, 0], [1]]), 3, 10.0).toarray()
    assert made[0].tolist() == pytest.approx([1, 0, np.exp(-0.1)]) and made[1].tolist() == [0, 1, 0]
    assert weighted_queries(Histories.of_lists([[2, 0], [1]]), 3, None).toarray()[0].tolist() == [
        1,
        0,
        1,
    ]


def test_ease_is_the_best_linear_model_that_leaves_each_item_out():
    """Column by column, least squares with a ridge over the other items: another way to the same
    weights.
    """
    found = ease(X.T @ X, 5.0)
    assert found.flags.c_contiguous, "a sparse query would copy it whole, block by block"
    for item in range(12):
        others = np.delete(np.arange(12), item)
        expected = np.linalg.solve(
            X[:, others].T @ X[:, others] + 5.0 * np.eye(11), X[:, others].T @ X[:, item]
        )
        assert found[others, item] == pytest.approx(expected, abs=1e-5) and found[item, item] == 0


def test_ease_cut_to_dimensions_is_the_nearest_product_of_that_rank():
    weights = ease(X.T @ X, 5.0)
    left, right = low_rank(weights, 4)
    spectrum = np.linalg.svd(weights, compute_uv=False)
    assert left.shape == right.shape == (12, 4)
    assert np.linalg.norm(weights - left @ right.T) == pytest.approx(
        np.sqrt(np.square(spectrum[4:]).sum()), rel=1e-3
    )


@pytest.mark.parametrize("cells", [10**6, 30])
def test_item_knn_is_the_shrunken_cosine_of_the_nearest_however_many_items_are_held_at_a_time(
    monkeypatch, cells
):
    monkeypatch.setattr(item_knn, "BLOCK_CELLS", cells)
    both = X.T @ X
    found = item_knn.item_knn(csr_matrix(X), neighbours=3, shrink=2.0).toarray()
    for item in range(12):
        cosine = [
            0 if i == item else both[item, i] / (np.sqrt(both[item, item] * both[i, i]) + 2.0)
            for i in range(12)
        ]
        least = sorted(cosine)[-3]
        assert found[item] == pytest.approx([one if one >= least else 0 for one in cosine])


def test_the_head_is_what_has_room_of_the_most_popular_items():
    counts = np.array([5, 1, 9, 9, 0, 2] + [0] * 94)
    some = PopularItems.of(counts, 28 * 52**2 / 2**30)
    assert some.rows.tolist() == list(range(52)) and not some.whole
    assert PopularItems.of(counts[::-1], 28 * 52**2 / 2**30).rows.tolist() == [
        *range(47),
        94,
        *range(96, 100),
    ]
    assert "52 most popular of 100 items, which hold 100.0% of the likes" in some.coverage(counts)
    assert (
        PopularItems.of(counts, 1.0).whole and PopularItems.of(counts, 1.0).coverage(counts) is None
    )
    scores = some.scores(lambda start, stop: np.ones((stop - start, 52), np.float32))(0, 2)
    assert (
        scores.shape == (2, 100)
        and np.isneginf(scores[:, 52:]).all()
        and (scores[:, :52] == 1).all()
    )
    assert some.columns(csr_matrix(np.arange(100.0)[None])).toarray().tolist() == [list(range(52))]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(str(tmp_path_factory.mktemp("store")))


def ask(store: Store, candidate: str, **more) -> dict:
    return judge(
        JudgeRequest(str(store.root), candidate, champion_from_registry=False, track=False, **more)
    )


def test_item_item_baselines_find_planted_groups_and_popularity_does_not(store):
    snapshot = worlds.snapshot(store, planted.WORLD)
    metrics = ask(store, planted.good(store, snapshot))["metrics"]
    for name in ("item_knn", "ease", "ease_64"):
        assert (
            metrics[name]["recall_50"] == pytest.approx(50 / 111, abs=0.06)
            and metrics["popularity"]["recall_50"] < 0.2
        )


def test_the_yardstick_is_made_once_a_snapshot(store):
    snapshot = worlds.snapshot(store, planted.WORLD)
    made = [
        store.open(ask(store, planted.good(store, snapshot, seed))["uri"], "evaluation").facts[
            "yardstick"
        ]
        for seed in (1, 2)
    ]
    assert made[0] == made[1] and len(store.children("yardsticks", "planted")) == 1


def test_of_a_catalogue_too_large_for_it_ease_takes_the_most_popular_items_and_says_so(
    store, monkeypatch, capfd
):
    snapshot = worlds.snapshot(store, planted.WORLD)
    whole = ask(store, planted.good(store, snapshot))["metrics"]
    monkeypatch.setattr(popular_items, "BYTES_PER_PAIR", 2**30 // 200**2)
    done = ask(store, planted.good(store, snapshot), baselines_memory_gb=1.0)
    facts = store.open(done["uri"], "evaluation").facts
    assert set(facts["partial"]) == {"ease", "ease_64"} and facts["partial"]["ease"].startswith(
        "of the 200 most popular of 360 items, which hold "
    )
    assert "evaluate.part" in capfd.readouterr().err
    assert done["metrics"]["item_knn"] == whole["item_knn"], (
        "items of items that were liked together fit any catalogue"
    )
    assert (
        0.2 < done["metrics"]["ease"]["recall_50"] < whole["ease"]["recall_50"]
        and done["metrics"]["ease"]["coverage_50"] <= 200 / 360
    )


def test_a_large_head_is_tuned_on_its_most_popular_items_and_solved_for_once(tmp_path, monkeypatch):
    solved = []

    def counted(matrix, penalty):
        solved.append(len(matrix))
        return ease(matrix, penalty)

    monkeypatch.setattr(tuning, "ease", counted)
    monkeypatch.setattr(tuning, "MAX_TUNING_ITEMS", 30)
    snapshot = Snapshot(
        Store(tmp_path.as_uri()).open(
            worlds.snapshot(Store(tmp_path.as_uri()), worlds.grouped(users=80, items=60, likes=12)),
            "snapshot",
        )
    )
    matrix = cooccurrence_counts(like_matrix(snapshot.histories("train"), 60))
    chosen = tuning.tune_ease(
        matrix, PopularItems(np.arange(60), 60), snapshot.queries("validation")
    )
    assert solved == [30] * len(tuning.PENALTIES) + [60] and chosen.penalty in tuning.PENALTIES
    assert np.array_equal(chosen.weights, ease(matrix, chosen.penalty))
