"""The champion of a family: who is to be beaten, and whose space a new model keeps."""

from __future__ import annotations

import dataclasses

from tasks.core.cli.errors import BadRequest
from tasks.core.registry import mlflow_client
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store


@dataclasses.dataclass(frozen=True)
class Champion:
    """A candidate and the version it has in the registry (None: given by hand)."""

    candidate: Candidate
    version: str | None


def find_champion(
    store: Store, family: str, uri: str | None, registry: bool = True
) -> Champion | None:
    """The candidate at `uri`, else the champion in the registry if that is to be asked, else None;
    None, too, without a champion.

    Raises:
        BadRequest: its folder is gone, or it belongs to another family.
        Unreachable: the registry does not answer.
    """
    if uri is not None:
        return Champion(_read(store, uri, family), None)
    version = mlflow_client.by_alias(family, mlflow_client.CHAMPION) if registry else None
    if version is None:
        return None
    if "recall.uri" not in version.tags:
        raise BadRequest(
            f"the champion of {family}, version {version.version}, does not say where its "
            f"candidate lies",
            allowed="a tag recall.uri",
            remedy="set the tag, or restore another version: promote restore",
        )
    return Champion(_read(store, version.tags["recall.uri"], family), str(version.version))


def _read(store: Store, uri: str, family: str) -> Candidate:
    candidate = Candidate(store.open(uri, "candidate"))
    if candidate.family != family:
        raise BadRequest(
            "the champion is of another family",
            got=f"{candidate.family}, {uri}",
            allowed=f"a candidate of {family}",
        )
    return candidate


def latest_before(store: Store, champion: Candidate, day: str) -> Candidate | None:
    """The champion, or the nearest of those it goes back to, whose data ends before `day`; None
    when there is none.

    A model that goes on from one of the same or a later day would have learned rows that are held
    out on its own day. And a day that is run again finds the model it began with the first time,
    and so its work done.
    """
    family = champion.family
    while champion.artefact.facts["day"] >= day:
        before = champion.artefact.lineage.get("champion")
        artefact = store.find("candidates", family, before) if before else None
        if artefact is None:
            return None
        champion = Candidate(artefact)
    return champion
