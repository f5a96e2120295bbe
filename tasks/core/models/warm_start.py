"""Day over day: what a training leaves for the next one, and what it takes from the champion.

    candidates/<family>/<id>/
        trained.rows.npy                           int32 (t): the candidate's rows that were
                                                   trained, ascending
        trained.inputs.npy, trained.outputs.npy    float32 (t, d), as training left them, whatever
                                                   is made of them to be served

Items that both days know begin where they ended; the others begin as in a first training. At the
end inputs and outputs are turned together onto the champion's, so that every score stays and
vectors of both days can be compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot, same_split
from tasks.core.models.decoders.search_model import SearchChoice, SearchModel
from tasks.core.models.item_vectors import ItemVectors
from tasks.core.models.procrustes import best_rotation, rotate
from tasks.core.registry.champion import previous_candidate
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.arrays import load, save
from tasks.core.store.store import Store

INPUTS_FILE = "trained.inputs.npy"


class PreviousModel:
    """The champion a training goes on from.

    Attributes:
        candidate: as it was stored.
        vectors: as its training left them, in today's rows; None, with the reason in the log, where
            they cannot be used.
    """

    def __init__(self, candidate: Candidate, snapshot: Snapshot, dimension: int) -> None:
        self.candidate = candidate
        self.vectors: ItemVectors | None = None
        why, items = _unfit(candidate, snapshot, dimension), 0
        if why is None:
            vectors = _in_todays_rows(candidate, snapshot)
            items = len(vectors.rows)
            self.vectors = vectors if items else None
            why = None if items else "none of its items is left"
        log(
            f"{candidate.artefact.facts['family']}.past",
            champion=candidate.artefact.id,
            day=candidate.artefact.facts["day"],
            **({"begins_anew": why} if why else {"items": items}),
        )

    @property
    def choice(self) -> SearchChoice | None:
        """The previous model's way of search; None where its vectors cannot be used."""
        facts = self.candidate.artefact.facts.get("choice")
        return (
            SearchChoice(**{**facts, "decays": tuple(facts["decays"])})
            if facts and self.vectors
            else None
        )

    def aligned(self, now: ItemVectors) -> ItemVectors:
        """Inputs and outputs turned by one rotation onto the past; as they are where there is
        nothing to turn them onto.
        """
        if self.vectors is None:
            return now
        _, here, there = np.intersect1d(
            now.rows, self.vectors.rows, assume_unique=True, return_indices=True
        )
        if not len(here):
            return now
        found = best_rotation(
            *(
                np.vstack([of.inputs[rows], of.outputs[rows]])
                for of, rows in ((now, here), (self.vectors, there))
            )
        )
        return ItemVectors(now.rows, rotate(now.inputs, found), rotate(now.outputs, found))


def load_previous(
    store: Store, family: str, request: Any, snapshot: Snapshot, dimension: int
) -> PreviousModel | None:
    """The champion, or the one it goes back to from before this day.

    Args:
        request: a `FitRequest` with `champion` and `track`.
        dimension: of the vectors that are learned now.

    Raises:
        BadRequest: the candidate that was named has seen what is held out on this day.
    """
    candidate = previous_candidate(store, family, request.champion, snapshot.day, request.track)
    return PreviousModel(candidate, snapshot, dimension) if candidate else None


def save_state(folder: Path, model: SearchModel, trained: ItemVectors, items: int) -> None:
    """Write what the next training goes on from into the folder of a candidate that serves
    `model`.
    """
    positions = model.positions(items)[trained.rows]
    for name, array in (
        ("rows", positions[positions >= 0]),
        ("inputs", trained.inputs[positions >= 0]),
        ("outputs", trained.outputs[positions >= 0]),
    ):
        save(folder / f"trained.{name}.npy", array)


def _in_todays_rows(candidate: Candidate, snapshot: Snapshot) -> ItemVectors:
    rows, inputs, outputs = (
        load(candidate.artefact.path / f"trained.{name}.npy")
        for name in ("rows", "inputs", "outputs")
    )
    row_of_item = {item: row for row, item in enumerate(snapshot.item_ids)}
    today = np.array([row_of_item.get(candidate.item_ids[row], -1) for row in rows], np.int32)
    order = np.argsort(today, kind="stable")[np.count_nonzero(today < 0) :]
    return ItemVectors(today[order], inputs[order], outputs[order])


def unfit_reason(candidate: Candidate, snapshot: Snapshot, file: str) -> str | None:
    """Why a training on a snapshot cannot go on from a candidate; None: it can.

    Args:
        file: what the candidate's training left for the next one.
    """
    if why := other_data_reason(candidate, snapshot):
        return why
    if file not in candidate.artefact.files:
        return f"an older version wrote it, without {file}"
    return None


def other_data_reason(candidate: Candidate, snapshot: Snapshot) -> str | None:
    """Why a candidate cannot be compared on a snapshot's held-out rows: it learned from another
    data set, or from rows that were divided otherwise. None: it can.
    """
    facts = candidate.artefact.facts
    if facts["dataset"] != snapshot.dataset:
        return f"it learned from {facts['dataset']}, not {snapshot.dataset}"
    if not same_split(facts.get("split"), snapshot.artefact.facts["split"]):
        return "its rows were divided otherwise: it may have learned what is held out now"
    return None


def _unfit(candidate: Candidate, snapshot: Snapshot, dimension: int) -> str | None:
    if why := unfit_reason(candidate, snapshot, INPUTS_FILE):
        return why
    before = load(candidate.artefact.path / INPUTS_FILE, mmap=True).shape[1]
    if before != dimension:
        return f"its vectors have {before} dimensions, these {dimension}"
    return None
