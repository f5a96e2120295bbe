"""A seeded shop of any size, and the best recall that anybody could reach on it: `python -m
tests.benchmarks.planted_shop --size 1m --out <folder>`.

Items belong to tastes, by popularity within each (Zipf). A session has a taste. Its next item is,
with the shares of `LAW`, one that the session has met already, one of the six that follow the last
item in this shop, a popular one of the taste, or a popular one of the whole shop. Since the law is
known, so is the list that an oracle would show: `best_recall_20` is the probability that its first
twenty hold the next item, averaged over a sample of the events.

| size | users                    | items  | events     | what it is like
                                                |
|------|--------------------------|--------|------------|----------------------------------------------------------|
| 1m   | 190,000 sessions         | 45,000 | 1,000,000  | clicks of nobody in particular, five in
       the middle       |
| 10m  | 70,000 people            | 10,700 | 10,000,000 | people who come back for 90 days, each
       with two tastes   |
| 25m  | 162,000 people           | 62,000 | 25,000,000 | the same, larger
                     |
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

LAW = (
    0.17,
    0.45,
    0.28,
    0.10,
)  # met before, follows the last item, popular in the taste, popular in the shop
FOLLOWERS = 6
FOLLOW = np.array([0.4, 0.22, 0.15, 0.1, 0.08, 0.05])
ITEMS_A_TASTE = 150
SITTING = 8  # events of one who comes back, in the middle
DAY = 86_400
END = 1_767_225_600  # 2026-01-01: the last day is the one before; the log has ended
K = 20


@dataclasses.dataclass(frozen=True)
class Size:
    """How many of what; `days` that the log covers; whether users are sessions that never come
    back.
    """

    users: int
    items: int
    events: int
    days: int
    sessions: bool


SIZES = {
    "1m": Size(190_000, 45_000, 1_000_000, 60, True),
    "10m": Size(70_000, 10_700, 10_000_000, 90, False),
    "25m": Size(162_000, 62_000, 25_000_000, 90, False),
    "tiny": Size(1_900, 450, 10_000, 60, True),
}


class Shop:
    """The law: tastes, popularities, followers.

    Attributes:
        members: int64 (tastes, items of a taste), the most popular first.
        followers: int64 (items, FOLLOWERS).
    """

    def __init__(self, size: Size, seed: int) -> None:
        self.size, self.random = size, np.random.default_rng(seed)
        tastes = max(size.items // ITEMS_A_TASTE, 1)
        self.members = self.random.permutation(tastes * (size.items // tastes)).reshape(tastes, -1)
        self.taste = np.zeros(size.items, np.int64)
        self.taste[self.members.ravel()] = np.repeat(np.arange(tastes), self.members.shape[1])
        self.inside, self.whole = zipf(self.members.shape[1], 0.9), zipf(tastes * 10, 0.8)
        self.popular = self.members[:, :10].T.ravel()  # of the shop: the first ten of each taste
        self.liking = zipf(tastes, 0.6)
        mates = self.random.integers(0, self.members.shape[1], (size.items, FOLLOWERS))
        self.followers = self.members[self.taste[:, None], mates]

    def lengths(self) -> np.ndarray:
        """int64 (sittings): events of each, which sum up to about the size's."""
        sittings = self.size.users if self.size.sessions else self.size.events // SITTING
        mean = self.size.events / sittings
        return 2 + self.random.geometric(1 / (mean - 1), sittings) - 1

    def events(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """int64 (events): user, item, second; and the best recall@20."""
        lengths, random = self.lengths(), self.random
        longest, many = int(lengths.max()), len(lengths)
        user = np.arange(many) if self.size.sessions else random.integers(0, self.size.users, many)
        likes = random.choice(
            len(self.liking),
            (self.size.users if not self.size.sessions else many, 2),
            p=self.liking,
        )
        taste = likes[user, random.integers(0, 2, many)] if not self.size.sessions else likes[:, 0]
        start = np.sort(
            random.integers(0, self.size.days * DAY - DAY // 2, many)
        )  # the dump ends in the middle of its last day
        rows, best = [], []
        history = np.zeros((many, longest), np.int64)
        for step in range(longest):
            going = np.flatnonzero(lengths > step)
            history[going, step] = self._next(history[going, :step], taste[going])
            if step > 0:
                some = going[random.random(len(going)) < 2_000 / self.size.events]
                best += [self.mass(history[one, :step], taste[one]) for one in some]
            rows.append((user[going], history[going, step], start[going] + 40 * step))
        users, items, seconds = (np.concatenate(part) for part in zip(*rows))
        return users, items, seconds, float(np.mean(best))

    def _next(self, history: np.ndarray, taste: np.ndarray) -> np.ndarray:
        random, many = self.random, len(taste)
        found = self.members[taste, random.choice(len(self.inside), many, p=self.inside)]
        if not history.shape[1]:
            return found
        way = random.choice(4, many, p=LAW)
        again = history[np.arange(many), random.integers(0, history.shape[1], many)]
        after = self.followers[history[:, -1], random.choice(FOLLOWERS, many, p=FOLLOW)]
        anywhere = self.popular[random.choice(len(self.popular), many, p=self.whole)]
        return np.choose(way, (again, after, found, anywhere))

    def mass(self, history: np.ndarray, taste: int) -> float:
        """The probability that the next item is among the twenty likeliest."""
        chance: dict[int, float] = {}
        parts = (
            (history, np.full(len(history), 1 / len(history))),
            (self.followers[history[-1]], FOLLOW),
            (self.members[taste], self.inside),
            (self.popular[:100], self.whole[:100]),
        )
        for share, (items, chances) in zip(LAW, parts):
            for item, one in zip(items.tolist(), chances.tolist()):
                chance[item] = chance.get(item, 0.0) + share * one
        return sum(sorted(chance.values())[-K:])


def zipf(count: int, exponent: float) -> np.ndarray:
    """Probabilities that fall with the rank to this power."""
    weights = 1 / np.arange(1, count + 1) ** exponent
    return weights / weights.sum()


def write(folder: Path, size: Size, seed: int) -> dict:
    """The log and the three lines that describe it; what there is to know of it."""
    folder.mkdir(parents=True, exist_ok=True)
    user, item, second, best = Shop(size, seed).events()
    order = np.argsort(second, kind="stable")
    table = pa.table(
        {"user": user[order], "item": item[order], "time": second[order] + END - size.days * DAY}
    )
    csv.write_csv(table, folder / "log.csv")
    (folder / "shop.toml").write_text(
        '[interactions]\npath = "log.csv"\nuser = "user"\nitem = "item"\ntimestamp = "time"\n'
    )
    return {
        "rows": table.num_rows,
        "users": len(np.unique(user)),
        "items": len(np.unique(item)),
        "best_recall_20": round(best, 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="1m")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(json.dumps(write(given.out, SIZES[given.size], given.seed)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
