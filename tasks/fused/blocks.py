"""Members in the rows of one catalogue, centred, so that a score of nothing is an average
item's.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.cold_start import GenrePredictor
from tasks.core.retrieval.encoders import Encoder
from tasks.fused.members import MemberCandidate


@dataclasses.dataclass(frozen=True)
class MemberModel:
    """One member over the n items of the whole.

    Attributes:
        rows: int32 (n), its own row of each; −1 where it does not know the item.
        candidates: float32 (n, d), their mean is zero: no ranking changes, and each score says how
            far an item is from the average one.
        placed: bool (n), not trained by it: placed by genres, by itself or here.
        root: float32 (d, d), with |q · root| the spread of the scores of query q over the items.
    """

    name: str
    encoder: Encoder
    rows: np.ndarray
    candidates: np.ndarray
    placed: np.ndarray
    root: np.ndarray


def member_models(
    members: list[MemberCandidate], snapshot: Snapshot
) -> tuple[np.ndarray, list[MemberModel]]:
    """The items that at least one member knows, as int32 rows of the item table, ascending, and
    each member over them.

    An item that a member does not know stands in its block where `tasks.core.retrieval.cold_start`
    puts one of its genres that hardly anybody has liked.

    Raises:
        RefusedData: a member knows none of the snapshot's items, or scores them all alike.
    """
    of = [one.candidate.rows_of(snapshot.item_ids) for one in members]
    items = np.flatnonzero(np.any([rows >= 0 for rows in of], axis=0)).astype(np.int32)
    genres, likes = (
        snapshot.items["genres"].to_pylist(),
        snapshot.histories("train").users_of(len(snapshot.item_ids)),
    )
    return items, [
        _block(one, rows, items, genres, likes) for one, rows in zip(members, of, strict=True)
    ]


def _block(
    member: MemberCandidate, rows: np.ndarray, items: np.ndarray, genres: list, likes: np.ndarray
) -> MemberModel:
    candidate, known = member.candidate, rows >= 0
    if not known.any():
        raise _useless(member, "knows none of the snapshot's items")
    trained = known & ~np.isin(rows, candidate.cold)
    vectors = _complete_vectors(
        candidate.vectors, rows, items, GenrePredictor.of(genres, likes, trained)
    )
    vectors = vectors - vectors.mean(axis=0)
    variances, directions = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    if not variances[-1] > 0:
        raise _useless(member, "scores all items alike")
    log(
        "fused.member",
        family=member.family,
        version=member.version,
        day=candidate.artefact.facts["day"],
        items=int(known.sum()),
        items_placed=int((~known[items]).sum()),
        dimension=vectors.shape[1],
    )
    return MemberModel(
        member.family,
        candidate.encoder,
        rows[items],
        vectors.astype(np.float32),
        ~trained[items],
        (directions * np.sqrt(np.maximum(variances, 0))).astype(np.float32),
    )


def _useless(member: MemberCandidate, why: str) -> RefusedData:
    return RefusedData(
        f"{member.family} {why}",
        got=member.candidate.artefact.uri,
        remedy="train it again, or leave it out of members",
    )


def _complete_vectors(
    vectors: np.ndarray, rows: np.ndarray, items: np.ndarray, genres: GenrePredictor
) -> np.ndarray:
    """float (items, d): a member's vectors, and those of its genres where it has none."""
    own, known = rows[items], np.flatnonzero(rows >= 0)
    made = np.asarray(vectors[np.maximum(own, 0)], np.float64)
    if (own < 0).any():
        made[own < 0] = genres.predict(np.asarray(vectors[rows[known]]), known, items[own < 0])
    return made
