"""Every kind of index passes the same test: build, save, load by memory map, search, ids, probe,
digest.
"""

from pathlib import Path

import faiss
import numpy as np
import pytest

from tasks.core.cli.errors import Corrupt
from tasks.core.data.histories import Histories
from tasks.core.retrieval.faiss_search import Searcher, open_index
from tasks.core.retrieval.top_k import top_k
from tasks.core.serving.id_index import IdIndex
from tasks.core.store.arrays import StringTable
from tasks.core.store.store import Store
from tasks.index.factory import build_index
from tasks.index.index_size import bytes_per_vector
from tasks.index.probe import probe_index
from tasks.index.tune import tune_parameters
from tests.index.vectors import clustered

VECTORS, ASKED = clustered(3000, 16, 60, groups=12)
KINDS = (
    "Flat",
    "IVF32,Flat",
    "IVF32,SQ8",
    "IVF16,PQ8",
    "HNSW16",
    "HNSW16,SQ8",
    "LSH128",
    "LSH16",
    "SQ8",
    "SQ4",
    "SQfp16",
    "PQ8",
    "PQ8x4",
)
EXACT = ("Flat",)
COARSE = {"LSH16": 0.5}  # sixteen bits of sixteen dimensions: what can be had of them


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def artefact(kind, tmp_path_factory):
    """Built, tuned and saved, in a store."""
    store = Store(tmp_path_factory.mktemp("store").as_uri())
    index = build_index(VECTORS, kind)
    _, depth = tune_parameters(index, VECTORS, kind, ASKED[:30], 0.99)
    with store.writing("index", "indexes", "f", "i") as draft:
        faiss.write_index(index, str(draft.path / "index.faiss"))
        draft.facts = {"depth": depth}
    return store.find("indexes", "f", "i")


@pytest.fixture(scope="module")
def searcher(artefact):
    """Loaded by memory map."""
    return Searcher(open_index(artefact.file("index.faiss")), VECTORS, artefact.facts["depth"])


class TestEveryKind:
    def test_its_size_was_predicted(self, kind, artefact):
        size = artefact.files["index.faiss"]["bytes"]
        assert bytes_per_vector(kind, 16, 3000) == pytest.approx(size / 3000, rel=0.05)

    def test_the_reader_maps_it_instead_of_reading_it(self, artefact, searcher):
        assert (
            searcher.index.ntotal == 3000
            and str(artefact.path / "index.faiss") in Path("/proc/self/maps").read_text()
        )

    def test_scores_are_true_inner_products_in_true_order(self, searcher):
        for query in ASKED:
            rows, scores = searcher.search(query, 10)
            np.testing.assert_allclose(scores, VECTORS[rows] @ query, rtol=1e-5)
            assert len(set(rows.tolist())) == len(rows) == 10 and (np.diff(scores) <= 0).all()

    def test_tuned_on_some_users_it_finds_enough_for_others(self, kind, artefact, searcher):
        measured = probe_index(searcher, ASKED[30:], artefact.files["index.faiss"]["bytes"])
        assert (
            measured.recall == 1.0 if kind in EXACT else measured.recall >= COARSE.get(kind, 0.97)
        )
        assert (
            measured.queries_per_s > 0
            and 0 < measured.p50_ms <= measured.p99_ms
            and measured.queries == 30
        )
        assert measured.bytes_per_vector == pytest.approx(measured.bytes / 3000, abs=0.01)

    def test_the_probe_tells_the_truth(self, artefact, searcher):
        truth = top_k(ASKED[30:], VECTORS, 50)
        found = [searcher.search(query, 50)[0].tolist() for query in ASKED[30:]]
        share = np.mean([len(set(a) & set(b)) / 50 for a, b in zip(found, truth.tolist())])
        assert probe_index(searcher, ASKED[30:], 1).recall == pytest.approx(share, abs=0.005)

    def test_what_is_left_out_is_made_up_for(self, searcher):
        first = searcher.search(ASKED[0], 5)[0]
        rows, _ = searcher.search(ASKED[0], 5, without=first)
        assert len(rows) == 5 and not set(rows.tolist()) & set(first.tolist())

    def test_many_at_once_are_answered_as_one_by_one(self, kind, searcher):
        seen = Histories.of_lists(
            [searcher.search(query, n + 1)[0].astype(np.int32) for n, query in enumerate(ASKED)]
        )
        together = searcher.search_many(ASKED, 20, seen, at_once=300)
        alone = [
            searcher.search(query, 20, without=seen[n])[0].tolist() for n, query in enumerate(ASKED)
        ]
        shared = [len(set(a) & set(b)) / 20 for a, b in zip(together.tolist(), alone)]
        assert np.mean(shared) > (0.999 if kind in EXACT else 0.9) and (together >= 0).all()

    def test_a_cut_or_altered_file_is_refused(self, artefact, tmp_path):
        content = artefact.file("index.faiss").read_bytes()
        (tmp_path / "cut.faiss").write_bytes(content[: len(content) // 2])
        with pytest.raises(Corrupt, match="delete its folder"):
            open_index(tmp_path / "cut.faiss")
        altered = bytearray(content)
        altered[-1] ^= 1
        try:
            artefact.file("index.faiss").write_bytes(bytes(altered))
            with pytest.raises(Corrupt, match=r"index.faiss"):
                artefact.file("index.faiss")
        finally:
            (artefact.path / "index.faiss").write_bytes(content)


def test_ids_of_any_type_map_to_rows_and_back(tmp_path):
    ids = [
        "7",
        "x/α",
        "",
        "6f1c0b9e-54fd-4a53-8e8f-2f2d0c1b0a01",
        *(str(row) for row in range(1000, 3000)),
    ]
    table = StringTable.of(ids)
    IdIndex.of(table).save(tmp_path, "rows")
    rows = IdIndex.load(tmp_path, "rows", table)
    assert [table[rows.get(id)] for id in ids] == ids
    assert (
        rows.get("nobody") == -1
        and "7" in rows
        and rows.known(["1001", "nobody", "x/α"]).tolist() == [5, 1]
    )


def test_ids_of_one_hash_are_told_apart():
    table = StringTable.of(["plumless", "buckeroo", "other"])  # the first two have the same CRC-32
    rows = IdIndex.of(table)
    assert rows.keys[0] == rows.keys[1] or rows.keys[1] == rows.keys[2]
    assert [rows.get(id) for id in ("plumless", "buckeroo", "other", "")] == [0, 1, 2, -1]
    assert rows.known(["buckeroo", "", "other", "plumless", "buckeroo"]).tolist() == [1, 2, 0, 1]
    only = IdIndex.of(StringTable.of(["plumless"]))
    assert (
        only.known(["buckeroo", "plumless"]).tolist(),
        IdIndex.of(StringTable.of([])).known(["x"]).tolist(),
    ) == ([0], [])
