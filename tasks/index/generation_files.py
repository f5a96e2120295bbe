"""The files of a generation, beside its index.

item_ids.*, titles.*, genres.*      strings by row of an item; genres joined by |
item_rows.*                         hash index from an item's id to its row
vectors.npy                         float32 (items, d), behind the index
neighbours*.npy                     the items most like each, see `tasks.core.retrieval.neighbours`
the encoder                         see `tasks.core.retrieval.encoders`
user_ids.*                          strings by row of a user
user_vectors.npy                    float32 (users with a query, d), the first rows of users
top.npy                             int32 (users with a query, top), precomputed lists
seen.offsets.npy, seen.items.npy    item rows of each user, liked ones first
liked.npy                           int32 (users), how many of these are liked
popularity.npy                      int32 (items), likes
popular.npy                         int32 (items), rows by likes, the most liked first
"""

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
    """Write ids, titles, genres and neighbours by row; an item that the snapshot lacks has its id
    as title.
    """
    titles = list(catalogue.item_ids)
    genres: list[list[str]] = [[]] * len(titles)
    rows = catalogue.rows_of(snapshot.item_ids)
    known = np.flatnonzero(rows >= 0)
    snapshot_titles = snapshot.items["title"].to_pylist()
    snapshot_genres = snapshot.items["genres"].to_pylist()
    for item in known.tolist():
        row = rows[item]
        titles[row] = snapshot_titles[item] or titles[row]
        genres[row] = snapshot_genres[item] or []
    joined = ["|".join(some) for some in genres]
    for name, strings in (("item_ids", catalogue.item_ids), ("titles", titles), ("genres", joined)):
        StringTable.of(strings).save(folder, name)
    catalogue.neighbours(genres).save(folder)
    IdIndex.of(StringTable.of(catalogue.item_ids)).save(folder, "item_rows")


def write_users(
    folder: Path,
    users: ServedUsers,
    queries: np.ndarray,
    snapshot: Snapshot,
    items: int,
    searcher: Searcher,
    top: int,
) -> None:
    """Write ids, seen rows, queries and precomputed lists of users, and the popular items.

    Args:
        queries: float32, of the first rows of `users`; the others have none.
        items: size of the catalogue.
        top: length of a precomputed list.
    """
    ids = snapshot.user_ids
    StringTable.of([ids[user] for user in users.users.tolist()]).save(folder, "user_ids")
    save(folder / "user_vectors.npy", queries)
    save(
        folder / "top.npy",
        searcher.search_many(queries, top, users.hidden.select_users(np.arange(len(queries)))),
    )
    save(folder / "seen.offsets.npy", users.seen.offsets)
    save(folder / "seen.items.npy", users.seen.items)
    save(folder / "liked.npy", users.seen_liked)
    counts = popularity(users, items)
    save(folder / "popularity.npy", counts)
    save(folder / "popular.npy", np.lexsort((np.arange(items), -counts)).astype(np.int32))


def write_vectors(folder: Path, catalogue: Catalogue, encoder: Encoder) -> None:
    """Write the vectors that the index was built over, and the encoder that makes queries."""
    save(folder / "vectors.npy", catalogue.vectors)
    save_encoder(folder, encoder)
