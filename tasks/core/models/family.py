"""The one skeleton of every family's `fit`: find the work done, else learn and write the candidate,
then register it as challenger.

A family says what makes the candidate's id (`Fit`), how it is learned and how it is written:

    learn(recorder) → anything     the training; the recorder logs it to MLflow
    write(folder, learned)         its files, and what the manifest says of them (`Written`)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tasks.core.data.snapshot import Snapshot
from tasks.core.models.item_to_item.table import neighbours_of
from tasks.core.registry.run_recorder import RunRecorder, candidate_facts
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.neighbours import Neighbours
from tasks.core.retrieval.stability import stability
from tasks.core.store.arrays import rows_of_ids
from tasks.core.store.identity import identity
from tasks.core.store.manifest import Draft
from tasks.core.store.store import Store

Learned = TypeVar("Learned")


@dataclasses.dataclass(frozen=True)
class Written:
    """The files that a family has written of one training.

    Attributes:
        item_ids: of the n items that can be recommended.
        candidates: float32 (n, d), what is indexed.
        best_epoch: 1, 2, …: the epoch or step that was kept.
        metrics: its validation figures.
        counts, facts: for the manifest, beside what every candidate has.
        settings: with what the data decided; None: as requested.
    """

    item_ids: Sequence[str]
    candidates: np.ndarray
    best_epoch: int
    metrics: Mapping[str, float]
    validation_seconds: float = 0.0
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    facts: Mapping[str, object] = dataclasses.field(default_factory=dict)
    settings: Any = None


def count_items(written: int, cold: int, items: int) -> dict[str, int]:
    """The counts of a manifest: items with a vector, those among them whose vector is of their
    genres, and items of the catalogue without one.
    """
    return {"items": written, "items_cold": cold, "items_left_out": items - written}


@dataclasses.dataclass(frozen=True)
class Fit:
    """One training of one family.

    Attributes:
        request: the family's `FitRequest`.
        code: version of the code that decides on the vectors, see `code_version`.
        previous: the model that is gone on from and compared with; None: there is none.
        inputs: what the id is made of beside snapshot, previous model, settings, seed and code.
        parents: URIs of what was learned from.
        upstream: settings made elsewhere that decide on the vectors too, as the graph's do.
    """

    family: str
    request: Any
    store: Store
    snapshot: Snapshot
    code: str
    previous: Candidate | None = None
    inputs: Mapping[str, object] = dataclasses.field(default_factory=dict)
    parents: Sequence[str] = ()
    upstream: dict[str, Any] | None = None

    @cached_property
    def id(self) -> str:
        """The candidate's id: the same inputs find the work done."""
        return identity(
            dataset=self.snapshot.dataset,
            snapshot=self.snapshot.id,
            champion=self.previous and self.previous.artefact.id,
            settings=self.request.settings,
            seed=self.request.seed,
            code=self.code,
            **self.inputs,
        )

    @property
    def is_done(self) -> bool:
        """Whether the candidate is in the store."""
        return self.store.find("candidates", self.family, self.id) is not None


def run_fit(
    fit: Fit,
    learn: Callable[[RunRecorder], Learned],
    write: Callable[[Path, Learned], Written],
    *,
    leads: bool = True,
    conclude: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """The result of a `fit` verb; a candidate that is in the store already is only recorded.

    Args:
        leads: whether this process writes; of several that train together one does.
        conclude: called once the candidate is there, whoever wrote it.
    """
    recorder = RunRecorder.start(
        fit.request, fit.family, fit.id, fit.snapshot, fit.code, fit.upstream
    )
    try:
        if not fit.is_done:
            learned = learn(recorder)
            if leads:
                with fit.store.writing("candidate", "candidates", fit.family, fit.id) as draft:
                    written = write(draft.path, learned)
                    neighbours = _neighbours(fit, written)
                    neighbours.save(draft.path)
                    _describe(draft, written, neighbours, fit, recorder)
        conclude()
        artefact = fit.store.find("candidates", fit.family, fit.id)
        assert artefact, "it was written, or found written, above"
        return recorder.finish(artefact, fit.snapshot)
    except BaseException:
        recorder.failed()
        raise


def _neighbours(fit: Fit, written: Written) -> Neighbours:
    """The items most like each of the candidate's, by the day's table, which the families share."""
    rows = rows_of_ids(fit.snapshot.item_ids, written.item_ids)
    return neighbours_of(fit.store, fit.snapshot).remap(rows, len(written.item_ids))


def _describe(
    draft: Draft, written: Written, neighbours: Neighbours, fit: Fit, recorder: RunRecorder
) -> None:
    recorder.save(draft.path, written.best_epoch, written.metrics, written.validation_seconds)
    request, previous = fit.request, fit.previous
    draft.counts = dict(written.counts)
    draft.facts = {
        # Whether tomorrow's training is a refresh depends on what was requested alone.
        **candidate_facts(
            fit.family,
            fit.snapshot,
            request.settings,
            fit.code,
            written.candidates.shape[1],
            fit.upstream,
        ),
        "stability": previous
        and stability(written.item_ids, written.candidates, neighbours, previous),
        **written.facts,
    }
    draft.lineage = {
        "settings": dataclasses.asdict(written.settings or request.settings),
        "seed": request.seed,
        "code": fit.code,
        "run": recorder.run,
        "champion": previous and previous.artefact.id,
        "parents": list(fit.parents),
    }
