"""A candidate: one trained model as what retrieval needs of it, whatever family made it.

    candidates/<family>/<id>/
        item_ids.block.npy, item_ids.offsets.npy   the ids of the n items that can be recommended,
                                                   by row
        candidates.npy                             float32 (n, d): what is indexed; the score is the
                                                   inner product with the query
        neighbours*.npy                            the items most like each, by row
                                                   (tasks.core.retrieval.neighbours)
        cold.npy                                   int32: rows that were not trained but placed by
                                                   metadata; absent when there are none
        encoder.json, encoder.*.npy                from a history of these rows to a query (d)
        training.json                              figures by epoch, the kept epoch and its figures
                                                   (tasks.core.registry.run_recorder)
        manifest.json                              lineage: settings, seed, code version, snapshot;
                                                   facts: family, day, dimension
An item that was not trained is not here at all, or it was placed by metadata: a zero vector would
outrank every trained item with a negative score.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from tasks.core.cli.errors import Corrupt
from tasks.core.retrieval.encoders import Encoder, load_encoder, save_encoder
from tasks.core.retrieval.neighbours import Neighbours
from tasks.core.store.arrays import StringTable, load, rows_of_ids, save
from tasks.core.store.manifest import Artefact


def save_candidate(
    folder: Path,
    item_ids: list[str],
    candidates: np.ndarray,
    encoder: Encoder,
    cold: np.ndarray | None = None,
) -> None:
    """Write the files of a candidate.

    Args:
        item_ids: n ids, no two alike.
        candidates: (n, d), finite, no row all zero.
        encoder: its `dimension` is d.
        cold: rows that were placed by metadata; None or empty when every item was trained.

    Raises:
        ValueError: any of this does not hold.
    """
    _check(item_ids, candidates, encoder)
    StringTable.of(item_ids).save(folder, "item_ids")
    save(folder / "candidates.npy", candidates.astype(np.float32))
    save_encoder(folder, encoder)
    if cold is not None and len(cold):
        save(folder / "cold.npy", cold.astype(np.int32))


def _check(item_ids: list[str], candidates: np.ndarray, encoder: Encoder) -> None:
    n = len(item_ids)
    if len(set(item_ids)) != n or n == 0:
        raise ValueError(
            f"{n} item ids, {len(set(item_ids))} of them different: expected at least one, all "
            f"different"
        )
    if candidates.ndim != 2 or len(candidates) != n or not np.isfinite(candidates).all():
        raise ValueError(f"candidates has shape {candidates.shape}: expected {n} finite rows")
    if not np.any(candidates, axis=1).all():
        raise ValueError(
            f"{int((~np.any(candidates, axis=1)).sum())} of {n} candidate vectors are all "
            f"zero: leave untrained items out"
        )
    if encoder.dimension != candidates.shape[1]:
        raise ValueError(
            f"queries have {encoder.dimension} dimensions, candidates {candidates.shape[1]}"
        )


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A candidate read back, its digests checked once."""

    artefact: Artefact
    mmap: bool = False

    def __post_init__(self) -> None:
        for name in self.artefact.files:
            if name.endswith((".npy", ".json")):
                self.artefact.file(name)
        if len(self.vectors) != len(self.item_ids):
            raise Corrupt(
                f"{self.artefact.path}: {len(self.vectors)} vectors for {len(self.item_ids)} ids"
            )

    @property
    def family(self) -> str:
        return self.artefact.facts["family"]

    @cached_property
    def item_ids(self) -> StringTable:
        return StringTable.load(self.artefact.path, "item_ids", self.mmap)

    @cached_property
    def vectors(self) -> np.ndarray:
        return load(self.artefact.path / "candidates.npy", self.mmap)

    @cached_property
    def neighbours(self) -> Neighbours:
        """The items most like each of its own; none in a candidate of an older version."""
        return Neighbours.of(self.artefact, len(self.item_ids), self.mmap)

    @cached_property
    def cold(self) -> np.ndarray:
        """int32: rows that were not trained but placed by metadata."""
        return (
            load(self.artefact.path / "cold.npy")
            if "cold.npy" in self.artefact.files
            else np.zeros(0, np.int32)
        )

    @cached_property
    def encoder(self) -> Encoder:
        return load_encoder(self.artefact.path, self.mmap)

    def rows_of(self, item_ids: Sequence[str]) -> np.ndarray:
        """int32: this candidate's row of each id, −1 where it has none."""
        return rows_of_ids(item_ids, self.item_ids)
