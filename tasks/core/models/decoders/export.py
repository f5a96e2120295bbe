"""Writes the candidate of a family that is served by a decoder and a query."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tasks.core.data.snapshot import Snapshot
from tasks.core.models.decoders.cold_start import add_cold_items
from tasks.core.models.decoders.model_selection import SelectedModel
from tasks.core.models.family import Fit, Written, count_items
from tasks.core.models.item_vectors import ItemVectors
from tasks.core.models.warm_start import PreviousModel, save_state
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.store.store import Store


@dataclasses.dataclass(frozen=True)
class Fitted:
    """The vectors of the best step of a training (1, 2, …), the model that is served from them, and
    what validation took of the time.
    """

    step: int
    vectors: ItemVectors
    chosen: SelectedModel
    validation_seconds: float = 0.0


def decoder_fit(
    family: str,
    request: Any,
    store: Store,
    snapshot: Snapshot,
    previous: PreviousModel | None,
    code: str,
    parents: list[str],
    **more: Any,
) -> Fit:
    """One training of such a family; the previous model is among its parents."""
    candidate = previous.candidate if previous else None
    return Fit(
        family,
        request,
        store,
        snapshot,
        code,
        candidate,
        parents=[*parents, *([candidate.artefact.uri] if candidate else [])],
        **more,
    )


def write_candidate(
    folder: Path,
    fitted: Fitted,
    settings: Any,
    snapshot: Snapshot,
    facts: dict[str, Any] | None = None,
) -> Written:
    """Write a candidate's files: cold items get vectors, and the state for the next day's training
    is saved.

    Args:
        settings: with `cold_items` and `minimum_count`.
        facts: for the manifest, beside what every candidate of a decoder has.
    """
    chosen, items = fitted.chosen, len(snapshot.item_ids)
    completed = add_cold_items(chosen.model, snapshot, settings.cold_items, settings.minimum_count)
    model = completed.model
    item_ids = [snapshot.item_ids[row] for row in model.rows]
    save_candidate(folder, item_ids, model.candidates, model.encoder, completed.cold)
    save_state(folder, model, fitted.vectors, items)
    return Written(
        item_ids,
        model.candidates,
        fitted.step,
        chosen.figures(),
        fitted.validation_seconds,
        counts=count_items(len(model.rows), len(completed.cold), items),
        facts={"choice": dataclasses.asdict(model.choice), **(facts or {})},
    )
