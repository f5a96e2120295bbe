"""Fewer dimensions: of every member's block, the directions that decide most of the scores of the
users at hand.

With M = Q'Q / u the second moment of u users' queries, M = L L', and C the candidates of a block,
the singular values of L'C' say how much of the scores' squares each direction carries; those of all
blocks are ranked together, and the greatest are kept:

    c' = V' L' c,    q' = V' L⁻¹ q        with L'C' = V S U'

A block keeps its own dimensions, so that what a member adds to a score can still be seen.
"""

from __future__ import annotations

import numpy as np

# of the mean variance, added to each: directions in which nobody asks today stay possible, and L
# can be inverted
MIN_DIRECTION_SHARE = 1e-3


def project(
    queries: list[np.ndarray], candidates: list[np.ndarray], dimension: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each block what its queries are multiplied with, float32 (d, width), and its candidates,
    float32 (n, width).

    Args:
        queries: of each block, float32 (u, d), weighted.
        candidates: of each block, float32 (n, d).
        dimension: of all blocks together; each keeps at least one.
    """
    found = [
        _directions(member_queries.astype(np.float64), of.astype(np.float64))
        for member_queries, of in zip(queries, candidates, strict=True)
    ]
    strengths = np.concatenate([strength for _, _, strength in found])
    block = np.repeat(np.arange(len(found)), [len(strength) for _, _, strength in found])
    best = np.argsort(-strengths, kind="stable")[: max(dimension, len(found))]
    widths = np.maximum(np.bincount(block[best], minlength=len(found)), 1)
    while widths.sum() > max(dimension, len(found)):
        widths[np.argmax(widths)] -= 1
    return [
        (turn[:, :width].astype(np.float32), made[:, :width].astype(np.float32))
        for (turn, made, _), width in zip(found, widths, strict=True)
    ]


def _directions(
    queries: np.ndarray, candidates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The rotation of the queries, the rotated candidates, and the strength of each direction,
    strongest first.
    """
    moment = queries.T @ queries / max(len(queries), 1)
    values, vectors = np.linalg.eigh(moment)
    root = np.sqrt(np.maximum(values, 0) + MIN_DIRECTION_SHARE * max(values.mean(), 1e-12))
    seen = candidates @ (vectors * root)
    strengths, directions = np.linalg.eigh(seen.T @ seen)
    order = np.argsort(-strengths)
    return (vectors / root) @ directions[:, order], seen @ directions[:, order], strengths[order]
