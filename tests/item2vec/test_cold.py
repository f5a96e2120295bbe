"""Items without a trained vector: counted, placed by their genres for their fans, below what is
liked, or left out.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from tasks.core.cli.errors import RefusedData
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.top_k import top_k
from tasks.core.store.store import Store
from tasks.graph.build import build
from tasks.graph.settings import BuildRequest
from tasks.item2vec.fit import fit
from tasks.item2vec.settings import FitRequest, Settings
from tests import worlds

GENSIM = Settings(
    trainer="gensim",
    decoder="none",
    popularity=0,
    dimension=16,
    epochs=20,
    walk_words=2,
    negative_exponent=0.2,
)
NETMF = Settings(trainer="netmf", decoder="causal", dimension=16)
LIKED, NEW = 90, 9
WORLD = worlds.grouped(users=150, items=LIKED, likes=14, noise=0.05)
GROWN = dataclasses.replace(
    WORLD, item_group=np.arange(LIKED + NEW, dtype=np.int32) % 3
)  # nine items nobody has met, three a group


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(tmp_path_factory.mktemp("store").as_uri())


def ask(
    store: Store, settings: Settings, of: worlds.World = GROWN, dataset: str = "cold"
) -> Candidate:
    snapshot = worlds.snapshot(store, of, dataset=dataset)
    graph = build(BuildRequest(store.root.as_uri(), dataset=dataset, snapshot=snapshot))
    return Candidate(
        store.open(
            fit(FitRequest(store.root.as_uri(), graph["uri"], settings=settings, track=False))[
                "uri"
            ],
            "candidate",
        )
    )


def snapshot_of(store: Store, made: Candidate) -> Snapshot:
    facts = made.artefact.facts
    return Snapshot(store.find("snapshots", facts["dataset"], facts["day"], facts["snapshot"]))


@pytest.fixture(scope="module", params=[GENSIM, NETMF], ids=["gensim", "netmf"])
def made(store, request) -> Candidate:
    return ask(store, request.param)


def rows(made: Candidate) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the new items in the candidate, and those of the others."""
    numbers = np.array([int(item) - 1 for item in made.item_ids])
    return np.flatnonzero(numbers >= LIKED), np.flatnonzero(numbers < LIKED)


def test_new_items_are_counted_and_none_is_zero(made):
    assert made.artefact.counts == {"items": LIKED + NEW, "items_cold": NEW, "items_left_out": 0}
    assert made.cold.tolist() == rows(made)[0].tolist()
    assert np.any(made.vectors, axis=1).all() and np.any(made.encoder.inputs, axis=1).all()


def test_a_new_item_is_for_the_fans_of_its_genre(store, made):
    snapshot = snapshot_of(store, made)
    queries = made.encoder.encode(
        snapshot.histories("train").remap_items(made.rows_of(snapshot.item_ids))
    )
    new, _ = rows(made)
    fans = np.array(
        [
            (queries[WORLD.user_group == group] @ made.vectors[new].T).mean(axis=0)
            for group in range(3)
        ]
    )
    assert (fans.argmax(axis=0) == [(int(made.item_ids[row]) - 1) % 3 for row in new]).all()


def test_a_history_with_new_items_counts_them(made):
    from tasks.core.data.histories import Histories

    new, known = rows(made)
    queries = made.encoder.encode(Histories.of_lists([[row] for row in new]))
    best = top_k(queries, made.vectors[known], 10)
    groups = np.array([(int(made.item_ids[row]) - 1) % 3 for row in known])
    assert (
        groups[best] == np.array([(int(made.item_ids[row]) - 1) % 3 for row in new])[:, None]
    ).mean() > 0.9


def test_items_like_a_new_one_share_its_genre(made):
    new, _ = rows(made)
    groups = np.array([(int(id) - 1) % 3 for id in made.item_ids])
    assert (groups[made.neighbours.rows[new, :5]] == groups[new, None]).all()
    assert (made.neighbours.both[new] == 0).all()


def test_new_items_do_not_outrank_liked_ones(store, made):
    """A fan of a genre has sixteen liked items of it left to see; the three new ones come after
    nearly all of them.
    """
    snapshot = snapshot_of(store, made)
    places = made.rows_of(snapshot.item_ids)
    histories = snapshot.histories("train").remap_items(places)
    best = top_k(made.encoder.encode(histories), made.vectors, 10, histories)
    new, _ = rows(made)
    assert np.isin(best, new).mean() < NEW / (LIKED + NEW)


def test_left_out_when_asked_for(store):
    made = ask(store, dataclasses.replace(GENSIM, cold_items="leave-out"))
    assert (
        made.artefact.counts == {"items": LIKED, "items_cold": 0, "items_left_out": NEW}
        and len(made.item_ids) == LIKED
    )


def test_items_below_minimum_count_are_cold(store):
    made = ask(store, dataclasses.replace(NETMF, minimum_count=14))
    counts = np.bincount(snapshot_of(store, made).histories("train").items, minlength=LIKED)
    assert (
        made.artefact.counts["items_cold"] == NEW + int((counts[:LIKED] < 14).sum()) > NEW
        and made.artefact.counts["items_left_out"] == 0
    )


def genres(some: list, monkeypatch) -> None:
    """Every snapshot has these genres, for its last items."""
    own = Snapshot.table

    def table(self, name, columns=None):
        read = own(self, name, columns)
        if name != "items" or "genres" not in read.column_names:
            return read
        read = read.sort_by("item")
        kept = read["genres"].to_pylist()
        return read.set_column(
            read.column_names.index("genres"),
            "genres",
            pa.array([*kept[: len(kept) - len(some)], *some], pa.list_(pa.string())),
        )

    monkeypatch.setattr(Snapshot, "table", table)


def test_no_genre_and_genres_nobody_has_are_left_out(store, monkeypatch):
    genres([[], None, ["unheard of"], *[["genre 1", "unheard of"]] * 6], monkeypatch)
    made = ask(store, dataclasses.replace(GENSIM, epochs=3))
    assert made.artefact.counts == {"items": LIKED + 6, "items_cold": 6, "items_left_out": 3}


def test_a_catalogue_without_genres_leaves_them_all_out(store, monkeypatch):
    genres([None] * (LIKED + NEW), monkeypatch)
    made = ask(store, dataclasses.replace(GENSIM, epochs=4))
    assert made.artefact.counts == {"items": LIKED, "items_cold": 0, "items_left_out": NEW}


def test_a_minimum_count_that_makes_all_cold_is_refused(store):
    with pytest.raises(
        RefusedData, match=r"0 items are liked by 1000 users or more.*lower minimum_count"
    ):
        ask(store, dataclasses.replace(GENSIM, minimum_count=1000))


def test_a_catalogue_of_a_great_many_items_of_which_few_are_liked_does_not_crowd_them_out(
    store, capfd
):
    few = worlds.grouped(users=60, items=30, groups=3, likes=9)
    made = ask(
        store,
        NETMF,
        dataclasses.replace(few, item_group=np.arange(30 * 102, dtype=np.int32) % 3),
        "crowd",
    )
    assert (
        made.artefact.counts["items"] <= 30
        and made.artefact.counts["items_left_out"] >= 30 * 101
        and "decoding.crowded" in capfd.readouterr().err
    )
