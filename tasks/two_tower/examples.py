"""Training examples, targets after histories, cut into the batches of an epoch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from tasks.core.data.histories import Histories

# likes of one user side by side: they share the vectors of one history, an eighth of the gathering
TARGETS_PER_EXAMPLE = 8


@dataclasses.dataclass(frozen=True)
class Batch:
    """Runs of likes that follow each other, each run of one user.

    Attributes:
        users: int64 (b), rows of the user table.
        window: int64 (b, last + c − 1), item rows before and within the run, oldest first; −1 where
            there is none. No example has more than `last` before it that are read.
        targets: int64 (b, c), what was met at each place; −1 where the run has none.
        ratings: float32 (b, c), between 0 and 1; None where being liked is all that is known.
        weights: float32 (b, c), what each example counts; None: all alike.
    """

    users: np.ndarray
    window: np.ndarray
    targets: np.ndarray
    ratings: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def size(self) -> int:
        """The number of examples."""
        return int((self.targets >= 0).sum())


class Liked:
    """Every like is an example: what came before it is the history. A repeat is one more, so that a
    pair counts the sum of its events.

    Args:
        histories: what users liked, rows of the catalogue (all users).
        last: newest items of a history that are read.
    """

    def __init__(self, histories: Histories, last: int) -> None:
        self.histories, self.last = histories, last
        self.total = len(histories.items)

    def batches(self, size: int, random: np.random.Generator) -> Iterator[Batch]:
        """One epoch: every like once, runs begin at random places, batches of about `size` examples
        in random order.
        """
        lengths = self.histories.lengths
        shift = random.integers(0, TARGETS_PER_EXAMPLE, len(lengths))
        pieces = np.where(lengths > 0, -(-(lengths + shift) // TARGETS_PER_EXAMPLE), 0)
        user = np.repeat(np.arange(len(lengths)), pieces)
        start = (
            np.arange(len(user)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        ) * TARGETS_PER_EXAMPLE - shift[user]
        order, step = random.permutation(len(user)), max(size // TARGETS_PER_EXAMPLE, 1)
        for begin in range(0, len(order), step):
            chosen = order[begin : begin + step]
            positions = start[chosen, None] + np.arange(TARGETS_PER_EXAMPLE)
            yield Batch(
                user[chosen],
                window(self.histories, user[chosen], start[chosen], self.last, TARGETS_PER_EXAMPLE),
                read(self.histories, user[chosen], positions),
                weights=self._weights(user[chosen], positions),
            )

    def _weights(self, users: np.ndarray, positions: np.ndarray) -> np.ndarray | None:
        weights = self.histories.weights
        if weights is None:
            return None
        inside, rows = _rows(self.histories, users, positions)
        return np.where(inside, weights[rows], np.float32(0))


class Rated:
    """Every rated row is an example, liked or not; its history is what was liked before it.

    Args:
        histories: what users liked (all users).
        users, before, items: int64 (n), whose each rated row is, how many likes came before it,
            which item.
        ratings: float32 (n), between 0 and 1.
        last: newest items of a history that are read.
    """

    def __init__(
        self,
        histories: Histories,
        users: np.ndarray,
        before: np.ndarray,
        items: np.ndarray,
        ratings: np.ndarray,
        last: int,
    ) -> None:
        self.histories, self.last = histories, last
        self.users, self.before, self.items, self.ratings = users, before, items, ratings
        self.total = len(items)

    def batches(self, size: int, random: np.random.Generator) -> Iterator[Batch]:
        """One epoch, as that of `Liked`; runs are of one row."""
        order = random.permutation(self.total)
        for begin in range(0, self.total, size):
            one = order[begin : begin + size]
            yield Batch(
                self.users[one],
                window(self.histories, self.users[one], self.before[one], self.last, 1),
                self.items[one, None],
                self.ratings[one, None],
            )


def window(
    histories: Histories, users: np.ndarray, starts: np.ndarray, last: int, run: int
) -> np.ndarray:
    """int64 (b, last + run − 1): the items from `last` places before each start up to the one
    before the run's last.

    Where none of these histories reaches so far back, `last` is less by 32 or a multiple: sums over
    the columns that stay are rounded alike.
    """
    last -= max(last - int(starts.max()) - run + 1, 0) // 32 * 32
    return read(histories, users, starts[:, None] - last + np.arange(last + run - 1))


def read(histories: Histories, users: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """int64 (b, k): the items at these places of their users' histories, −1 outside of them."""
    inside, rows = _rows(histories, users, positions)
    return np.where(inside, histories.items[rows] if len(histories.items) else -1, -1).astype(
        np.int64
    )


def _rows(
    histories: Histories, users: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """bool and int64 (b, k): whether there is such a place in the user's history, and its row, 0
    where there is none.
    """
    first, end = histories.offsets[users, None], histories.offsets[users + 1, None]
    inside = (positions >= 0) & (positions < end - first)
    return inside, np.where(inside, first + positions, 0)
