"""Learn vectors, choose how they are searched, record both."""

from __future__ import annotations

import dataclasses

from threadpoolctl import threadpool_limits

from tasks.core.candidate import save_candidate
from tasks.core.errors import BadRequest
from tasks.core.graph import Graph
from tasks.core.identity import code_version, identity
from tasks.core.manifest import Draft
from tasks.core.recording import Recorder, describe
from tasks.core.similar import taste_space
from tasks.core.snapshot import Snapshot
from tasks.core.store import Store
from tasks.item2vec.choosing import Chosen, choose
from tasks.item2vec.learning import learn
from tasks.item2vec.settings import FitRequest
from tasks.item2vec.validation import Validation
from tasks.item2vec.vectors import Vectors

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
    code = code_version("graph", FAMILY)
    id = identity(dataset=snapshot.dataset, snapshot=snapshot.id, graph=graph.id, settings=request.settings, seed=request.seed, code=code)
    recorder = Recorder.start(request, FAMILY, id, snapshot, code)
    try:
        if store.find("candidates", FAMILY, id) is None:
            fitted = _fit(request, graph, snapshot, recorder)
            with store.writing("candidate", "candidates", FAMILY, id) as draft:
                _write(draft, fitted, request, graph, snapshot, code, recorder)
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
class Fitted:
    """The vectors of the best epoch, and the model that is served from them."""

    epoch: int
    vectors: Vectors
    chosen: Chosen


def _fit(request: FitRequest, graph: Graph, snapshot: Snapshot, recorder: Recorder) -> Fitted:
    """Learn vectors, then choose on validation how they are searched."""
    settings, train = request.settings, snapshot.histories("train")
    validation = Validation(snapshot.queries("validation"), len(snapshot.item_ids), settings.validation_users, request.seed)
    with threadpool_limits(settings.threads):  # the threads of matrix products spin against those of other trainings
        learned = learn(request, graph, snapshot, validation, recorder)
        chosen = choose(settings, learned.vectors, train, validation)
    return Fitted(learned.epoch, learned.vectors, chosen)


def _write(draft: Draft, fitted: Fitted, request: FitRequest, graph: Graph, snapshot: Snapshot, code: str, recorder: Recorder) -> None:
    model, chosen = fitted.chosen.model, fitted.chosen
    similar = taste_space(model.encoder.inputs, snapshot.histories("train").renamed(model.places(len(snapshot.item_ids))))
    save_candidate(draft.path, [snapshot.item_ids[row] for row in model.rows], model.candidates, similar, model.encoder)
    recorder.save(draft.path, fitted.epoch, chosen.figures())
    draft.counts = {"items": len(model.rows), "items_left_out": len(snapshot.item_ids) - len(model.rows)}
    draft.facts = {**describe(FAMILY, snapshot, request.settings, code, model.candidates.shape[1]), "choice": dataclasses.asdict(model.choice)}
    draft.lineage = {"settings": dataclasses.asdict(request.settings), "seed": request.seed, "code": code, "run": recorder.run,
                     "parents": [graph.uri, snapshot.uri]}
