"""The files of a generation."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.encoders import Encoder, save_encoder
from tasks.core.retrieval.faiss_search import Searcher
from tasks.core.serving.id_index import IdIndex
from tasks.core.store.arrays import StringTable, save
from tasks.index.catalogue import Catalogue
from tasks.index.served_users import ServedUsers, popularity


def write_items(folder: Path, catalogue: Catalogue, snapshot: Snapshot) -> None:
    """Ids, titles and genres by row; an item that the snapshot lacks is called by its id."""
    titles, genres = list(catalogue.item_ids), [""] * len(catalogue.item_ids)
    rows = catalogue.rows_of(snapshot.item_ids)
    known = np.flatnonzero(rows >= 0)
    all_titles, all_genres = (
        snapshot.items["title"].to_pylist(),
        snapshot.items["genres"].to_pylist(),
    )
    for item in known.tolist():
        titles[rows[item]], genres[rows[item]] = (
            all_titles[item] or titles[rows[item]],
            "|".join(all_genres[item] or ()),
        )
    for name, strings in (("item_ids", catalogue.item_ids), ("titles", titles), ("genres", genres)):
        StringTable.of(strings).save(folder, name)
    IdIndex.of(StringTable.of(catalogue.item_ids)).save(folder, "item_rows")


def write_users(
    folder: Path,
    crowd: ServedUsers,
    vectors: np.ndarray,
    snapshot: Snapshot,
    items: int,
    searcher: Searcher,
    top: int,
) -> None:
    """Everybody's ids and seen rows; queries and precomputed lists of those who have a query; what
    is popular.
    """
    ids = snapshot.user_ids
    StringTable.of([ids[user] for user in crowd.users.tolist()]).save(folder, "user_ids")
    save(folder / "user_vectors.npy", vectors)
    save(
        folder / "top.npy",
        searcher.search_many(vectors, top, crowd.hidden.select_users(np.arange(len(vectors)))),
    )
    save(folder / "seen.offsets.npy", crowd.seen.offsets)
    save(folder / "seen.items.npy", crowd.seen.items)
    save(folder / "liked.npy", crowd.seen_liked)
    counts = popularity(crowd, items)
    save(folder / "popularity.npy", counts)
    save(folder / "popular.npy", np.lexsort((np.arange(items), -counts)).astype(np.int32))


def write_vectors(folder: Path, catalogue: Catalogue, encoder: Encoder) -> None:
    """What the indexes beside it were built over, and what makes queries."""
    save(folder / "vectors.npy", catalogue.vectors)
    save(folder / "similar.npy", catalogue.similar)
    save_encoder(folder, encoder)
