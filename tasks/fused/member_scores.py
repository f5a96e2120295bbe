"""Scores of every member for the validation users and all items, in spreads."""

from __future__ import annotations

import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.data.user_sample import sample_size, sample_users
from tasks.core.models.item_vectors import row_positions
from tasks.fused.blocks import MemberModel
from tasks.fused.settings import Settings
from tasks.fused.weights import Ranking

MAX_SCORES = (
    4 * 10**7
)  # of all users asked and all items: some two hundred weights are tried on them


class MemberScores:
    """The validation users, at most as many as the settings' number and memory allow, drawn by
    `seed`.

    Args:
        items: int32 (n), rows of the item table, as in the blocks.

    Raises:
        RefusedData: the memory does not hold the scores of a single user.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        items: np.ndarray,
        parts: list[MemberModel],
        settings: Settings,
        seed: int,
    ) -> None:
        queries = snapshot.queries("validation")
        users = _users(len(queries.users), len(items), len(parts), settings, seed)
        histories, attributes = (
            queries.histories.select_users(users),
            queries.attributes and queries.attributes.select_users(users),
        )
        positions = row_positions(items, len(snapshot.item_ids))
        self.parts, self.expected = parts, queries.labels.select_users(users).lengths
        self.labels, self.seen = (
            of.select_users(users).remap_items(positions) for of in (queries.labels, queries.seen)
        )
        known = histories.remap_items(positions)
        # float32 (users, interests, d) of each member
        self.queries = [
            part.encoder.encode(known.remap_items(part.rows), attributes).reshape(
                len(users), -1, part.encoder.dimension
            )
            for part in parts
        ]
        self.spreads = [
            np.sqrt(np.square(member_queries @ part.root).sum(axis=2).mean(axis=1))
            for part, member_queries in zip(parts, self.queries, strict=True)
        ]
        self.means = [
            _mean_spread(part, spread) for part, spread in zip(parts, self.spreads, strict=True)
        ]

    def scaled(self, member: int, scale: str) -> np.ndarray:
        """float32 (users, interests, d): a member's queries, its scores in spreads."""
        by = (
            self.means[member]
            if scale == "all"
            else np.maximum(self.spreads[member], 1e-9)[:, None, None]
        )
        return (
            self.queries[member] / np.float32(by)
            if scale == "all"
            else (self.queries[member] / by).astype(np.float32)
        )

    def ranking(self, scale: str) -> Ranking:
        """All members' scores; of several interests the best one's."""
        scores = np.empty(
            (len(self.parts), len(self.expected), len(self.parts[0].candidates)), np.float32
        )
        for member, part in enumerate(self.parts):
            queries = self.scaled(member, scale)
            np.matmul(queries[:, 0], part.candidates.T, out=scores[member])
            for interest in range(1, queries.shape[1]):
                np.maximum(
                    scores[member], queries[:, interest] @ part.candidates.T, out=scores[member]
                )
        return Ranking(scores, self.labels, self.seen, self.expected)


def _users(users: int, items: int, members: int, settings: Settings, seed: int) -> np.ndarray:
    """The validation users who are asked: as many as the setting and the memory allow."""
    each = 4 * items * (members + 2)  # bytes: the members', their sum, and what is made of it
    most = min(
        sample_size(settings.validation_users, items, MAX_SCORES),
        int(settings.memory_gb * 2**30 / each),
    )
    if most < 1:
        raise RefusedData(
            "the scores of one validation user take more memory than they may",
            got=f"{each / 2**30:.3g} GB",
            allowed=f"{settings.memory_gb:g} GB",
            remedy="raise settings.memory_gb",
        )
    chosen = sample_users(users, most, seed)
    scores_gb = each * len(chosen) / 2**30
    log("fused.validation", users=len(chosen), of=users, items=items, scores_gb=scores_gb)
    return chosen


def _mean_spread(part: MemberModel, spread: np.ndarray) -> float:
    """The mean spread of a member's scores, over the users it scores differently."""
    mean = float(spread[spread > 0].mean()) if (spread > 0).any() else 0.0
    if not mean > 0:
        raise RefusedData(
            f"{part.name} has the same score for every item and validation user",
            got="a spread of 0",
            remedy="train it again, or leave it out of settings.members",
        )
    return mean
