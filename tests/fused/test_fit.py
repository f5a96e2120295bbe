"""The fused stage on members that know parts: what it makes of them, what it writes, what it
refuses, what it falls back on.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, NothingToDo, RefusedData
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.encoders import FusedEncoder, GRUEncoder
from tasks.core.retrieval.top_k import recall
from tasks.core.store.store import Store
from tasks.fused.fit import fit
from tasks.fused.settings import FitRequest, Settings
from tests import worlds
from tests.fused import planted

ALL = ("item2vec", "gru4rec", "linear")


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path))


@pytest.fixture
def snapshot(store) -> str:
    return worlds.snapshot(store, planted.WORLD)


def fit_request(store: Store, snapshot: str, candidates: dict[str, str], **settings) -> FitRequest:
    return FitRequest(
        str(store.root),
        "planted",
        snapshot,
        settings=Settings(**settings),
        candidates=candidates,
        registry=False,
        track=False,
    )


def made(store: Store, result: dict) -> Candidate:
    return Candidate(store.open(result["uri"], "candidate"))


def found(store: Store, snapshot: str, candidate: Candidate) -> float:
    """Recall of a test user's three labels among ten."""
    taken = Snapshot(store.open(snapshot, "snapshot"))
    queries, rows = taken.queries("test"), candidate.rows_of(taken.item_ids)
    fit_request = candidate.encoder.encode(queries.histories.remap_items(rows), queries.attributes)
    return recall(
        fit_request,
        candidate.vectors,
        33,
        queries.labels.remap_items(rows),
        queries.labels.lengths,
        queries.seen.remap_items(rows),
    )


@pytest.mark.parametrize("scale", ["auto", "all", "each"])
def test_together_they_know_what_none_knows_alone(store, snapshot, scale):
    candidates = planted.members(store, snapshot, *ALL)
    whole = made(store, fit(fit_request(store, snapshot, candidates, scale=scale)))
    alone = [
        found(store, snapshot, Candidate(store.open(uri, "candidate")))
        for uri in candidates.values()
    ]
    assert found(store, snapshot, whole) > 0.95 > max(alone) + 0.2
    members = whole.artefact.facts["members"]
    assert {family: one["uri"] for family, one in members.items()} == candidates
    assert (
        members["item2vec"]["weight"] > 0.1 < members["gru4rec"]["weight"]
        and members["linear"]["weight"] < 0.2
    )
    assert set(candidates.values()) < set(whole.artefact.lineage["parents"])


def test_a_score_is_the_weighted_sum_of_the_members_scores_in_spreads_about_their_mean(
    store, snapshot
):
    candidates = planted.members(store, snapshot, "item2vec", "gru4rec")
    whole = made(store, fit(fit_request(store, snapshot, candidates, scale="each")))
    taken = Snapshot(store.open(snapshot, "snapshot"))
    histories = taken.queries("test").histories
    expected = np.zeros((len(histories), len(whole.item_ids)))
    for family, uri in candidates.items():
        one = Candidate(store.open(uri, "candidate"))
        scores = one.encoder.encode(histories) @ one.vectors.T
        expected += (
            whole.artefact.facts["members"][family]["weight"]
            * (scores - scores.mean(axis=1, keepdims=True))
            / scores.std(axis=1, keepdims=True)
        )
    np.testing.assert_allclose(
        whole.encoder.encode(histories) @ whole.vectors.T, expected, atol=1e-3
    )


def test_work_is_found_done_and_every_member_setting_and_seed_counts(store, snapshot):
    candidates = planted.members(store, snapshot, "item2vec", "gru4rec")
    request = fit_request(store, snapshot, candidates)
    first = fit(request)
    assert fit(request)["uri"] == first["uri"]
    others = [
        dataclasses.replace(request, settings=Settings(scale="all")),
        dataclasses.replace(request, seed=1),
        dataclasses.replace(
            request,
            candidates={
                **candidates,
                "gru4rec": planted.member(store, snapshot, "gru4rec", seed=5),
            },
        ),
    ]
    assert len({first["id"], *(fit(one)["id"] for one in others)}) == 4


def test_wider_vectors_are_reduced_to_the_budget_and_rank_almost_alike(store, snapshot):
    candidates = planted.members(store, snapshot, "item2vec", "gru4rec")
    wide, narrow = (
        made(store, fit(fit_request(store, snapshot, candidates, dimension=of))) for of in (1024, 2)
    )
    assert (wide.vectors.shape[1], narrow.vectors.shape[1]) == (
        8,
        2,
    ) and narrow.encoder.dimension == 2
    assert found(store, snapshot, narrow) > 0.9
    assert list(narrow.encoder.blocks) == list(wide.encoder.blocks), (
        "each member still has its own dimensions"
    )


def test_items_that_a_member_lacks_stand_in_its_block_where_hardly_liked_ones_of_their_genre_do(
    store, snapshot
):
    fewer = np.arange(150)[np.arange(150) % 5 > 0]
    candidates = {
        **planted.members(store, snapshot, "item2vec"),
        "gru4rec": planted.member(store, snapshot, "gru4rec", fewer),
    }
    whole = made(store, fit(fit_request(store, snapshot, candidates)))
    assert len(whole.item_ids) == 150 and not len(whole.cold), "the other member has trained them"
    block = whole.vectors[:, whole.encoder.blocks["gru4rec"]]
    lacking = whole.rows_of(
        [planted.WORLD.item_id(row) for row in np.setdiff1d(np.arange(150), fewer)]
    )
    mine = planted.WORLD.item_group[[int(whole.item_ids[row]) - 1 for row in lacking]] == 1
    assert block[lacking][mine, 0].min() > block[lacking][~mine, 0].max()
    assert found(store, snapshot, whole) > 0.9


def test_weights_that_fall_to_one_member_leave_it_alone_and_say_so(store, snapshot, capsys):
    noise = np.random.default_rng(3).standard_normal((150, 4)).astype(np.float32)
    truth = np.eye(3, dtype=np.float32)[planted.WORLD.item_group] + 0.01 * noise[:, :3]
    candidates = {
        "item2vec": planted.member(store, snapshot, "item2vec", of=truth),
        "linear": planted.member(store, snapshot, "linear", of=noise),
    }
    whole = made(store, fit(fit_request(store, snapshot, candidates, least_weight=0.5)))
    assert "fused.collapsed member=item2vec" in capsys.readouterr().err
    assert list(whole.encoder.blocks) == ["item2vec"] and whole.vectors.shape[1] == 3
    assert whole.artefact.facts["members"]["linear"]["weight"] == 0


def test_a_member_with_interests_is_asked_with_each(store, snapshot):
    random = np.random.default_rng(0)
    d, hidden, several = 4, 3, 2
    shapes = (
        (150, d),
        (d,),
        (d,),
        (3 * hidden, d),
        (3 * hidden,),
        (3 * hidden, hidden),
        (3 * hidden,),
        (several * d, hidden),
        (several * d,),
    )
    encoder = GRUEncoder(
        *(random.standard_normal(shape).astype(np.float32) for shape in shapes), interests=several
    )
    of = np.column_stack([planted.vectors("gru4rec"), np.zeros(150)]).astype(np.float32)
    candidates = {
        **planted.members(store, snapshot, "item2vec"),
        "gru4rec": planted.member(store, snapshot, "gru4rec", encoder=encoder, of=of),
    }
    whole = made(store, fit(fit_request(store, snapshot, candidates, least_weight=0, scale="all")))
    histories = Snapshot(store.open(snapshot, "snapshot")).queries("test").histories
    query = whole.encoder.encode(histories)
    assert query.shape == (len(histories), several * whole.encoder.dimension) and isinstance(
        whole.encoder, FusedEncoder
    )
    blocks, each = whole.encoder.blocks, query.reshape(len(histories), several, -1)
    best = (each @ whole.vectors.T).max(axis=1)
    apart = each[:, 0, blocks["item2vec"]] @ whole.vectors[:, blocks["item2vec"]].T + (
        each[:, :, blocks["gru4rec"]] @ whole.vectors[:, blocks["gru4rec"]].T
    ).max(axis=1)
    np.testing.assert_allclose(best, apart, atol=1e-4)


@pytest.mark.parametrize(
    "facts, why",
    [
        ({"day": "1998-04-16"}, "it has seen what is held out on 1998-04-15"),
        ({"snapshot": "another"}, "another snapshot of 1998-04-15, another"),
        ({"dataset": "other"}, "learned from other"),
        ({"split": {"method": "none"}}, "divided otherwise"),
    ],
)
def test_a_member_that_does_not_fit_the_snapshot_is_left_out_or_refused_where_it_was_named(
    store, snapshot, facts, why, capsys
):
    candidates = {
        **planted.members(store, snapshot, "item2vec", "gru4rec"),
        "linear": planted.member(store, snapshot, "linear", **facts),
    }
    whole = made(store, fit(fit_request(store, snapshot, candidates)))
    said = capsys.readouterr().err
    assert (
        set(whole.artefact.facts["members"]) == {"item2vec", "gru4rec"}
        and "fused.left_out family=linear" in said
        and why in said
    )
    with pytest.raises(
        BadRequest, match=f"linear cannot be a member.*{why}.*train linear for this day"
    ):
        fit(fit_request(store, snapshot, candidates, members=ALL))


def test_an_older_champion_may_take_part(store, snapshot):
    candidates = {
        **planted.members(store, snapshot, "item2vec"),
        "gru4rec": planted.member(store, snapshot, "gru4rec", day="1998-04-10", snapshot="older"),
    }
    assert found(store, snapshot, made(store, fit(fit_request(store, snapshot, candidates)))) > 0.95


def test_fewer_than_two_members_are_nothing_to_do_and_a_name_without_a_champion_is_an_error(
    store, snapshot
):
    candidates = planted.members(store, snapshot, "item2vec")
    with pytest.raises(NothingToDo, match="1 champions fit planted 1998-04-15"):
        fit(fit_request(store, snapshot, candidates))
    with pytest.raises(BadRequest, match=r"gru4rec cannot be a member.*it has no champion"):
        fit(fit_request(store, snapshot, candidates, members=("item2vec", "gru4rec")))
    for wrong in (("item2vec",), ("item2vec", "item2vec"), ("item2vec", "fused")):
        with pytest.raises(BadRequest, match="do not make a fusion"):
            Settings(members=wrong)


def test_a_member_that_tells_nothing_apart_is_refused(store, snapshot):
    same = np.ones((150, 3), np.float32)
    candidates = {
        **planted.members(store, snapshot, "item2vec"),
        "linear": planted.member(store, snapshot, "linear", of=same),
    }
    with pytest.raises(RefusedData, match="linear scores all items alike"):
        fit(fit_request(store, snapshot, candidates))


def test_scores_that_do_not_fit_the_memory_take_fewer_users_or_are_refused(store, snapshot, capsys):
    candidates = planted.members(store, snapshot, "item2vec", "gru4rec")
    fit(fit_request(store, snapshot, candidates, memory_gb=2400 * 50 / 2**30))
    assert "fused.validation users=50 of=150" in capsys.readouterr().err
    with pytest.raises(RefusedData, match="scores of one validation user take more memory"):
        fit(fit_request(store, snapshot, candidates, memory_gb=1e-6))


def test_too_many_combinations_of_interests_are_refused(store, snapshot):
    encoder = GRUEncoder(
        *(
            np.ones(shape, np.float32)
            for shape in ((150, 2), (2,), (2,), (6, 2), (6,), (6, 2), (6,), (10, 2), (10,))
        ),
        interests=5,
    )
    of = np.random.default_rng(0).standard_normal((150, 3)).astype(np.float32)
    candidates = {
        family: planted.member(store, snapshot, family, encoder=encoder, of=of)
        for family in ("item2vec", "gru4rec")
    }
    with pytest.raises(BadRequest, match=r"got 25.*16 at most"):
        fit(fit_request(store, snapshot, candidates, least_weight=0))
