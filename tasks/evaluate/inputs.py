"""The inputs of an evaluation: challengers, champion and snapshot."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.errors import BadRequest
from tasks.core.data.snapshot import Snapshot
from tasks.core.registry import champion as champions
from tasks.core.registry import fused_members
from tasks.core.registry.champion import Champion
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.evaluate.settings import JudgeRequest


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The models that are judged, and the snapshot they are judged on.

    Attributes:
        challengers: trainings of one recipe, which differ in their seed; at least one.
        champion: the model to compare with, if there is one.
        snapshot: the users, their histories and labels.
    """

    challengers: list[Candidate]
    champion: Champion | None
    snapshot: Snapshot

    @classmethod
    def of(cls, store: Store, request: JudgeRequest) -> Inputs:
        """Open the artefacts of a request."""
        challengers = _challengers(store, request)
        first = challengers[0]
        snapshot = (
            store.open(request.snapshot, "snapshot")
            if request.snapshot
            else _trained_on(store, first)
        )
        champion = champions.find_champion(
            store, first.family, request.champion, request.champion_from_registry
        )
        return cls(challengers, champion, Snapshot(snapshot))

    def stale_reason(self, request: JudgeRequest) -> str | None:
        """The reason not to compare with the champion of the registry, if there is one."""
        if self.champion and request.champion_from_registry:
            return fused_members.stale_reason(self.champion.candidate)
        return None

    def identify(self, request: JudgeRequest, code: str) -> dict:
        """The ids and settings that the evaluation depends on."""
        champion = self.champion
        return {
            "candidates": [candidate.artefact.id for candidate in self.challengers],
            "snapshot": self.snapshot.id,
            "labels": request.labels,
            "newcomers": request.newcomers,
            "champion": champion and champion.candidate.artefact.id,
            "champion_version": champion and champion.version,
            "champion_stale": champion
            and request.champion_from_registry
            and fused_members.stale_reason(champion.candidate),
            "memory_gb": request.baselines_memory_gb,
            "users_most": request.users_most,
            "code": code,
        }


def _challengers(store: Store, request: JudgeRequest) -> list[Candidate]:
    """The candidate and its seeds, which must be of one recipe."""
    candidates = [
        Candidate(store.open(uri, "candidate"))
        for uri in dict.fromkeys((request.candidate, *request.seeds))
    ]
    names = ("settings_digest", "code", "snapshot")
    recipes = {
        (candidate.family, *(candidate.artefact.facts[name] for name in names))
        for candidate in candidates
    }
    if len(recipes) > 1:
        raise BadRequest(
            "the trainings to be judged together differ in more than their seed",
            got=[candidate.artefact.uri for candidate in candidates],
            allowed="one family, one set of settings, one code, one snapshot",
            remedy="judge them one by one",
        )
    return candidates


def _trained_on(store: Store, candidate: Candidate) -> Artefact:
    facts = candidate.artefact.facts
    if snapshot := store.find("snapshots", facts["dataset"], facts["day"], facts["snapshot"]):
        return snapshot
    raise BadRequest(
        "the snapshot the candidate was trained on is gone",
        got=f"{facts['dataset']} {facts['day']} {facts['snapshot']}",
        remedy="give another snapshot, or ingest that day again",
    )
