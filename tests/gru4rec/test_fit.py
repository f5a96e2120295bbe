"""The verb on planted worlds: the next item, the user's own group, similar items; bad input; work
found done.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
import torch

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.top_k import top_k
from tasks.core.store.arrays import load
from tasks.core.torch import checkpoint
from tasks.gru4rec import trainer
from tasks.gru4rec.fit import fit
from tasks.gru4rec.settings import Settings
from tests import worlds
from tests.gru4rec.conftest import SMALL, candidate, request

RING = worlds.chained(
    users=300, items=90
)  # more items than the 50 of the metric: it can tell epochs apart
SAMPLED = dataclasses.replace(SMALL, full_softmax_items=0, negatives=40)


@pytest.fixture(scope="module")
def chained(store):
    fit_request = request(store, RING, "chained")
    return fit_request, fit(fit_request)


@pytest.fixture(scope="module")
def grouped(store):
    world = worlds.grouped(users=200, items=180, likes=20)
    fit_request = request(store, world, "grouped")
    return world, fit_request, fit(fit_request)


def next_first(made, items: int = 90) -> float:
    """The share of items after which the next one of the ring is ranked first, given five in a
    row.
    """
    ids = [[f"{(last - back) % items + 1}" for back in range(4, -1, -1)] for last in range(items)]
    histories = Histories.of_lists([made.rows_of(one) for one in ids])
    best = top_k(made.encoder.encode(histories), made.vectors, 1)[:, 0]
    return float(
        np.mean(
            [made.item_ids[row] == f"{(last + 1) % items + 1}" for last, row in enumerate(best)]
        )
    )


def test_predicts_the_next_item_of_the_ring(store, chained):
    assert next_first(candidate(store, chained[1])) > 0.95


@pytest.mark.parametrize(
    "other",
    [
        SAMPLED,
        dataclasses.replace(SMALL, loss="bpr-max", negatives=40),
        dataclasses.replace(SMALL, interests=2),
        dataclasses.replace(SMALL, encoder="sasrec", heads=2),
        dataclasses.replace(SMALL, precision="bfloat16"),
        dataclasses.replace(SMALL, positions="one", epochs=60, patience=60),
    ],
    ids=["sampled", "bpr-max", "interests", "sasrec", "bfloat16", "one position"],
)
def test_so_does_every_other_way_to_train(store, chained, other):
    assert next_first(candidate(store, fit(dataclasses.replace(chained[0], settings=other)))) > 0.95


def test_while_it_trains_it_says_which_epoch_it_is_and_how_good_the_last_one_was(chained, capfd):
    fit(dataclasses.replace(chained[0], settings=dataclasses.replace(SMALL, epochs=2), seed=7))
    log = capfd.readouterr().err
    assert (
        "progress: epoch 1 of 2, 0 % done" in log
        and "progress: validation of epoch 2 of 2, about " in log
    )
    assert re.search(
        r"progress: epoch 2 of 2, about \d+ s left, recall@50 \S+ \(the best\), 50 % done", log
    )


def test_heads_that_do_not_divide_the_dimension_are_refused():
    with pytest.raises(BadRequest, match="3 and 16"):
        Settings(encoder="sasrec", dimension=16, heads=3)


def test_recommends_from_the_users_own_group(store, grouped):
    world, fit_request, result = grouped
    made = candidate(store, result)
    snapshot = Snapshot(store.open(fit_request.snapshot, "snapshot"))
    histories = snapshot.histories("train").remap_items(made.rows_of(snapshot.item_ids))
    groups = world.item_group[np.array([int(item) - 1 for item in made.item_ids])]
    best = top_k(made.encoder.encode(histories), made.vectors, 10, histories)
    assert (groups[best] == world.user_group[:, None]).mean() > 0.95


def test_similar_items_share_the_group(store, grouped):
    world, _, result = grouped
    made = candidate(store, result)
    groups = world.item_group[np.array([int(item) - 1 for item in made.item_ids])]
    assert (groups[made.neighbours.rows[:, :5]] == groups[:, None]).mean() > 0.9


def test_candidate_tells_what_it_was_made_of(store, chained):
    fit_request, result = chained
    made = candidate(store, result)
    assert (
        made.artefact.lineage["parents"] == [fit_request.snapshot]
        and made.artefact.lineage["settings"]["hidden"] == SMALL.hidden
    )
    assert (
        made.artefact.facts["dimension"]
        == made.vectors.shape[1]
        == SMALL.dimension + 1
        == result["dimension"]
    )
    assert (
        result["metrics"]["validation_recall_50"] == 1.0
        and result["items"] == 90
        and result["version"] is None
    )
    assert not store.names("checkpoints", "gru4rec")


def test_same_seed_same_vectors_and_another_seed_others(store, chained, tmp_path):
    fit_request, result = chained
    elsewhere = worlds.Store(tmp_path.as_uri())
    again = fit(request(elsewhere, RING, "chained"))
    vectors = [
        load(made.artefact.path / "candidates.npy")
        for made in (candidate(store, result), candidate(elsewhere, again))
    ]
    assert again["id"] == result["id"] and vectors[0].tobytes() == vectors[1].tobytes()
    other = fit(
        dataclasses.replace(fit_request, seed=1, settings=dataclasses.replace(SMALL, epochs=1))
    )
    same = fit(
        dataclasses.replace(fit_request, seed=0, settings=dataclasses.replace(SMALL, epochs=1))
    )
    assert not np.array_equal(candidate(store, other).vectors, candidate(store, same).vectors)


def test_work_is_found_done(store, chained):
    fit_request, result = chained
    before = candidate(store, result).artefact.created
    assert fit(fit_request) == result and candidate(store, result).artefact.created == before


def test_stops_when_validation_no_longer_improves(store):
    world = worlds.grouped(users=60, items=100, groups=1, likes=10, seed=4)  # nothing to learn
    result = fit(request(store, world, "noise", dataclasses.replace(SMALL, epochs=200, patience=3)))
    assert result["epochs"] < 190


def test_histories_of_every_length_and_items_nobody_else_liked(store):
    """Users with nothing left to learn from (the rest is held out), one with a single row, one
    longer than the window.
    """
    users = np.repeat([0, 1, 2, 3], [4, 5, 60, 12])
    items = np.concatenate([[0, 1, 2, 3], [50, 4, 5, 6, 7], np.arange(60) % 40, np.arange(12)])
    order = np.concatenate([np.arange(n) for n in (4, 5, 60, 12)])
    world = worlds.World(
        users.astype(np.int32),
        items.astype(np.int32),
        np.full(len(users), 5.0, np.float32),
        worlds.START + 60 * order,
        np.zeros(4, np.int32),
        np.zeros(55, np.int32),
    )
    made = candidate(
        store, fit(request(store, world, "lengths", dataclasses.replace(SMALL, window=7, epochs=2)))
    )
    assert "51" in list(made.item_ids) and "55" not in list(made.item_ids)
    snapshot = Snapshot(store.open(worlds.snapshot(store, world, dataset="lengths"), "snapshot"))
    queries = made.encoder.encode(
        snapshot.histories("train").remap_items(made.rows_of(snapshot.item_ids))
    )
    assert np.isfinite(queries).all() and not queries[0].any() and queries[1:].any(axis=1).all()


def test_catalogue_of_one_item_is_refused(store):
    world = worlds.chained(users=5, items=1, length=8)
    with pytest.raises(RefusedData, match="1 items are liked"):
        fit(request(store, world, "one"))


def test_users_with_one_row_are_refused(store):
    with pytest.raises(RefusedData, match="liked two items"):
        fit(request(store, worlds.chained(users=20, items=10, length=5), "short"))


def test_rare_items_are_left_out(store):
    world = worlds.grouped(users=30, items=60, likes=8, seed=2)
    made = candidate(
        store,
        fit(request(store, world, "rare", dataclasses.replace(SMALL, minimum_count=3, epochs=1))),
    )
    snapshot = Snapshot(store.open(worlds.snapshot(store, world, dataset="rare"), "snapshot"))
    counts = np.bincount(snapshot.histories("train").items, minlength=60)
    assert list(made.item_ids) == [snapshot.item_ids[row] for row in np.flatnonzero(counts >= 3)]


def test_loss_that_is_no_number_stops_at_once_and_keeps_the_last_good_epoch(store, chained):
    original = trainer.Trainer.epoch

    def poison(self, number, progress):
        if number == 2:
            with torch.no_grad():
                self.model.projection.weight[0, 0] = float("nan")
        return original(self, number, progress)

    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(BadRequest, match=r"nan in epoch 2.*projection.weight"),
    ):
        patch.setattr(trainer.Trainer, "epoch", poison)
        fit(dataclasses.replace(chained[0], seed=3))
    (scratch,) = store.names("checkpoints", "gru4rec")
    assert checkpoint.load(store.path("checkpoints", "gru4rec", scratch)).epoch == 1
    assert store.find("candidates", "gru4rec", scratch) is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_no_gpu_is_said_plainly(store, chained):
    with pytest.raises(BadRequest, match="no GPU is here"):
        fit(dataclasses.replace(chained[0], settings=dataclasses.replace(SMALL, device="cuda")))
