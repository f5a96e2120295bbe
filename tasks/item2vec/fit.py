"""Learn vectors, choose how they are searched, record both."""

from __future__ import annotations

from pathlib import Path

from threadpoolctl import threadpool_limits

from tasks.core.cli.errors import BadRequest
from tasks.core.data.graph import Graph
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.decoders.export import Fitted, decoder_fit, write_candidate
from tasks.core.models.decoders.model_selection import select_model
from tasks.core.models.family import Written, run_fit
from tasks.core.models.validation import Validation
from tasks.core.models.warm_start import PreviousModel, load_previous
from tasks.core.registry.plots.walks import WALKS_FILE
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.store.identity import code_version
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
    store, settings = Store(request.store), request.settings
    graph, snapshot = _inputs(store, request)
    external = external_vectors.find(store, request.vectors, snapshot)
    dimension = external.facts["dimension"] if external else settings.dimension
    previous = load_previous(store, FAMILY, request, snapshot, dimension)
    the_fit = decoder_fit(
        FAMILY,
        request,
        store,
        snapshot,
        previous,
        code_version(*CODE),
        [graph.uri, snapshot.uri, *filter(None, (request.vectors,))],
        inputs={"graph": graph.id, "vectors": external and external.id},
        upstream=_upstream(graph, external),
    )

    def write(folder: Path, fitted: Fitted) -> Written:
        walks = statistics(graph.tables, settings.walk_length, request.seed)
        write_json(folder / WALKS_FILE, walks)
        return write_candidate(folder, fitted, settings, snapshot)

    return run_fit(
        the_fit,
        lambda recorder: _learn(request, graph, snapshot, previous, external, recorder),
        write,
    )


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


def _upstream(graph: Graph, external: Artefact | None) -> dict:
    """The settings made before this training that decide on the vectors: the graph's, and the
    trainer of vectors that were learned elsewhere.
    """
    return graph.artefact.lineage["settings"] | (
        {"vectors": external.facts["trainer"]} if external else {}
    )


def _learn(
    request: FitRequest,
    graph: Graph,
    snapshot: Snapshot,
    previous: PreviousModel | None,
    external: Artefact | None,
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
            request,
            graph,
            snapshot,
            validation,
            recorder,
            previous.vectors if previous else None,
            external,
        )
        vectors = (
            previous.aligned(learned.vectors) if previous and settings.align else learned.vectors
        )
        chosen = select_model(
            settings, vectors, train, validation, previous.choice if previous else None
        )
    return Fitted(learned.epoch, vectors, chosen, validation.seconds)
