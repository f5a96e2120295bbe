"""Weigh the champions on validation users, put their vectors side by side, record the result."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from tasks.core.cli.errors import NothingToDo
from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.models.family import Fit, Written, count_items, run_fit
from tasks.core.registry import fused_members as known
from tasks.core.registry import mlflow_client
from tasks.core.registry.champion import previous_candidate
from tasks.core.registry.run_recorder import RunRecorder
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import FusedEncoder
from tasks.core.store.identity import code_version
from tasks.core.store.store import Store
from tasks.fused.blocks import member_models
from tasks.fused.member_scores import MemberScores
from tasks.fused.members import FAMILY, MemberCandidate, find_members
from tasks.fused.model import FusedModel, assemble
from tasks.fused.settings import FitRequest
from tasks.fused.weights import WeightsFound, search_weights

SCALES = ("all", "each")


def fit(request: FitRequest) -> dict:
    """The result of the `fit` verb; a candidate that is there already is only recorded.

    Raises:
        BadRequest: no such snapshot or champion; a member that was named does not fit.
        RefusedData: a member cannot be used at all; nobody to validate with.
        NothingToDo: fewer than two champions fit the snapshot, or this very fusion was judged and
            is not to be repeated.
        Unreachable: MLflow is away.
    """
    store = Store(request.store)
    snapshot = find_snapshot(store, request.snapshot, request.dataset, request.day)
    if request.track and request.registry:
        known.mark_stale(store, FAMILY)
    members = find_members(store, request, snapshot)
    the_fit = Fit(
        FAMILY,
        request,
        store,
        snapshot,
        code_version(__name__),
        previous_candidate(store, FAMILY, request.champion, snapshot.day, request.registry),
        inputs={
            "members": {one.family: [one.candidate.artefact.id, one.version] for one in members}
        },
        parents=[snapshot.uri, *(one.candidate.artefact.uri for one in members)],
        upstream={"families": [one.family for one in members]},
    )
    if not request.repeat and (outcome := mlflow_client.verdict_outcome(FAMILY, the_fit.id)):
        raise NothingToDo(f"these very champions were put side by side and judged: {outcome}")

    def learn(recorder: RunRecorder) -> tuple[int, FusedModel]:
        with threadpool_limits(request.settings.threads):
            return solve(request, snapshot, members, recorder)

    return run_fit(
        the_fit, learn, lambda folder, solved: _write(folder, *solved, members, snapshot)
    )


def solve(
    request: FitRequest, snapshot: Snapshot, members: list[MemberCandidate], recorder: RunRecorder
) -> tuple[int, FusedModel]:
    """The best weights under every scale; the step of the better scale, and the model of it."""
    settings = request.settings
    items, models = member_models(members, snapshot)
    scores = MemberScores(snapshot, items, models, settings, request.seed)
    scales = SCALES if settings.scale == "auto" else (settings.scale,)
    tried: list[tuple[float, int, str, np.ndarray, dict[str, float]]] = []
    for step, scale in enumerate(scales, 1):
        started = time.monotonic()
        say(f"scale {step} of {len(scales)}: weights of {len(models)} members")
        found, figures = _weights_under(scale, scores, request.seed)
        recorder.epoch(step, {"epoch_seconds": time.monotonic() - started, **figures})
        tried.append((found.ndcg, -step, scale, found.weights, figures))
    _, step, scale, weights, figures = max(tried, key=lambda one: one[:2])
    kept = weights >= settings.least_weight
    if kept.sum() < 2:
        log(
            "fused.collapsed",
            member=models[int(np.argmax(weights))].name,
            weight=float(weights.max()),
            because="no other adds to it on validation: it stands alone, and the gate will not "
            "find it better than itself",
        )
    model = assemble(
        snapshot,
        items,
        [model for model, keep in zip(models, kept, strict=True) if keep],
        weights[kept] / weights[kept].sum(),
        scale,
        scores,
        settings,
    )
    return -step, dataclasses.replace(model, figures=figures)


def _weights_under(
    scale: str, scores: MemberScores, seed: int
) -> tuple[WeightsFound, dict[str, float]]:
    ranking = scores.ranking(scale)
    found = search_weights(ranking, np.random.default_rng(seed))
    names = [part.name for part in scores.parts]
    return found, {
        "validation_ndcg": found.ndcg,
        "validation_recall_50": ranking.recall(found.weights),
        "validation_recall_50_best_member": max(map(ranking.recall, np.eye(len(names)))),
        **{
            f"weight_{name}": float(weight)
            for name, weight in zip(names, found.weights, strict=True)
        },
    }


def _write(
    folder: Path, step: int, whole: FusedModel, members: list[MemberCandidate], snapshot: Snapshot
) -> Written:
    encoder = FusedEncoder(whole.members)
    save_candidate(folder, whole.item_ids, whole.candidates, encoder, whole.cold)
    return Written(
        whole.item_ids,
        whole.candidates,
        step,
        whole.figures,
        counts=count_items(len(whole.item_ids), len(whole.cold), len(snapshot.item_ids)),
        facts={
            "scale": whole.scale,
            "members": {
                one.family: {
                    **known.member_facts(one.candidate, one.version),
                    "weight": whole.weights.get(one.family, 0.0),
                }
                for one in members
            },
        },
    )
