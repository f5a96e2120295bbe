"""Answers from the lists of channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from tasks.retrieve.answers import Answer, Hit, Item, Source
from tasks.retrieve.channels import Ranked
from tasks.retrieve.fusion import Merged, by_quota, reciprocal_rank
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.user_state import UserState


def build_answer(
    generations: Mapping[str, LoadedGeneration],
    lists: Mapping[str, Ranked],
    k: int,
    source: Source,
    history: tuple[Item, ...] = (),
    unknown: tuple[str, ...] = (),
    quotas: Mapping[str, int] | None = None,
) -> Answer:
    """An answer of the k best hits.

    The list of a single channel is taken as it is; several are merged by quota if there are quotas,
    else by reciprocal rank.
    """
    merged: Merged
    if len(lists) == 1:
        [(channel, ranked)] = lists.items()
        merged = [(id, score, (channel,)) for id, score in ranked[:k]]
    else:
        ids = {channel: [id for id, _ in ranked] for channel, ranked in lists.items()}
        merged = by_quota(ids, quotas, k) if quotas else reciprocal_rank(ids)[:k]
    hits = tuple(
        Hit(_item(generations, id, channels), float(score), channels)
        for id, score, channels in merged
    )
    ids_of = {family: generation.id for family, generation in generations.items()}
    return Answer(hits, ids_of, source, history, unknown)


def with_member_shares(
    answer: Answer, generations: Mapping[str, LoadedGeneration], state: UserState
) -> Answer:
    """The answer with the shares of the members on every hit of a fusion."""
    return dataclasses.replace(
        answer, hits=tuple(_with_shares(hit, generations, state) for hit in answer.hits)
    )


def with_evidence(answer: Answer, generations: Mapping[str, LoadedGeneration], id: str) -> Answer:
    """The answer to what is like an item, with how many users liked both, and the item."""
    first = next(iter(generations.values()))
    hits = []
    for hit in answer.hits:
        generation = generations[hit.channels[0]]
        row, other = generation.rows.get(id), generation.rows.get(hit.item.id)
        hits.append(dataclasses.replace(hit, liked_both=generation.liked_both(row, other)))
    liked = int(first.neighbours.likes[first.rows.get(id)])
    return dataclasses.replace(answer, hits=tuple(hits), liked=liked)


def _with_shares(hit: Hit, generations: Mapping[str, LoadedGeneration], state: UserState) -> Hit:
    for channel in hit.channels:
        if (
            (generation := generations.get(channel)) is not None
            and (query := state.query(generation)) is not None
            and (shares := generation.shares(query, generation.rows.get(hit.item.id)))
        ):
            return dataclasses.replace(hit, shares=shares)
    return hit


def _item(generations: Mapping[str, LoadedGeneration], id: str, channels: tuple[str, ...]) -> Item:
    """The item as the first family among its channels describes it, else any family."""
    proposing = [channel for channel in channels if channel in generations]
    for family in (*proposing, *generations):
        if (row := generations[family].rows.get(id)) >= 0:
            return generations[family].item(row)
    raise KeyError(id)
