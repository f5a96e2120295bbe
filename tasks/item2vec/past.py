"""Day over day: what a training leaves for the next one, and what it takes from the champion.

    candidates/item2vec/<id>/
        trained.rows.npy                           int32 (t): the candidate's rows that were trained, ascending
        trained.inputs.npy, trained.outputs.npy    float32 (t, d), as training left them, whatever is made of them to be served

Items that both days know begin where they ended; the others begin as in a first training. At the end inputs and outputs are turned
together onto the champion's, so that every score stays and vectors of both days can be compared.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from tasks.core.alignment import rotation, turned
from tasks.core.arrays import load, save
from tasks.core.candidate import Candidate
from tasks.core.log import log
from tasks.core.snapshot import Snapshot

NAMES = ("rows", "inputs", "outputs")


@dataclasses.dataclass(frozen=True)
class Past:
    """The trained vectors of an earlier candidate, in today's rows.

    Attributes:
        rows: int32 (n), rows of today's item table, ascending; n ≥ 1.
        inputs, outputs: float32 (n, d).
    """

    rows: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray

    @classmethod
    def of(cls, candidate: Candidate | None, snapshot: Snapshot, dimension: int) -> "Past | None":
        """The past of today's training; None, with the reason in the log, where there is none to go on from."""
        why = _unfit(candidate, snapshot, dimension)
        past = None if why else cls._read(candidate, snapshot)
        if why is None and not len(past.rows):
            why = "none of its items is left"
        if why:
            log("item2vec.cold_start", champion=candidate.artefact.id if candidate else None, why=why)
            return None
        log("item2vec.past", champion=candidate.artefact.id, day=candidate.artefact.facts["day"], items=len(past.rows))
        return past

    @classmethod
    def _read(cls, candidate: Candidate, snapshot: Snapshot) -> "Past":
        rows, inputs, outputs = (load(candidate.artefact.path / f"trained.{name}.npy") for name in NAMES)
        place = {item: row for row, item in enumerate(snapshot.item_ids)}
        today = np.array([place.get(candidate.item_ids[row], -1) for row in rows], np.int32)
        order = np.argsort(today, kind="stable")[np.count_nonzero(today < 0):]
        return cls(today[order], inputs[order], outputs[order])

    def turn(self, rows: np.ndarray, inputs: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inputs and outputs (n, d) of the items `rows`, turned by one rotation onto the past; as they are without a common item."""
        _, now, then = np.intersect1d(rows, self.rows, assume_unique=True, return_indices=True)
        if not len(now):
            return inputs, outputs
        found = rotation(np.vstack([inputs[now], outputs[now]]), np.vstack([self.inputs[then], self.outputs[then]]))
        return turned(inputs, found), turned(outputs, found)


def leave(folder: Path, rows: np.ndarray, inputs: np.ndarray, outputs: np.ndarray) -> None:
    """Write what the next training goes on from into a candidate's folder; `rows` are the candidate's own."""
    for name, array in zip(NAMES, (rows.astype(np.int32), inputs.astype(np.float32), outputs.astype(np.float32))):
        save(folder / f"trained.{name}.npy", array)


def _unfit(candidate: Candidate | None, snapshot: Snapshot, dimension: int) -> str | None:
    if candidate is None:
        return "no champion of an earlier day"
    facts = candidate.artefact.facts
    if facts["dataset"] != snapshot.dataset:
        return f"it was trained on {facts['dataset']}, this is {snapshot.dataset}"
    if facts.get("split") != snapshot.artefact.facts["split"]:
        return "its rows were divided otherwise: it may have learned what is held out now"
    if "trained.inputs.npy" not in candidate.artefact.files:
        return "an older version wrote it, without the vectors as trained"
    before = load(candidate.artefact.path / "trained.inputs.npy", mmap=True).shape[1]
    return None if before == dimension else f"its vectors have {before} dimensions, these {dimension}"
