"""Decayed co-likes: how often two items are liked by one user, near each other.

With d the number of likes between i and j in a user's order of time, and h the half-life,

    w_ij = Σ over users who like both of 2^(−(d − 1) / h)
    score(i, j) = w_ij (D_j / D)^a / (√(D_i D_j) + s)

D_i = Σ_j w_ij and D their mean over items; s, as much as some users add to a D, draws to nothing
what few users say (shrinkage by evidence); a > 0 lets popular items come a little earlier than
the plain cosine does. No pair of items is ever stored: a row is summed, ranked and cut at once, so
that memory grows with likes and items alone and time with likes times `MAX_DISTANCE`.
"""

from __future__ import annotations

import dataclasses

import numba
import numpy as np

from tasks.core.data.histories import Histories

MAX_DISTANCE = 300  # likes between two items of a user, beyond which they no longer count
HALF_LIVES = 6  # after which a pair no longer counts
SHRINK_USERS = 20.0  # of evidence, as of so many users


@dataclasses.dataclass(frozen=True)
class Parameters:
    """`half_life` h, in likes, and `popularity`, the exponent a."""

    half_life: float
    popularity: float

    @property
    def distance(self) -> int:
        return int(min(HALF_LIVES * self.half_life, MAX_DISTANCE))

    @property
    def decay(self) -> float:
        return float(0.5 ** (1 / self.half_life))


class CoLikes:
    """What users liked, prepared to sum rows of w.

    Args:
        histories: liked items, oldest first; an item that was met again counts once, at its newest
            place.
        items: of the catalogue.
    """

    def __init__(self, histories: Histories, items: int) -> None:
        pairs = histories.pairs()
        self.items, self.offsets, self.liked = items, pairs.offsets, pairs.items
        self.likes = np.bincount(pairs.items, minlength=items).astype(np.int32)
        self.starts = np.concatenate([[0], np.cumsum(self.likes, dtype=np.int64)])
        self.places = np.argsort(pairs.items, kind="stable")
        self.users = pairs.users()[self.places]
        self._known: dict[float, np.ndarray] = {}  # half-life → D

    def nearest(
        self, rows: np.ndarray, parameters: Parameters, most: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The most alike of some items, best first: int32 (m, most) rows, −1 for an empty place,
        and float32 (m, most) scores.
        """
        degrees = self._degrees(parameters)
        mean = max(degrees.sum() / max((degrees > 0).sum(), 1), 1e-12)
        shrink = SHRINK_USERS * degrees.sum() / max(self.likes.sum(), 1)
        found = np.full((len(rows), most), -1, np.int32)
        scores = np.zeros((len(rows), most), np.float32)
        _nearest(
            np.asarray(rows, np.int64),
            self.starts,
            self.users,
            self.places,
            self.offsets,
            self.liked,
            parameters.distance,
            parameters.decay,
            np.sqrt(degrees),
            (np.maximum(degrees, 1e-12) / mean) ** parameters.popularity,
            shrink,
            found,
            scores,
        )
        return found, scores

    def _degrees(self, parameters: Parameters) -> np.ndarray:
        """float64 (items): D."""
        if parameters.half_life not in self._known:
            degrees = np.zeros(self.items)
            _sum_degrees(self.offsets, self.liked, parameters.distance, parameters.decay, degrees)
            self._known[parameters.half_life] = degrees
        return self._known[parameters.half_life]

    def count_both(self, rows: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
        """int32 (m, k): users who liked an item and each of its neighbours."""
        both = np.zeros(neighbours.shape, np.int32)
        _count_both(
            np.asarray(rows, np.int64), self.starts, self.users, *self._sorted(), neighbours, both
        )
        return both

    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        """Every user's items, ascending."""
        users = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        return self.offsets, self.liked[np.lexsort((self.liked, users))]


@numba.njit(cache=True)
def _sum_degrees(
    offsets: np.ndarray, liked: np.ndarray, distance: int, decay: float, degrees: np.ndarray
) -> None:
    """Add to each item the weights of all its pairs, each user's by the sum of a geometric row."""
    for user in range(len(offsets) - 1):
        length = offsets[user + 1] - offsets[user]
        for place in range(length):
            before, after = min(place, distance), min(length - 1 - place, distance)
            weight = (2 - decay**before - decay**after) / (1 - decay)
            degrees[liked[offsets[user] + place]] += weight


@numba.njit(cache=True)
def _nearest(
    rows: np.ndarray,
    starts: np.ndarray,
    users: np.ndarray,
    places: np.ndarray,
    offsets: np.ndarray,
    liked: np.ndarray,
    distance: int,
    decay: float,
    roots: np.ndarray,
    standing: np.ndarray,
    shrink: float,
    found: np.ndarray,
    scores: np.ndarray,
) -> None:
    weights, met = np.zeros(len(roots)), np.empty(len(roots), np.int64)
    for number in range(len(rows)):
        row, count = rows[number], 0
        for like in range(starts[row], starts[row + 1]):
            place, begin, end = places[like], offsets[users[like]], offsets[users[like] + 1]
            for step in (1, -1):
                weight, other = 1.0, place + step
                last = min(end - 1, place + distance) if step > 0 else max(begin, place - distance)
                while (last - other) * step >= 0:
                    item = liked[other]
                    if weights[item] == 0:
                        met[count] = item
                        count += 1
                    weights[item] += weight
                    weight *= decay
                    other += step
        value = np.empty(count, np.float32)
        for at in range(count):
            item = met[at]
            value[at] = weights[item] * standing[item] / (roots[row] * roots[item] + shrink)
            weights[item] = 0
        order = np.argsort(-value, kind="mergesort")[: found.shape[1]]
        for at in range(len(order)):
            found[number, at], scores[number, at] = met[order[at]], value[order[at]]


@numba.njit(cache=True)
def _count_both(
    rows: np.ndarray,
    starts: np.ndarray,
    users: np.ndarray,
    offsets: np.ndarray,
    ascending: np.ndarray,
    neighbours: np.ndarray,
    both: np.ndarray,
) -> None:
    """Whichever is shorter: every neighbour is looked up in a user's list, or the list is read."""
    place_of = np.full(len(starts) - 1, -1, np.int64)
    k = neighbours.shape[1]
    for number in range(len(rows)):
        for at in range(k):
            if neighbours[number, at] >= 0:
                place_of[neighbours[number, at]] = at
        for like in range(starts[rows[number]], starts[rows[number] + 1]):
            own = ascending[offsets[users[like]] : offsets[users[like] + 1]]
            if len(own) > 10 * k:
                for at in range(k):
                    item = neighbours[number, at]
                    if item >= 0:
                        place = np.searchsorted(own, item)
                        if place < len(own) and own[place] == item:
                            both[number, at] += 1
            else:
                for item in own:
                    if place_of[item] >= 0:
                        both[number, place_of[item]] += 1
        for at in range(k):
            if neighbours[number, at] >= 0:
                place_of[neighbours[number, at]] = -1
