"""Train once, keep the epoch that was best on validation, record it."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.candidate import save_candidate
from tasks.core.encoders import MeanEncoder
from tasks.core.errors import BadRequest, RefusedData
from tasks.core.graph import Graph
from tasks.core.identity import code_version, identity
from tasks.core.log import log
from tasks.core.manifest import Draft
from tasks.core.recording import Recorder, describe
from tasks.core.similar import taste_space
from tasks.core.snapshot import Snapshot
from tasks.core.store import Store
from tasks.item2vec.corpus import Corpus
from tasks.item2vec.settings import FitRequest, Settings
from tasks.item2vec.training import Trainer, Vectors
from tasks.item2vec.validation import DECAYS, Score, Validation

FAMILY = "item2vec"


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such graph or snapshot, or they do not belong together.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    store = Store(request.store)
    graph, snapshot = _inputs(store, request)
    code = code_version("graph", "core/walks", FAMILY)
    id = identity(dataset=snapshot.dataset, snapshot=snapshot.id, graph=graph.id, settings=request.settings, seed=request.seed, code=code)
    recorder = Recorder.start(request, FAMILY, id, snapshot, code)
    try:
        if store.find("candidates", FAMILY, id) is None:
            kept = _train(request, graph, snapshot, recorder)
            with store.writing("candidate", "candidates", FAMILY, id) as draft:
                _write(draft, kept, request, graph, snapshot, code, recorder)
        return recorder.finish(store.find("candidates", FAMILY, id), snapshot)
    except BaseException:
        recorder.failed()
        raise


def _inputs(store: Store, request: FitRequest) -> tuple[Graph, Snapshot]:
    graph = Graph(store.open(request.graph, "graph"))
    snapshot = Snapshot(store.open(request.snapshot or graph.artefact.lineage["parents"][0], "snapshot"))
    if snapshot.id != graph.artefact.facts["snapshot"]:
        raise BadRequest("the graph was built from another snapshot, whose item rows differ", got=f"{snapshot.uri} for {graph.uri}",
                         allowed=graph.artefact.lineage["parents"][0], remedy="leave `snapshot` out, or build its graph")
    return graph, snapshot


@dataclasses.dataclass(frozen=True)
class Kept:
    """The vectors of the best epoch (1, 2, …) and how they did."""

    epoch: int
    vectors: Vectors
    score: Score


def _train(request: FitRequest, graph: Graph, snapshot: Snapshot, recorder: Recorder) -> Kept:
    settings, sequences, items = request.settings, snapshot.histories("train"), len(snapshot.item_ids)
    corpus = Corpus(graph.tables, sequences, settings.corpus, settings.walk_length, settings.walk_words, request.seed, settings.threads)
    trainer = Trainer(settings, np.bincount(sequences.items, minlength=items), request.seed)
    validation = Validation(snapshot.queries("validation"), items, settings.validation_users, request.seed)
    log("item2vec.begin", items=int(trainer.known.sum()), left_out=int((~trainer.known).sum()), walks_an_epoch=corpus.walks, shards=corpus.shards)
    kept = None
    for epoch in range(1, settings.epochs + 1):
        figures = trainer.epoch(epoch - 1, corpus)
        kept = _better(kept, epoch, trainer.vectors(), validation, settings, recorder, figures)
        if epoch - kept.epoch >= settings.patience:
            break
    return kept


def _better(kept: Kept | None, epoch: int, vectors: Vectors, validation: Validation, settings: Settings, recorder: Recorder,
            figures: dict) -> Kept:
    if len(vectors.rows) == 0:
        raise RefusedData("no item has a trained vector: no two of the vocabulary stand in one walk or sequence",
                          got=f"minimum_count {settings.minimum_count}", remedy="lower minimum_count, or ingest more data")
    score = validation.best(vectors, DECAYS if settings.query_decay is None else (settings.query_decay or None,))
    recorder.epoch(epoch, {**figures, "validation_recall_50": score.recall, "query_decay": score.decay or 0.0})
    return Kept(epoch, vectors, score) if kept is None or score.recall > kept.score.recall else kept


def _write(draft: Draft, kept: Kept, request: FitRequest, graph: Graph, snapshot: Snapshot, code: str, recorder: Recorder) -> None:
    vectors, dimension = kept.vectors, kept.vectors.inputs.shape[1]
    encoder = MeanEncoder(vectors.inputs, kept.score.decay)
    rows = np.full(len(snapshot.item_ids), -1, np.int32)
    rows[vectors.rows] = np.arange(len(vectors.rows))
    similar = taste_space(vectors.inputs, snapshot.histories("train").renamed(rows))
    save_candidate(draft.path, [snapshot.item_ids[row] for row in vectors.rows], vectors.outputs, similar, encoder)
    recorder.save(draft.path, kept.epoch, {"validation_recall_50": kept.score.recall, "query_decay": kept.score.decay or 0.0})
    draft.counts = {"items": len(vectors.rows), "items_left_out": len(snapshot.item_ids) - len(vectors.rows)}
    draft.facts = describe(FAMILY, snapshot, request.settings, code, dimension)
    draft.lineage = {"settings": dataclasses.asdict(request.settings), "seed": request.seed, "code": code, "run": recorder.run,
                     "parents": [graph.uri, snapshot.uri]}
