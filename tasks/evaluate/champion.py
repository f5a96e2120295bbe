"""Who is to be beaten: the champion in the registry, a candidate given by hand, or nobody."""

from __future__ import annotations

import dataclasses

from tasks.core import tracking
from tasks.core.candidate import Candidate
from tasks.core.errors import BadRequest
from tasks.core.store import Store
from tasks.evaluate.settings import JudgeRequest


@dataclasses.dataclass(frozen=True)
class Champion:
    """A candidate and the version it has in the registry (None: given by hand)."""

    candidate: Candidate
    version: str | None


def find(store: Store, request: JudgeRequest, family: str) -> Champion | None:
    """The champion to compare with, or None when the family has none yet.

    Raises:
        BadRequest: its folder is gone, or it belongs to another family.
        Unreachable: the registry does not answer.
    """
    if request.champion is not None:
        return Champion(_read(store, request.champion, family), None)
    if not request.champion_from_registry:
        return None
    version = tracking.by_alias(family, tracking.CHAMPION)
    if version is None:
        return None
    if "recall.uri" not in version.tags:
        raise BadRequest(f"the champion of {family}, version {version.version}, does not say where its candidate lies",
                         allowed="a tag recall.uri", remedy="set the tag, or restore another version: promote restore")
    return Champion(_read(store, version.tags["recall.uri"], family), str(version.version))


def _read(store: Store, uri: str, family: str) -> Candidate:
    candidate = Candidate(store.open(uri, "candidate"))
    if candidate.family != family:
        raise BadRequest("the champion is of another family", got=f"{candidate.family}, {uri}",
                         allowed=f"a candidate of {family}")
    return candidate
