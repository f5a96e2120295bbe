"""Solve for vectors, choose the penalty and how they are searched, record both."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.data.histories import Histories
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.models.cooccurrence import like_matrix
from tasks.core.models.decoders.export import Fitted, decoder_fit, write_candidate
from tasks.core.models.decoders.model_selection import (
    own_output_models,
    query_candidates,
    select_model,
)
from tasks.core.models.decoders.search_model import SearchChoice
from tasks.core.models.family import Written, run_fit
from tasks.core.models.item_vectors import ItemVectors, row_positions
from tasks.core.models.validation import Validation
from tasks.core.models.vocabulary import vocabulary
from tasks.core.models.warm_start import PreviousModel, load_previous
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.registry.training_progress import TrainingProgress
from tasks.core.store.identity import code_version
from tasks.core.store.store import Store
from tasks.linear.settings import FitRequest, Settings
from tasks.linear.solvers import SOLVERS, Dense, LowRank, choose_solver, normalise_users

FAMILY = "linear"
PENALTIES = (100.0, 300.0, 1000.0)


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such snapshot or champion; too little memory for the solver that is asked
            for.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    store = Store(request.store)
    snapshot = find_snapshot(store, request.snapshot, request.dataset, request.day)
    previous = load_previous(store, FAMILY, request, snapshot, request.settings.dimension)
    the_fit = decoder_fit(
        FAMILY, request, store, snapshot, previous, code_version(__name__), [snapshot.uri]
    )

    def learn(recorder: RunRecorder) -> tuple[float, Fitted]:
        with threadpool_limits(request.settings.threads):
            return solve(request, snapshot, previous, recorder)

    def write(folder: Path, solved: tuple[float, Fitted]) -> Written:
        penalty, fitted = solved
        return write_candidate(folder, fitted, request.settings, snapshot, {"penalty": penalty})

    return run_fit(the_fit, learn, write)


def solve(
    request: FitRequest, snapshot: Snapshot, previous: PreviousModel | None, recorder: RunRecorder
) -> tuple[float, Fitted]:
    """The best penalty by the trainer's own query, its vectors, and the decoder and query chosen
    for them.
    """
    settings, train, items = request.settings, snapshot.histories("train"), len(snapshot.item_ids)
    validation = Validation(
        snapshot.queries("validation"), items, settings.validation_users, request.seed
    )
    known = vocabulary(train.users_of(items), settings.minimum_count)
    rows = np.flatnonzero(known).astype(np.int32)
    matrix = like_matrix(train.remap_items(row_positions(rows, items)), len(rows))
    penalties = PENALTIES if settings.penalty is None else (settings.penalty,)
    solver = SOLVERS[choose_solver(settings, len(rows), len(penalties))](
        normalise_users(matrix, settings.user_exponent), settings.dimension, request.seed
    )
    progress = TrainingProgress("penalty", len(penalties), 1, "penalties", recorder)
    solved: list[tuple[float, int, float, ItemVectors]] = []
    for step, penalty in enumerate(penalties, 1):
        started = time.monotonic()
        progress.begin(step)
        vectors = _vectors(solver, penalty, rows, train)
        recall, choice = _best_query(vectors, settings, validation)
        log("linear.penalty", penalty=penalty, validation_recall_50=recall)
        figures = {"penalty": penalty, "epoch_seconds": time.monotonic() - started}
        recorder.epoch(step, {**figures, "validation_recall_50": recall, **choice.figures()})
        progress.add(1)
        progress.end(len(penalties))
        solved.append((recall, step, penalty, vectors))
    _, step, penalty, vectors = max(solved, key=lambda one: (one[0], -one[1]))
    vectors = previous.aligned(vectors) if previous and settings.align else vectors
    chosen = select_model(
        settings, vectors, train, validation, previous.choice if previous else None
    )
    return penalty, Fitted(step, vectors, chosen, validation.seconds)


def _vectors(
    solver: Dense | LowRank, penalty: float, rows: np.ndarray, train: Histories
) -> ItemVectors:
    inputs, outputs = solver.vectors(penalty)
    met = inputs.any(axis=1) & outputs.any(axis=1)
    if not met.any():
        raise RefusedData(
            "no two items of the vocabulary are liked by one user, so nothing leads anywhere",
            got=f"{len(rows)} items, {int((train.lengths > 0).sum())} users, none with two "
            f"of these items in the training part",
            remedy="lower minimum_count, ingest more data, or hold out fewer rows of each user",
        )
    return ItemVectors(rows[met], inputs[met], outputs[met])


def _best_query(
    vectors: ItemVectors, settings: Settings, validation: Validation
) -> tuple[float, SearchChoice]:
    models = own_output_models(vectors, query_candidates(settings))
    recalls = ((validation.recall(model), model.choice) for model in models)
    return max(recalls, key=lambda one: one[0])
