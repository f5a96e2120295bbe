"""Every kind of index gives back its own vectors, by the same search that is served; what cannot be built says why."""

import faiss
import numpy as np
import pytest

from tasks.core.errors import BadRequest, Corrupt
from tasks.core.ranking import top_k
from tasks.core.search import Searcher, open_index
from tasks.index.factory import make
from tasks.index.probe import probe

RANDOM = np.random.default_rng(0)
VECTORS = RANDOM.standard_normal((600, 16)).astype(np.float32)
QUERIES = RANDOM.standard_normal((20, 16)).astype(np.float32)
KINDS = {"Flat": "", "IVF8,Flat": "nprobe=8", "HNSW16": "efSearch=200", "LSH128": "", "SQ8": "", "PQ8x4": ""}
EXACT = ("Flat", "IVF8,Flat")
faiss.omp_set_num_threads(1)


@pytest.fixture(scope="module", params=KINDS)
def searcher(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "index.faiss"
    faiss.write_index(make(VECTORS, request.param, KINDS[request.param]), str(path))
    return request.param, Searcher(open_index(path), VECTORS)


def test_scores_are_true_inner_products_in_true_order(searcher):
    _, search = searcher
    for query in QUERIES:
        rows, scores = search.search(query, 10)
        np.testing.assert_allclose(scores, VECTORS[rows] @ query, rtol=1e-5)
        assert len(set(rows.tolist())) == len(rows) == 10 and (np.diff(scores) <= 0).all()


def test_exact_kinds_find_exactly_what_the_evaluator_finds(searcher):
    kind, search = searcher
    found = np.array([search.search(query, 10)[0] for query in QUERIES])
    truth = top_k(QUERIES, VECTORS, 10)
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found.tolist(), truth.tolist())])
    assert share == 1.0 if kind in EXACT else share > 0.3


def test_what_is_left_out_is_made_up_for(searcher):
    _, search = searcher
    first = search.search(QUERIES[0], 5)[0]
    rows, _ = search.search(QUERIES[0], 5, without=first)
    assert len(rows) == 5 and not set(rows.tolist()) & set(first.tolist())


def test_more_than_there_is_gives_what_there_is():
    rows, _ = Searcher(make(VECTORS[:7], "Flat"), VECTORS[:7]).search(QUERIES[0], 50, without=np.array([3]))
    assert sorted(rows.tolist()) == [0, 1, 2, 4, 5, 6]


def test_several_interests_search_together_and_the_best_score_of_an_item_counts():
    search, asked = Searcher(make(VECTORS, "Flat"), VECTORS), np.hstack([QUERIES[:10], QUERIES[10:]])
    best = np.maximum(QUERIES[:10] @ VECTORS.T, QUERIES[10:] @ VECTORS.T)
    best[:, 3] = -np.inf
    for query, truth in zip(asked, best):
        rows, scores = search.search(query, 10, without=np.array([3]))
        assert rows.tolist() == np.argsort(-truth)[:10].tolist()
        np.testing.assert_allclose(scores, np.sort(truth)[:-11:-1], rtol=1e-5)
    assert probe(search, asked).recall == 1.0


@pytest.mark.parametrize("factory, count, says", [("IVF64,Flat", 30, "30"), ("PQ8", 100, "256"), ("Flatt", 100, "Flatt"),
                                                  ("PQ7", 600, "PQ7")])
def test_what_cannot_be_built_is_refused_with_a_remedy(factory, count, says):
    with pytest.raises(BadRequest, match=says) as refusal:
        make(VECTORS[:count], factory)
    assert "remedy" in str(refusal.value) and "Flat" in str(refusal.value)


def test_a_parameter_of_another_kind_is_refused():
    with pytest.raises(BadRequest, match="efSearch"):
        make(VECTORS, "Flat", "efSearch=8")


def test_a_cut_file_is_refused(tmp_path):
    path = tmp_path / "index.faiss"
    faiss.write_index(make(VECTORS, "Flat"), str(path))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(Corrupt, match="delete its folder"):
        open_index(path)


def test_an_index_of_other_vectors_is_refused():
    with pytest.raises(Corrupt, match="600"):
        Searcher(make(VECTORS, "Flat"), VECTORS[:-1])
