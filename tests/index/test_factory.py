"""What cannot be built says why; which index is chosen, and how it is tuned."""

import os
import threading

import faiss
import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, Corrupt
from tasks.core.data.histories import Histories
from tasks.core.retrieval.faiss_search import Searcher
from tasks.index.factory import build_index
from tasks.index.index_size import bytes_per_vector, choose_factory
from tasks.index.probe import probe_index
from tasks.index.tune import set_parameters, tune_parameters
from tests.index.vectors import clustered

VECTORS, ASKED = clustered(600, 16, 40, groups=6)


def test_more_than_there_is_gives_what_there_is():
    rows, _ = Searcher(build_index(VECTORS[:7], "Flat"), VECTORS[:7]).search(
        ASKED[0], 50, without=np.array([3])
    )
    assert sorted(rows.tolist()) == [0, 1, 2, 4, 5, 6]


def test_a_query_stays_on_the_thread_that_asks():
    """A service's worker has OpenMP's own number of threads, whatever the thread that imported the
    reader had set.
    """
    searcher, threads = Searcher(build_index(VECTORS, "SQ8"), VECTORS), []

    def ask():
        faiss.omp_set_num_threads(4)
        before = len(os.listdir("/proc/self/task"))
        searcher.search(ASKED[0], 10)
        threads.extend([len(os.listdir("/proc/self/task")) - before, faiss.omp_get_max_threads()])

    worker = threading.Thread(target=ask)
    worker.start()
    worker.join()
    assert threads == [0, 4]


def test_several_interests_search_together_and_the_best_score_of_an_item_counts():
    search, user = (
        Searcher(build_index(VECTORS, "Flat"), VECTORS),
        np.hstack([ASKED[:20], ASKED[20:]]),
    )
    best = np.maximum(ASKED[:20] @ VECTORS.T, ASKED[20:] @ VECTORS.T)
    best[:, 3] = -np.inf
    for query, truth in zip(user, best):
        rows, scores = search.search(query, 10, without=np.array([3]))
        assert rows.tolist() == np.argsort(-truth)[:10].tolist()
        np.testing.assert_allclose(scores, np.sort(truth)[:-11:-1], rtol=1e-5)
    many = search.search_many(user, 10, Histories.of_lists([[3]] * 20))
    assert many.tolist() == np.argsort(-best, axis=1)[:, :10].tolist()
    everything = search.search_many(user[:1], 700, Histories.of_lists([[3]]))[0].tolist()
    assert everything == [*np.argsort(-best[0])[:599], *[-1] * 101]
    assert probe_index(search, user, 1).recall == 1.0


@pytest.mark.parametrize(
    "nprobe, exact", [(7, True), (5, False)], ids=["more than a fifth of it is scanned", "less"]
)
def test_many_at_once_are_answered_exactly_where_lists_would_scan_much(nprobe, exact):
    random = np.random.default_rng(2)
    vectors, queries = (
        random.standard_normal((1500, 16)).astype(np.float32),
        random.standard_normal((40, 16)).astype(np.float32),
    )
    index = build_index(vectors, "IVF30,Flat")
    set_parameters(index, "IVF30,Flat", f"nprobe={nprobe}")
    found = Searcher(index, vectors).search_many(queries, 10, Histories.of_lists([[]] * 40))
    assert (found == np.argsort(-(queries @ vectors.T), axis=1)[:, :10]).all() == exact


@pytest.mark.parametrize(
    "factory, count, says",
    [
        ("IVF64,Flat", 30, "30"),
        ("PQ8", 100, "256"),
        ("Flatt", 100, "Flatt"),
        ("PQ7", 600, "PQ7"),
        ("HNSW0", 600, "HNSW0"),
        ("HNSW1", 600, "HNSW1"),
        ("IVF0,Flat", 600, "IVF0"),
        ("Flat,IDMap", 100, "IDMap"),
        ("IVF8", 100, "IVF8"),
    ],
)
def test_what_cannot_be_built_is_refused_with_a_remedy(factory, count, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        build_index(VECTORS[:count], factory)
    assert "remedy" in str(refusal.value) and "Flat" in str(refusal.value)


def test_a_parameter_of_another_kind_is_refused():
    with pytest.raises(BadRequest, match="efSearch"):
        set_parameters(build_index(VECTORS, "Flat"), "Flat", "efSearch=8")


def test_an_index_of_other_vectors_is_refused():
    with pytest.raises(Corrupt, match="600"):
        Searcher(build_index(VECTORS, "Flat"), VECTORS[:-1])


def test_auto_is_exact_while_that_is_fast_and_compresses_as_far_as_it_must():
    assert (
        choose_factory(20_000, 64, None) == "Flat"
        and choose_factory(1_000_000, 64, None) == "IVF4000,Flat"
    )
    for budget, code in ((300, "Flat"), (140, "SQfp16"), (80, "SQ8"), (44, "SQ4"), (30, "PQ16")):
        factory = choose_factory(1_000_000, 64, budget * 1e6)
        assert factory == f"IVF4000,{code}" and bytes_per_vector(factory, 64, 1_000_000) <= budget
    with pytest.raises(BadRequest, match=r"MiB or more \(IVF4000,PQ16\)"):
        choose_factory(1_000_000, 64, 20e6)


def test_a_graph_finds_the_best_by_inner_product_though_lengths_differ_tenfold():
    vectors = VECTORS * np.exp(np.random.default_rng(1).normal(0, 1, (600, 1))).astype(np.float32)
    index = build_index(vectors, "HNSW16")
    set_parameters(index, "HNSW16", "efSearch=128")
    searcher = Searcher(index, vectors)
    exact = np.argsort(-(ASKED @ vectors.T), axis=1)[:, :10]
    found = [searcher.search(query, 10)[0].tolist() for query in ASKED]
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, exact.tolist())]) > 0.99


def test_no_more_is_searched_than_the_wanted_recall_needs():
    vectors, queries = clustered(4000, 16, 80, groups=40)
    steps = []
    for wanted in (0.5, 0.9, 1.0):
        index = build_index(vectors, "IVF64,Flat")
        parameters, depth = tune_parameters(index, vectors, "IVF64,Flat", queries, wanted)
        steps.append(int(parameters.removeprefix("nprobe=")))
        assert depth == 1 and faiss.extract_index_ivf(index).nprobe == steps[-1]
    assert steps[0] < steps[1] < steps[2] <= 64
