"""A generation holds what a reader needs, and a bad index never becomes one."""

import dataclasses
from types import SimpleNamespace

import faiss
import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.registry import mlflow_client
from tasks.core.retrieval.candidate import Candidate
from tasks.core.serving.generation import LOADED, SERVED, Generation
from tasks.core.store.store import Store
from tasks.index.build import build
from tasks.index.bundle import bundle
from tasks.index.factory import build_index
from tasks.index.index_report import tune_and_validate
from tasks.index.probe import recall
from tasks.index.settings import BuildRequest, BundleRequest
from tests import generations, worlds
from tests.index.vectors import clustered

WORLD = worlds.grouped()


@pytest.fixture
def root(tmp_path):
    return (tmp_path / "store").as_uri()


def opened(root, made):
    return Generation(Store(root).open(made["uri"], "generation"), verified=LOADED + SERVED)


def test_exact_search_is_probed_as_exact_and_repeated_work_is_found_done(root):
    made = generations.generation(root, WORLD)
    assert (
        made["recall"] == 1.0 and made["queries_per_s"] > 0 and 0 < made["p50_ms"] <= made["p99_ms"]
    )
    assert (made["items"], made["users"], made["dimension"], made["version"], made["day"]) == (
        60,
        120,
        8,
        "1",
        worlds.DAY,
    )
    assert generations.generation(root, WORLD) == made


def test_titles_genres_and_popularity_stand_in_the_rows_of_the_candidate(root):
    generation = opened(root, generations.generation(root, WORLD))
    assert (generation.item_ids[4], generation.titles[4], generation.genres[4]) == (
        "5",
        "Film 5 of group 1",
        "genre 1",
    )
    counts = np.bincount(WORLD.items, minlength=60)
    assert generation.array("popularity").tolist() == counts.tolist()
    assert counts[generation.array("popular")].tolist() == sorted(counts.tolist(), reverse=True)


def test_users_have_the_query_of_their_whole_history_and_everything_they_saw(root):
    world = dataclasses.replace(
        WORLD, ratings=np.where(WORLD.items % 2, 5.0, 2.0).astype(np.float32)
    )  # half of what they saw, they disliked
    generation = opened(root, generations.generation(root, world))
    vectors, offsets, items = (
        generation.array("vectors"),
        generation.array("seen.offsets"),
        generation.array("seen.items"),
    )
    for user in range(120):
        row = generation.user_ids[:].index(world.user_id(user))
        mine = world.items[world.users == user].tolist()
        liked = [item for item in mine if item % 2]
        np.testing.assert_allclose(
            generation.array("user_vectors")[row], vectors[liked].mean(axis=0), rtol=1e-4, atol=1e-5
        )
        assert items[offsets[row] : offsets[row + 1]].tolist() == liked + [
            item for item in mine if not item % 2
        ]
        assert generation.array("liked")[row] == len(liked)


def test_users_who_know_nothing_of_the_catalogue_are_left_out_and_counted(root):
    made = generations.generation(root, WORLD, items=2)  # only items 1 and 2 are in the model
    known = [user for user in range(120) if set(WORLD.items[WORLD.users == user].tolist()) & {0, 1}]
    generation = opened(root, made)
    assert made["users"] == len(known) and made["left_out_users"] == 120 - len(known)
    assert sorted(generation.user_ids[:]) == sorted(WORLD.user_id(user) for user in known)


def test_users_who_only_disliked_have_no_vector_but_keep_what_they_saw(root):
    world = dataclasses.replace(
        WORLD, ratings=np.where(WORLD.users == 7, 1.0, 5.0).astype(np.float32)
    )
    made = generations.generation(root, world)
    generation = opened(root, made)
    assert (
        made["users"] == 119 and len(generation.user_ids) == 120 and generation.user_ids[119] == "8"
    )
    offsets = generation.array("seen.offsets")
    assert offsets[120] - offsets[119] == 12 and generation.array("liked")[119] == 0


def test_an_index_that_finds_too_little_does_not_become_a_generation(root):
    world = worlds.grouped(users=60, items=600, groups=3, likes=20)
    with pytest.raises(RefusedData, match="recall@50") as refusal:
        generations.generation(root, world, factory="IVF20,Flat", bundle={"search": "nprobe=1"})
    assert "at least 0.98" in str(refusal.value)
    assert Store(root).names("generations", "item2vec") == []


def test_a_generation_found_done_is_still_held_to_the_bound(root):
    narrow = {"search": "nprobe=1"}
    made = generations.generation(
        root,
        worlds.grouped(users=60, items=600),
        factory="IVF20,Flat",
        minimum_recall=0.1,
        bundle=narrow,
    )
    index = Store(root).open(made["uri"], "generation").lineage["parents"][0]
    assert made["recall"] < 1.0
    with pytest.raises(RefusedData, match=r"at least 1.0"):
        bundle(BundleRequest(store=root, index=index, version="1", minimum_recall=1.0, **narrow))


def test_recall_counts_what_is_missing_and_forgives_ties():
    vectors = np.array([[4.0], [3.0], [2.0], [2.0], [1.0]], np.float32)
    query = np.ones((1, 1), np.float32)
    assert recall(query, vectors, [np.array([0, 1, 3])], k=3) == 1.0
    assert recall(query, vectors, [np.array([0, 1, 4])], k=3) == pytest.approx(2 / 3)
    assert recall(query, vectors, [np.array([0])], k=3) == pytest.approx(1 / 3)


def test_without_a_candidate_the_champion_of_the_registry_is_taken(root, monkeypatch):
    uri = generations.candidate(
        Store(root), WORLD, snapshot=worlds.snapshot(Store(root), WORLD).rsplit("/", 1)[1]
    )
    registry = {("item2vec", "champion"): SimpleNamespace(version="7", tags={"recall.uri": uri})}
    monkeypatch.setattr(
        mlflow_client, "by_alias", lambda family, alias: registry.get((family, alias))
    )
    made = build(BuildRequest(store=root, family="item2vec"))
    assert (made["candidate"], made["version"], made["items"]) == (uri, "7", 60)
    assert made["predicted_bytes_per_vector"] == 32 <= made["bytes_per_vector"] < 34
    with pytest.raises(BadRequest, match="no champion yet"):
        build(BuildRequest(store=root, family="gru4rec"))


def test_a_candidate_of_another_family_is_refused(root):
    with pytest.raises(BadRequest, match="another family"):
        build(
            BuildRequest(
                store=root, family="gru4rec", candidate=generations.candidate(Store(root), WORLD)
            )
        )


def test_items_the_model_does_not_know_are_left_out_or_placed_among_their_genre_and_counted(root):
    made = generations.generation(root, WORLD, items=55)  # items 56 to 60 are not in the model
    assert (made["items"], made["cold_items"], made["left_out_items"]) == (55, 0, 5)
    made = generations.generation(root, WORLD, items=55, build={"cold_items": "metadata"})
    assert (made["items"], made["cold_items"], made["left_out_items"]) == (60, 5, 0)
    generation = opened(root, made)
    vectors, groups = generation.array("vectors"), WORLD.item_group
    assert generation.facts["trained"] == 55 and generation.item_ids[55:] == [
        "56",
        "57",
        "58",
        "59",
        "60",
    ]
    centres = np.array([vectors[:55][groups[:55] == one].mean(axis=0) for one in range(3)])
    assert (vectors[55:] @ centres.T).argmax(axis=1).tolist() == groups[55:].tolist()
    similar = generation.neighbours.rows[55:, :10]
    assert (groups[similar] == groups[55:, None]).all()
    assert np.any(vectors, axis=1).all() and generation.searcher.index.ntotal == 60


def test_items_that_the_candidate_itself_placed_by_their_genres_are_counted(root):
    made = generations.generation(root, WORLD, cold=np.array([3, 7]))
    assert (made["items"], made["cold_items"], made["left_out_items"]) == (60, 2, 0)
    made = generations.generation(
        root, WORLD, id="c2", items=55, cold=np.array([3, 7]), build={"cold_items": "metadata"}
    )
    assert (made["items"], made["cold_items"]) == (60, 7)


def test_a_user_is_encoded_without_the_items_that_the_model_did_not_learn(root):
    generation = opened(
        root, generations.generation(root, WORLD, items=55, build={"cold_items": "metadata"})
    )
    vectors = generation.array("vectors")
    for user in (0, 1, 2):
        mine = WORLD.items[WORLD.users == user]
        row = generation.user_ids[:].index(WORLD.user_id(user))
        np.testing.assert_allclose(
            generation.array("user_vectors")[row],
            vectors[mine[mine < 55]].mean(axis=0),
            rtol=1e-4,
            atol=1e-5,
        )


def test_precomputed_lists_are_what_a_search_finds_unseen_and_best_first(root):
    generation = opened(root, generations.generation(root, WORLD, bundle={"top": 7}))
    offsets, seen = generation.array("seen.offsets"), generation.array("seen.items")
    assert generation.array("top").shape == (120, 7)
    for user, top in enumerate(generation.array("top")):
        rows, _ = generation.searcher.search(
            generation.array("user_vectors")[user],
            7,
            without=np.unique(seen[offsets[user] : offsets[user + 1]]),
        )
        assert top.tolist() == rows.tolist()


def test_a_model_that_makes_no_numbers_is_refused(root, monkeypatch):
    monkeypatch.setattr(
        "tasks.core.retrieval.encoders.mean.MeanEncoder.encode",
        lambda self, histories, users=None: np.full((len(histories), 8), np.nan, np.float32),
    )
    with pytest.raises(RefusedData, match="not numbers"):
        generations.generation(root, WORLD)
    assert Store(root).names("generations", "item2vec") == []


@pytest.mark.parametrize("value, says", [(np.nan, "1 of 60"), (0.0, "1 of 60")])
def test_vectors_that_no_search_can_rank_are_refused(root, value, says, monkeypatch):
    """Written by somebody else's trainer: ours refuses to."""
    uri = generations.candidate(
        Store(root), WORLD, snapshot=worlds.snapshot(Store(root), WORLD).rsplit("/", 1)[1]
    )
    vectors = Candidate(Store(root).open(uri, "candidate")).vectors.copy()
    vectors[7] = value
    monkeypatch.setattr(Candidate, "vectors", vectors)
    with pytest.raises(RefusedData, match=says):
        build(BuildRequest(store=root, family="item2vec", candidate=uri))
    assert Store(root).names("indexes", "item2vec") == []


def test_an_index_that_would_weigh_too_much_is_refused_before_it_is_built(root):
    with pytest.raises(BadRequest, match="would weigh more"):
        generations.generation(
            root, worlds.grouped(users=60, items=600), factory="HNSW32", build={"memory_mib": 0.1}
        )
    made = generations.generation(
        root, worlds.grouped(users=60, items=600), build={"memory_mib": 0.01}
    )
    assert made["factory"] == "SQ8"


def test_a_user_known_by_attributes_alone_has_a_query_and_one_known_by_nothing_has_none(root):
    world = dataclasses.replace(
        WORLD, user_group=np.append(WORLD.user_group, [1, 7]).astype(np.int32)
    )  # two more users who did nothing
    generation = opened(root, generations.generation(root, world, attributes=True))
    assert list(generation.user_ids)[-1] == "121" and len(generation.user_ids) == 121
    scores = generation.array("vectors") @ generation.array("user_vectors")[-1]
    assert set(WORLD.item_group[np.argsort(-scores)[:20]]) == {1}


def test_lists_of_which_most_must_be_scanned_give_way_to_an_exact_index_where_nobody_asked_for_them(
    tmp_path,
):
    """Vectors without any structure have no lists that one query could leave out."""
    random = np.random.default_rng(0)
    vectors, query_vectors = (
        random.standard_normal((2000, 48), dtype=np.float32),
        random.standard_normal((200, 48), dtype=np.float32),
    )
    faiss.write_index(build_index(vectors, "IVF32,Flat"), str(tmp_path / "lists"))
    for ours, kind in ((True, "Flat"), (False, "IVF32,Flat")):
        found, _searcher = tune_and_validate(
            tmp_path / "lists",
            "IVF32,Flat",
            vectors,
            (query_vectors[:100], query_vectors[100:]),
            tmp_path / kind,
            0.999,
            ours=ours,
        )
        assert (found.factory, found.search == "") == (kind, ours) and found.probe.recall >= 0.998
        assert (tmp_path / kind).stat().st_size < (tmp_path / "lists").stat().st_size or not ours
    near, queries = clustered(2000, 16, 200, groups=40)
    faiss.write_index(build_index(near, "IVF32,Flat"), str(tmp_path / "near"))
    assert (
        tune_and_validate(
            tmp_path / "near",
            "IVF32,Flat",
            near,
            (queries[:100], queries[100:]),
            tmp_path / "kept",
            0.9,
            ours=True,
        )[0].factory
        == "IVF32,Flat"
    )
