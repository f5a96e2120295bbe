"""Items as vectors of their genres; a query is the mean over what the user liked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.models.family import Fit, Written, run_fit
from tasks.core.models.validation import Searched, Validation
from tasks.core.models.vocabulary import vocabulary
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders.mean import MeanEncoder
from tasks.core.retrieval.unit_rows import unit_rows
from tasks.core.store.identity import code_version
from tasks.core.store.store import Store
from tasks.mean_of_genres.settings import FitRequest

FAMILY = "mean_of_genres"


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb.

    Raises:
        RefusedData: no item that is liked has a genre.
    """
    store = Store(request.store)
    snapshot = find_snapshot(store, request.snapshot, request.dataset, request.day)
    the_fit = Fit(FAMILY, request, store, snapshot, code_version(__name__), parents=[snapshot.uri])

    def learn(recorder: RunRecorder) -> tuple[np.ndarray, np.ndarray, float]:
        rows, vectors = genre_vectors(snapshot, request.settings.minimum_likes)
        items = len(snapshot.item_ids)
        places = np.full(items, -1, np.int32)
        places[rows] = np.arange(len(rows))
        validation = Validation(snapshot.queries("validation"), items, None, request.seed)
        recall = validation.recall(Searched(MeanEncoder(vectors), vectors, places))
        recorder.epoch(1, {"validation_recall_50": recall})
        return rows, vectors, recall

    def write(folder: Path, learned: tuple[np.ndarray, np.ndarray, float]) -> Written:
        rows, vectors, recall = learned
        item_ids = [snapshot.item_ids[row] for row in rows]
        save_candidate(folder, item_ids, vectors, MeanEncoder(vectors))
        return Written(
            item_ids,
            vectors,
            best_epoch=1,
            metrics={"validation_recall_50": recall},
            counts={"items": len(rows), "items_left_out": len(snapshot.item_ids) - len(rows)},
        )

    return run_fit(the_fit, learn, write)


def genre_vectors(snapshot: Snapshot, minimum_likes: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the items that can be recommended, int (n), and their vectors, float32 (n, d):
    of length one, one dimension a genre.
    """
    genres = snapshot.items["genres"].to_pylist()
    names = sorted({name for some in genres for name in some or ()})
    vectors = np.zeros((len(genres), max(len(names), 2)), np.float32)
    for row, some in enumerate(genres):
        vectors[row, [names.index(name) for name in some or ()]] = 1
    likes = snapshot.histories("train").users_of(len(genres))
    rows = np.flatnonzero(vocabulary(likes, minimum_likes) & vectors.any(axis=1))
    if not len(rows):
        raise RefusedData("no item that is liked has a genre", remedy="ingest a catalogue")
    return rows, unit_rows(vectors[rows]).astype(np.float32)
