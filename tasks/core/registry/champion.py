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


def previous_candidate(
    store: Store, family: str, uri: str | None, day: str, registry: bool = True
) -> Candidate | None:
    """The model that a training of `day` goes on from: the champion, or the nearest one it goes
    back to whose data ends before that day; None where there is none.

    Args:
        uri: of a candidate to take instead of the champion in the registry.

    Raises:
        BadRequest: the candidate that was named is of this day or a later one, and goes back to
            none before it.
    """
    champion = find_champion(store, family, uri, registry)
    if champion is None:
        return None
    previous = latest_before(store, champion.candidate, day)
    if previous is None and uri:
        raise BadRequest(
            "the champion to go on from has seen what is held out on this day",
            got=f"{uri} of {champion.candidate.artefact.facts['day']}",
            allowed=f"a candidate of a day before {day}",
            remedy="name an earlier one, or none",
        )
    return previous


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
