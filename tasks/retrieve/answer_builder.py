"""From the lists of channels to an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tasks.retrieve.answers import Answer, Hit, Item, Source
from tasks.retrieve.channels import Ranked
from tasks.retrieve.fusion import Merged, by_quota, reciprocal_rank
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.user_state import UserState


def build_answer(
    held: Mapping[str, LoadedGeneration],
    lists: Mapping[str, Ranked],
    k: int,
    source: Source,
    history: tuple[Item, ...] = (),
    unknown: tuple[str, ...] = (),
    quotas: Mapping[str, int] | None = None,
) -> Answer:
    """One channel's list as it is; several merged, by quota if there are any, else by reciprocal
    rank.
    """
    merged: Merged
    if len(lists) == 1:
        [(name, ranked)] = lists.items()
        merged = [(id, score, (name,)) for id, score in ranked[:k]]
    else:
        ids = {name: [id for id, _ in ranked] for name, ranked in lists.items()}
        merged = by_quota(ids, quotas, k) if quotas else reciprocal_rank(ids)[:k]
    hits = tuple(Hit(_item(held, id, names), float(score), names) for id, score, names in merged)
    return Answer(hits, {one: h.id for one, h in held.items()}, source, history, unknown)


def with_member_shares(
    made: Answer, held: Mapping[str, LoadedGeneration], known: UserState
) -> Answer:
    """The same, every hit of a fusion with the shares of its members."""
    return dataclasses.replace(
        made, hits=tuple(_with_shares(hit, held, known) for hit in made.hits)
    )


def _with_shares(hit: Hit, held: Mapping[str, LoadedGeneration], known: UserState) -> Hit:
    for name in hit.channels:
        if (
            name in held
            and (query := known.query(held[name])) is not None
            and (shares := held[name].shares(query, held[name].rows.get(hit.item.id)))
        ):
            return dataclasses.replace(hit, shares=shares)
    return hit


def _item(held: Mapping[str, LoadedGeneration], id: str, names: tuple[str, ...]) -> Item:
    """As the first channel that proposed it tells it, if that is a family."""
    for one in (*(name for name in names if name in held), *held):
        if (row := held[one].rows.get(id)) >= 0:
            return held[one].item(row)
    raise KeyError(id)
