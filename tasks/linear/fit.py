"""Solve for vectors, choose the penalty and how they are searched, record both."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
from threadpoolctl import threadpool_limits

from tasks.core.alignment import onto
from tasks.core.candidate import save_candidate
from tasks.core.champion import find, forebear
from tasks.core.decoding.choosing import Chosen, choose, plain, queries
from tasks.core.decoding.completing import complete
from tasks.core.decoding.likes import likes
from tasks.core.decoding.past import Past, leave
from tasks.core.decoding.validation import Validation
from tasks.core.decoding.vectors import Vectors
from tasks.core.decoding.vocabulary import vocabulary
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.manifest import Draft
from tasks.core.recording import Recorder, describe
from tasks.core.similar import taste_space
from tasks.core.snapshot import Snapshot, resolve
from tasks.core.store import Store
from tasks.linear.settings import FitRequest
from tasks.linear.solving import SOLVERS, solver_of

FAMILY = "linear"
CODE = ("core/alignment", "core/cold", "core/decoding", "core/ease", "core/similar", FAMILY)
PENALTIES = (100.0, 300.0, 1000.0)


@dataclasses.dataclass(frozen=True)
class Fitted:
    """The vectors of the best penalty, and the model that is served from them."""

    step: int
    penalty: float
    vectors: Vectors
    chosen: Chosen


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such snapshot or champion; too little memory for the solver that is asked for.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    store = Store(request.store)
    snapshot = resolve(store, request.snapshot, request.dataset, request.day)
    champion = find(store, FAMILY, request.champion, request.track)
    before = forebear(store, champion.candidate, snapshot.day) if champion else None
    past = Past(before, snapshot, request.settings.dimension) if before else None
    code = code_version(*CODE)
    id = identity(dataset=snapshot.dataset, snapshot=snapshot.id, champion=before and before.artefact.id, settings=request.settings,
                  seed=request.seed, code=code)
    recorder = Recorder.start(request, FAMILY, id, snapshot, code)
    try:
        if store.find("candidates", FAMILY, id) is None:
            with threadpool_limits(request.settings.threads):
                fitted = solve(request, snapshot, past, recorder)
            with store.writing("candidate", "candidates", FAMILY, id) as draft:
                _write(draft, fitted, request, snapshot, past, code, recorder)
        return recorder.finish(store.find("candidates", FAMILY, id), snapshot)
    except BaseException:
        recorder.failed()
        raise


def solve(request: FitRequest, snapshot: Snapshot, past: Past | None, recorder: Recorder) -> Fitted:
    """Every penalty under every plain query; the best one's vectors, and the decoder and query chosen for them."""
    settings, train, items = request.settings, snapshot.histories("train"), len(snapshot.item_ids)
    validation = Validation(snapshot.queries("validation"), items, settings.validation_users, request.seed)
    rows = np.flatnonzero(vocabulary(np.bincount(train.items, minlength=items), settings.minimum_count)).astype(np.int32)
    places = np.full(items, -1, np.int32)
    places[rows] = np.arange(len(rows))
    solver = SOLVERS[solver_of(settings, len(rows))](likes(train.renamed(places), len(rows)), settings.dimension, request.seed)
    best: tuple[float, int, float, Vectors] | None = None
    for step, penalty in enumerate(PENALTIES if settings.penalty is None else (settings.penalty,), 1):
        started = time.monotonic()
        inputs, outputs = solver.vectors(penalty)
        met = inputs.any(axis=1) & outputs.any(axis=1)
        vectors = Vectors(rows[met], inputs[met], outputs[met])
        recall, choice = max(((validation.recall(model), model.choice) for model in plain(vectors, queries(settings))), key=lambda one: one[0])
        log("linear.penalty", penalty=penalty, validation_recall_50=recall)
        recorder.epoch(step, {"penalty": penalty, "epoch_seconds": time.monotonic() - started, "validation_recall_50": recall, **choice.figures()})
        if best is None or recall > best[0]:
            best = (recall, step, penalty, vectors)
    _, step, penalty, vectors = best
    vectors = past.aligned(vectors) if past and settings.align else vectors
    return Fitted(step, penalty, vectors, choose(settings, vectors, train, validation, past and past.choice))


def _write(draft: Draft, fitted: Fitted, request: FitRequest, snapshot: Snapshot, past: Past | None, code: str, recorder: Recorder) -> None:
    chosen, items = fitted.chosen, len(snapshot.item_ids)
    similar = taste_space(chosen.model.encoder.inputs, snapshot.histories("train").renamed(chosen.model.places(items)))
    served = complete(chosen.model, similar, snapshot, request.settings.cold_items)
    model, item_ids = served.model, [snapshot.item_ids[row] for row in served.model.rows]
    similar = onto(served.similar, past.candidate.similar, past.candidate.rows_of(item_ids)) if past and request.settings.align else served.similar
    save_candidate(draft.path, item_ids, model.candidates, similar, model.encoder, served.cold)
    leave(draft.path, model, fitted.vectors, items)
    recorder.save(draft.path, fitted.step, chosen.figures())
    draft.counts = {"items": len(model.rows), "items_cold": len(served.cold), "items_left_out": items - len(model.rows)}
    draft.facts = {**describe(FAMILY, snapshot, request.settings, code, model.candidates.shape[1]), "choice": dataclasses.asdict(model.choice),
                   "penalty": fitted.penalty, "stability": past and past.stability(item_ids, model, similar)}
    champion = past and past.candidate.artefact
    draft.lineage = {"settings": dataclasses.asdict(request.settings), "seed": request.seed, "code": code, "run": recorder.run,
                     "champion": champion and champion.id, "parents": [snapshot.uri, *filter(None, (champion and champion.uri,))]}
