"""The table of neighbours of a snapshot, which every family of the day shares.

neighbours/<dataset>/<id>/
    the files of `tasks.core.retrieval.neighbours`, rows of the snapshot's item table
    manifest.json    facts: the snapshot, what was chosen on validation (`choice`)
"""

from __future__ import annotations

import time

import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import Progress, log
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Queries, Snapshot
from tasks.core.models.item_to_item.choice import Choice, choose
from tasks.core.models.item_to_item.co_likes import CoLikes
from tasks.core.models.item_to_item.genres import GenreShares
from tasks.core.retrieval.neighbours import Neighbours, fill_by_genres
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store

PLACES, LARGE_PLACES = 100, 50  # neighbours of an item, where the catalogue is small, or large
LARGE_ITEMS = 200_000
FEW_LIKES = 5  # users below which an item's genres say more of it than they do
LEAST_PLACES = 20  # neighbours; an item with fewer has more of its genres
BLOCK_ITEMS = 4096


def neighbours_of(store: Store, snapshot: Snapshot) -> Neighbours:
    """The table of a snapshot's items; whoever comes first makes it, the others wait for it."""
    id = identity(snapshot=snapshot.id, code=code_version(__name__))
    path = ("neighbours", snapshot.dataset, id)
    if store.find(*path) is None:
        with store.alone(*path):
            if store.find(*path) is None:
                _write(store, path, snapshot)
    artefact = store.find(*path)
    assert artefact, "it was written, or found written, above"
    return _read(artefact)


def _read(artefact: Artefact) -> Neighbours:
    for name in artefact.files:
        artefact.file(name)
    return Neighbours.load(artefact.path)


def _write(store: Store, path: tuple[str, ...], snapshot: Snapshot) -> None:
    started = time.monotonic()
    made, choice = make_table(
        snapshot.histories("train"), snapshot.items["genres"].to_pylist(), _validation(snapshot)
    )
    with store.writing("neighbours", *path) as draft:
        made.save(draft.path)
        draft.counts = {
            "items": len(made),
            "by_genres": int(((made.rows[:, 0] >= 0) & (made.both[:, 0] == 0)).sum()),
            "without": int((made.rows[:, 0] < 0).sum()),
        }
        draft.facts = {"snapshot": snapshot.uri, "choice": choice.facts()}
        draft.lineage = {"code": code_version(__name__), "parents": [snapshot.uri]}
    log("similar.made", seconds=time.monotonic() - started, **draft.counts)


def make_table(
    histories: Histories, genres: list[list[str] | None], queries: Queries | None
) -> tuple[Neighbours, Choice]:
    """The neighbours of every item, and how they were chosen.

    Args:
        histories: liked rows of the training part, oldest first.
        genres: of every item.
        queries: validation users; None: there are none.
    """
    co_likes, shares = CoLikes(histories, len(genres)), GenreShares(genres)
    places = _places(co_likes.items)
    choice = choose(co_likes, shares, queries, places)
    made = Neighbours.none(co_likes.items).widen(places)
    made.likes[:] = co_likes.likes
    with Progress("items like each item", co_likes.items, "items") as progress:
        for start in range(0, co_likes.items, BLOCK_ITEMS):
            rows = np.arange(start, min(start + BLOCK_ITEMS, co_likes.items))
            found, scores = shares.rank(
                rows,
                *co_likes.nearest(rows, choice.parameters, shares.pool(places)),
                choice.genre_weight,
            )
            made.rows[rows], made.scores[rows] = found[:, :places], scores[:, :places]
            progress.add(len(rows))
    few = (co_likes.likes < FEW_LIKES) & np.array([bool(some) for some in genres])
    made.rows[few], made.scores[few] = -1, 0
    made.both[:] = co_likes.count_both(np.arange(co_likes.items), made.rows)
    if shares.any:
        fill_by_genres(made, genres, np.flatnonzero((made.rows >= 0).sum(axis=1) < LEAST_PLACES))
    return made, choice


def _places(items: int) -> int:
    return min(PLACES if items <= LARGE_ITEMS else LARGE_PLACES, max(items - 1, 1))


def _validation(snapshot: Snapshot) -> Queries | None:
    try:
        return snapshot.queries("validation")
    except RefusedData:
        return None
