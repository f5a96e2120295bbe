"""What a family that is served by a decoder and a query writes of one training."""

from __future__ import annotations

import dataclasses
from typing import Any

from tasks.core.data.snapshot import Snapshot
from tasks.core.models.decoders.cold_start import add_cold_items
from tasks.core.models.decoders.model_selection import SelectedModel
from tasks.core.models.item_vectors import ItemVectors
from tasks.core.models.procrustes import align_rows
from tasks.core.models.warm_start import PreviousModel, save_state
from tasks.core.registry.run_recorder import RunRecorder, candidate_facts
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.item_similarity import taste_space
from tasks.core.store.manifest import Draft


@dataclasses.dataclass(frozen=True)
class Fitted:
    """The vectors of the best step of a training (1, 2, …), the model that is served from them, and
    what validation took of the time.
    """

    step: int
    vectors: ItemVectors
    chosen: SelectedModel
    validation_seconds: float = 0.0


def write_candidate(
    draft: Draft,
    family: str,
    fitted: Fitted,
    request: Any,
    snapshot: Snapshot,
    past: PreviousModel | None,
    code: str,
    recorder: RunRecorder,
    parents: list[str],
    upstream: dict | None = None,
) -> None:
    """Fill the folder of a candidate: cold items are placed, what is similar is turned onto the
    champion's, the next day's start is left.

    Args:
        request: a `FitRequest` whose settings have `cold_items`, `minimum_count` and `align`.
        parents: URIs of what was learned from, the champion aside.
        upstream: what else decides on the vectors, as `describe` takes it.
    """
    chosen, items = fitted.chosen, len(snapshot.item_ids)
    similar = taste_space(
        chosen.model.encoder.inputs, snapshot.histories("train").renamed(chosen.model.places(items))
    )
    served = add_cold_items(
        chosen.model, similar, snapshot, request.settings.cold_items, request.settings.minimum_count
    )
    model, item_ids = served.model, [snapshot.item_ids[row] for row in served.model.rows]
    similar = (
        align_rows(served.similar, past.candidate.similar, past.candidate.rows_of(item_ids))
        if past and request.settings.align
        else served.similar
    )
    save_candidate(draft.path, item_ids, model.candidates, similar, model.encoder, served.cold)
    save_state(draft.path, model, fitted.vectors, items)
    recorder.save(draft.path, fitted.step, chosen.figures(), fitted.validation_seconds)
    draft.counts = {
        "items": len(model.rows),
        "items_cold": len(served.cold),
        "items_left_out": items - len(model.rows),
    }
    draft.facts = {
        **candidate_facts(
            family, snapshot, request.settings, code, model.candidates.shape[1], upstream
        ),
        "choice": dataclasses.asdict(model.choice),
        "stability": past and past.stability(item_ids, model, similar),
    }
    champion = past and past.candidate.artefact
    draft.lineage = {
        "settings": dataclasses.asdict(request.settings),
        "seed": request.seed,
        "code": code,
        "run": recorder.run,
        "champion": champion and champion.id,
        "parents": [*parents, *([champion.uri] if champion else [])],
    }
