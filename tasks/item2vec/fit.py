"""Learn vectors, choose how they are searched, record both."""

from __future__ import annotations

from threadpoolctl import threadpool_limits

from tasks.core.cli.errors import BadRequest
from tasks.core.data.graph import Graph
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.decoders.export import Fitted, write_candidate
from tasks.core.models.decoders.model_selection import select_model
from tasks.core.models.validation import Validation
from tasks.core.models.warm_start import PreviousModel, load_previous
from tasks.core.registry.plots.walks import WALKS
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store, write_json
from tasks.item2vec import external_vectors
from tasks.item2vec.settings import FitRequest
from tasks.item2vec.training import learn
from tasks.item2vec.walk_statistics import statistics

FAMILY = "item2vec"
CODE = (__name__, "tasks.graph.build", "tasks.graph.walk_shards")  # graph and walks decide, too


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such graph or snapshot, or they do not belong together.
        RefusedData: nothing to learn from or to validate with.
        Unreachable: MLflow is away.
    """
    store = Store(request.store)
    graph, snapshot = _inputs(store, request)
    elsewhere = external_vectors.find(store, request.vectors, snapshot)
    past = load_previous(
        store,
        FAMILY,
        request,
        snapshot,
        elsewhere.facts["dimension"] if elsewhere else request.settings.dimension,
    )
    code = code_version(*CODE)
    id = identity(
        dataset=snapshot.dataset,
        snapshot=snapshot.id,
        graph=graph.id,
        champion=past and past.candidate.artefact.id,
        vectors=elsewhere and elsewhere.id,
        settings=request.settings,
        seed=request.seed,
        code=code,
    )
    upstream = _upstream(graph, elsewhere)
    recorder = RunRecorder.start(request, FAMILY, id, snapshot, code, upstream)
    try:
        if store.find("candidates", FAMILY, id) is None:
            fitted = _fit(request, graph, snapshot, past, elsewhere, recorder)
            with store.writing("candidate", "candidates", FAMILY, id) as draft:
                write_json(
                    draft.path / WALKS,
                    statistics(graph.tables, request.settings.walk_length, request.seed),
                )
                write_candidate(
                    draft,
                    FAMILY,
                    fitted,
                    request,
                    snapshot,
                    past,
                    code,
                    recorder,
                    [graph.uri, snapshot.uri, *filter(None, (request.vectors,))],
                    upstream,
                )
        return recorder.finish(store.find("candidates", FAMILY, id), snapshot)
    except BaseException:
        recorder.failed()
        raise


def _inputs(store: Store, request: FitRequest) -> tuple[Graph, Snapshot]:
    graph = Graph(store.open(request.graph, "graph"))
    snapshot = Snapshot(
        store.open(request.snapshot or graph.artefact.lineage["parents"][0], "snapshot")
    )
    if snapshot.id != graph.artefact.facts["snapshot"]:
        raise BadRequest(
            "the graph was built from another snapshot, whose item rows differ",
            got=f"{snapshot.uri} for {graph.uri}",
            allowed=graph.artefact.lineage["parents"][0],
            remedy="leave `snapshot` out, or build its graph",
        )
    return graph, snapshot


def _upstream(graph: Graph, elsewhere: Artefact | None) -> dict:
    """What else decides on the vectors: the settings of the graph that is walked on, and who
    learned them if that was done elsewhere.
    """
    return graph.artefact.lineage["settings"] | (
        {"vectors": elsewhere.facts["trainer"]} if elsewhere else {}
    )


def _fit(
    request: FitRequest,
    graph: Graph,
    snapshot: Snapshot,
    past: PreviousModel | None,
    elsewhere: Artefact | None,
    recorder: RunRecorder,
) -> Fitted:
    """Learn vectors, turn them onto the champion's, then choose on validation how they are
    searched.
    """
    settings, train = request.settings, snapshot.histories("train")
    validation = Validation(
        snapshot.queries("validation"),
        len(snapshot.item_ids),
        settings.validation_users,
        request.seed,
    )
    with threadpool_limits(
        settings.threads
    ):  # the threads of matrix products spin against those of other trainings
        learned = learn(
            request, graph, snapshot, validation, recorder, past and past.vectors, elsewhere
        )
        vectors = past.aligned(learned.vectors) if past and settings.align else learned.vectors
        chosen = select_model(settings, vectors, train, validation, past and past.choice)
    return Fitted(learned.epoch, vectors, chosen, validation.seconds)
