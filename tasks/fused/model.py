"""The fused model: its members' candidates side by side, and the encoder of its queries."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.encoders.fused import Member
from tasks.fused.blocks import MemberModel
from tasks.fused.member_scores import MemberScores
from tasks.fused.projection import project
from tasks.fused.settings import Settings

MAX_INTERESTS = 16  # combinations of the members' interests at most


@dataclasses.dataclass(frozen=True)
class FusedModel:
    """A fused model of n items.

    Attributes:
        candidates: float32 (n, D), the members' side by side.
        cold: int (c), rows that no member has trained.
        members: the parts of the encoder.
        weights: member → its share of all weights.
        scale: `all` or `each`.
        figures: what is recorded.
    """

    item_ids: list[str]
    candidates: np.ndarray
    cold: np.ndarray
    members: list[Member]
    weights: dict[str, float]
    scale: str
    figures: dict[str, float] = dataclasses.field(default_factory=dict)


def assemble(
    snapshot: Snapshot,
    items: np.ndarray,
    parts: list[MemberModel],
    weights: np.ndarray,
    scale: str,
    validation: MemberScores,
    settings: Settings,
) -> FusedModel:
    """Put the blocks side by side, reduced where they are wider than `settings.dimension`.

    Raises:
        BadRequest: the members' interests make too many combinations.
    """
    which = [validation.parts.index(part) for part in parts]
    _check_interests(int(np.prod([validation.queries[member].shape[1] for member in which])))
    factors = [
        float(weight) / (validation.means[member] if scale == "all" else 1.0)
        for weight, member in zip(weights, which, strict=True)
    ]
    candidates, turns = _project_members(
        parts, which, weights, scale, validation, settings.dimension
    )
    members = [
        Member(
            part.name, part.encoder, part.rows, factor, turn, part.root if scale == "each" else None
        )
        for part, factor, turn in zip(parts, factors, turns, strict=True)
    ]
    return FusedModel(
        [snapshot.item_ids[row] for row in items],
        np.hstack(candidates),
        np.flatnonzero(np.all([part.placed for part in parts], axis=0)),
        members,
        {part.name: float(weight) for part, weight in zip(parts, weights, strict=True)},
        scale,
    )


def _check_interests(combinations: int) -> None:
    if combinations > MAX_INTERESTS:
        raise BadRequest(
            "the members' interests make too many query vectors a user",
            got=combinations,
            allowed=f"{MAX_INTERESTS} at most",
            remedy="train them with fewer interests, or leave one out of settings.members",
        )


def _project_members(
    parts: list[MemberModel],
    which: list[int],
    weights: np.ndarray,
    scale: str,
    scores: MemberScores,
    dimension: int,
) -> tuple[list[np.ndarray], list[np.ndarray | None]]:
    """Every member's candidates, projected where together they are wider than `dimension`, and the
    projection of its queries (None: none).
    """
    candidates = [part.candidates for part in parts]
    width = sum(block.shape[1] for block in candidates)
    if width <= dimension:
        return candidates, [None] * len(parts)
    queries = [
        (scores.scaled(member, scale) * np.float32(weight)).reshape(
            -1, scores.parts[member].encoder.dimension
        )
        for weight, member in zip(weights, which, strict=True)
    ]
    projections, reduced = zip(*project(queries, candidates, dimension), strict=True)
    log(
        "fused.reduced",
        dimension=sum(block.shape[1] for block in reduced),
        of=width,
        allowed=dimension,
    )
    return list(reduced), list(projections)
