"""The members of a fusion: champions of other families that fit the snapshot."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.errors import BadRequest, NothingToDo
from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.models.warm_start import other_data_reason
from tasks.core.registry import mlflow_client
from tasks.core.registry.champion import find_champion
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store
from tasks.fused.settings import FitRequest

FAMILY = "fused"
MIN_MEMBERS = 2


@dataclasses.dataclass(frozen=True)
class MemberCandidate:
    """A champion that takes part, and its version in the registry (None: given by hand)."""

    family: str
    candidate: Candidate
    version: str | None


def find_members(store: Store, request: FitRequest, snapshot: Snapshot) -> list[MemberCandidate]:
    """The members, by name.

    Where the request names families, each has to be there and fit; where it names none, one that
    does not fit is left out, with the reason in the log, and with fewer than two nothing is done.

    Raises:
        BadRequest: a named family has no champion, or one that does not fit the snapshot.
        NothingToDo: fewer than two champions fit.
        Unreachable: the registry does not answer.
    """
    named = request.settings.members
    there = set(request.candidates) | (
        set(mlflow_client.champions()) if request.registry else set()
    )
    found, left_out = [], {}
    for family in sorted(named or there - {FAMILY}):
        champion = find_champion(store, family, request.candidates.get(family), request.registry)
        why = (
            "it has no champion" if champion is None else unfit_reason(champion.candidate, snapshot)
        )
        if why and named:
            raise BadRequest(
                f"{family} cannot be a member",
                got=why,
                allowed=f"a champion that learned from {snapshot.dataset} up to {snapshot.day}",
                remedy=f"train {family} for this day, or leave it out of settings.members",
            )
        if why or champion is None:
            log("fused.left_out", family=family, why=why)
            left_out[family] = why
        else:
            found.append(MemberCandidate(family, champion.candidate, champion.version))
    if len(found) < MIN_MEMBERS:
        reasons = "; ".join(f"{family}: {why}" for family, why in left_out.items())
        raise NothingToDo(
            f"{len(found)} champions fit {snapshot.dataset} {snapshot.day}, a fusion needs "
            f"{MIN_MEMBERS}" + (f" ({reasons})" if reasons else "")
        )
    return found


def unfit_reason(candidate: Candidate, snapshot: Snapshot) -> str | None:
    """Why a candidate may not be weighed on the validation users of a snapshot, or None.

    One of an earlier day may, if rows were held out in the same way: what is held out now came
    later than all that it learned.
    """
    facts = candidate.artefact.facts
    if why := other_data_reason(candidate, snapshot):
        return why
    if facts["day"] > snapshot.day:
        return f"it is of {facts['day']}: it has seen what is held out on {snapshot.day}"
    if facts["day"] == snapshot.day and facts["snapshot"] != snapshot.id:
        return f"it learned from another snapshot of {snapshot.day}, {facts['snapshot']}"
    if candidate.encoder.kind == FAMILY:
        return "it is a fusion itself"
    return None
