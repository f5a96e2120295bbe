"""Weigh the champions on validation users, put their vectors side by side, record the result."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
from threadpoolctl import threadpool_limits

from tasks.core.cli.errors import NothingToDo
from tasks.core.cli.log import log, say
from tasks.core.data.snapshot import Snapshot, find_snapshot
from tasks.core.registry import fused_members as known
from tasks.core.registry import mlflow_client
from tasks.core.registry.champion import find_champion, latest_before
from tasks.core.registry.run_recorder import RunRecorder, candidate_facts
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import FusedEncoder
from tasks.core.retrieval.stability import stability
from tasks.core.store.identity import code_version, identity
from tasks.core.store.manifest import Draft
from tasks.core.store.store import Store
from tasks.fused.blocks import blocks
from tasks.fused.members import FAMILY, Joined, chosen
from tasks.fused.model import Whole, assembled
from tasks.fused.settings import FitRequest
from tasks.fused.validation import Validation
from tasks.fused.weights import search

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
    members = chosen(store, request, snapshot)
    champion = find_champion(store, FAMILY, request.champion, request.registry)
    before = latest_before(store, champion.candidate, snapshot.day) if champion else None
    code, names = code_version(__name__), {"families": [one.family for one in members]}
    id = identity(
        dataset=snapshot.dataset,
        snapshot=snapshot.id,
        members={one.family: [one.candidate.artefact.id, one.version] for one in members},
        champion=before and before.artefact.id,
        settings=request.settings,
        seed=request.seed,
        code=code,
    )
    if not request.repeat and (outcome := mlflow_client.verdict_outcome(FAMILY, id)):
        raise NothingToDo(f"these very champions were put side by side and judged: {outcome}")
    recorder = RunRecorder.start(request, FAMILY, id, snapshot, code, names)
    try:
        if store.find("candidates", FAMILY, id) is None:
            with threadpool_limits(request.settings.threads):
                step, whole = solve(request, snapshot, members, recorder)
            with store.writing("candidate", "candidates", FAMILY, id) as draft:
                _write(draft, whole, members, request, snapshot, code, recorder, names, step)
                champion = before and before.artefact
                draft.facts["stability"] = before and stability(
                    whole.item_ids, whole.candidates, whole.similar, before
                )
                draft.lineage |= {"champion": champion and champion.id}
        return recorder.finish(store.find("candidates", FAMILY, id), snapshot)
    except BaseException:
        recorder.failed()
        raise


def solve(
    request: FitRequest, snapshot: Snapshot, members: list[Joined], recorder: RunRecorder
) -> tuple[int, Whole]:
    """Under every scale the best weights; the better of them, and what is served with them."""
    settings, tried = request.settings, []
    items, parts = blocks(members, snapshot)
    validation = Validation(snapshot, items, parts, settings, request.seed)
    scales = SCALES if settings.scale == "auto" else (settings.scale,)
    for step, scale in enumerate(scales, 1):
        started = time.monotonic()
        say(f"scale {step} of {len(scales)}: weights of {len(parts)} members")
        ranking = validation.ranking(scale)
        found = search(ranking, np.random.default_rng(request.seed))
        alone = [ranking.recall(one) for one in np.eye(len(parts))]
        told = {
            "validation_ndcg": found.ndcg,
            "validation_recall_50": ranking.recall(found.weights),
            "validation_recall_50_best_member": max(alone),
            **{
                f"weight_{part.name}": float(weight)
                for part, weight in zip(parts, found.weights, strict=True)
            },
        }
        recorder.epoch(step, {"epoch_seconds": time.monotonic() - started, **told})
        tried.append((found.ndcg, -step, scale, found.weights, told))
    _, step, scale, weights, told = max(tried, key=lambda one: one[:2])
    kept = weights >= settings.least_weight
    if kept.sum() < 2:
        log(
            "fused.collapsed",
            member=parts[int(np.argmax(weights))].name,
            weight=float(weights.max()),
            because="no other adds to it on validation: it stands alone, and the gate will not "
            "find it better than itself",
        )
    whole = assembled(
        snapshot,
        items,
        [part for part, keep in zip(parts, kept, strict=True) if keep],
        weights[kept] / weights[kept].sum(),
        scale,
        validation,
        settings,
    )
    return -step, dataclasses.replace(whole, figures=told)


def _write(
    draft: Draft,
    whole: Whole,
    members: list[Joined],
    request: FitRequest,
    snapshot: Snapshot,
    code: str,
    recorder: RunRecorder,
    names: dict,
    step: int,
) -> None:
    save_candidate(
        draft.path,
        whole.item_ids,
        whole.candidates,
        whole.similar,
        FusedEncoder(whole.members),
        whole.cold,
    )
    recorder.save(draft.path, step, whole.figures)
    draft.counts = {
        "items": len(whole.item_ids),
        "items_cold": len(whole.cold),
        "items_left_out": len(snapshot.item_ids) - len(whole.item_ids),
    }
    draft.facts = {
        **candidate_facts(
            FAMILY, snapshot, request.settings, code, whole.candidates.shape[1], names
        ),
        "scale": whole.scale,
        "members": {
            one.family: {
                **known.member_facts(one.candidate, one.version),
                "weight": whole.weights.get(one.family, 0.0),
            }
            for one in members
        },
    }
    draft.lineage = {
        "settings": dataclasses.asdict(request.settings),
        "seed": request.seed,
        "code": code,
        "run": recorder.run,
        "parents": [snapshot.uri, *(one.candidate.artefact.uri for one in members)],
    }
