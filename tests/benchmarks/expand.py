"""Data of the shape of MovieLens 20M, made from a small MovieLens, to measure time and memory at
scale.

    RECALL_DATA_DIR=… .recall/environments/train/bin/python -m tests.benchmarks.expand FOLDER --rows
    20000000

Every user is copied about 23 times and every item about 7 times. Each group of copied users likes
other copies of an item than the next, by a law that leaves popularity long-tailed. The idea of
expanding real data by itself is that of Belletti et al. 2019, "Scalable Realistic Recommendation
Datasets through Fractal Expansions". Quality on it means nothing.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from tests.benchmarks.base import Base, load

ROWS, USERS, ITEMS, LARGEST_ID = 20_000_000, 138_493, 26_744, 131_262  # MovieLens 20M
LEAST = 100_000
ROWS_OF_AN_ITEM = 37  # a smaller set has fewer items once less than this is left for each
LEAST_OF_A_USER = 20  # as MovieLens has it
GROUPS, LOYALTY = 23, 0.7  # of users with one taste among the copies, and how often they follow it
# the higher, the more of an item's rows go to its first copies; 1 would give the nth about 1/n
STEEP = 5
FROM, UNTIL = 822_873_600, 1_427_846_400  # seconds: 1996-01-29 to 2015-04-01
AWAY, AWAY_DAYS, PAUSE_SECONDS = 0.02, 20, 30  # how a user comes back
BATCH = 1_000_000


def users_of(base: Base, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the base that each new user copies: row numbers, and the new user (from 0) of
    each.
    """
    size = np.bincount(base.user)
    of = np.concatenate([rng.permutation(len(size)) for _ in range(-(-count // len(size)))])[:count]
    ends = np.cumsum(size[of])
    user = np.repeat(np.arange(count, dtype=np.int32), size[of])
    first = (np.cumsum(size) - size)[of] - (ends - size[of])
    return np.arange(ends[-1]) + np.repeat(first, size[of]), user


def copies_of(rows_of_item: np.ndarray, items: int) -> np.ndarray:
    """How many copies each item of the base has: at least one, alike, but never more than it has
    rows; `items` together.
    """
    items, level = max(items, np.count_nonzero(rows_of_item)), 1
    while np.minimum(rows_of_item, level).sum() < items:
        level += 1
    copies = np.minimum(rows_of_item, level)
    copies[np.flatnonzero(copies == level)[: copies.sum() - items]] -= 1
    return copies


def choose(
    item: np.ndarray, user: np.ndarray, copies: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Which copy each row means: mostly the one that the user's group likes, else any; the first
    copies far more often.
    """

    def draw(size) -> np.ndarray:
        return np.minimum((size + 1.0) ** rng.random(size.shape) ** STEEP - 1, size - 1).astype(
            np.int32
        )

    liked = draw(np.maximum(np.broadcast_to(copies, (GROUPS, len(copies))), 1))
    group = rng.integers(0, GROUPS, user[-1] + 1, dtype=np.int32)
    follows = rng.random(len(item), dtype=np.float32) < LOYALTY
    return np.where(follows, liked[group[user], item], draw(copies[item]))


def one_row_each(item: np.ndarray, copies: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that make sure that every copy is met, spread over the users: row numbers, and the copy
    of each.
    """
    order, count = (
        np.argsort(item.astype(np.uint16), kind="stable"),
        np.bincount(item, minlength=len(copies)),
    )
    which = np.repeat(np.arange(len(copies)), copies)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(copies) - copies, copies)
    return order[
        (np.cumsum(count) - count)[which] + nth * count[which] // copies[which]
    ], nth.astype(np.int32)


def thin(rows: int, user: np.ndarray, needed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exactly so many row numbers in order: those needed, the first of each user, the rest at
    random.
    """
    lot = rng.random(len(user), dtype=np.float32)
    starts = np.searchsorted(user, np.arange(user[-1] + 1))
    lot[np.arange(len(user)) - starts[user] < LEAST_OF_A_USER] = -1
    lot[needed] = -2
    return np.sort(np.argpartition(lot, rows - 1)[:rows])


def moments(user: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Seconds since 1970: a user comes at some time, rates a row after the other, and now and then
    returns weeks later.
    """
    gaps = rng.exponential(PAUSE_SECONDS, len(user))
    away = rng.random(len(user), dtype=np.float32) < AWAY
    gaps[away] = rng.exponential(AWAY_DAYS * 86_400, int(away.sum()))
    starts = np.searchsorted(user, np.arange(user[-1] + 1))
    gaps[starts] = 0
    passed = np.cumsum(gaps)
    passed -= passed[starts][user]
    last = passed[np.append(starts[1:], len(user)) - 1]
    passed *= np.minimum(1, 0.9 * (UNTIL - FROM) / np.maximum(last, 1))[user]
    begun = FROM + rng.random(len(starts)) * (
        UNTIL - FROM - 1 - np.minimum(last, 0.9 * (UNTIL - FROM))
    )
    return (begun[user] + passed).astype(np.int64)


def expand(
    base: Base, rows: int, users: int, items: int, seed: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The new ratings, by user and item (both from 0), and how many copies each item of the base
    has.
    """
    rng = np.random.default_rng(seed)
    taken, user = users_of(base, users, rng)
    item = base.item[taken]
    copies = copies_of(np.bincount(item, minlength=len(base.movies)), items)
    copy = choose(item, user, copies, rng)
    needed, theirs = one_row_each(item, copies)
    copy[needed] = theirs
    times = -(-rows // len(item))
    while (
        np.minimum(copies[item], times).sum() < rows
    ):  # a user of a small base takes several copies of the same item
        times += 1
        if times > copies.max():
            raise SystemExit(
                f"expand: {len(item)} rows of {base.name} do not give {rows}; ask for more, or "
                f"for another seed"
            )
    if times > 1:
        nth = np.tile(np.arange(times, dtype=np.int32), len(item))
        taken, user, item, copy = (np.repeat(one, times) for one in (taken, user, item, copy))
        copy, fits = (copy + nth) % copies[item], nth < copies[item]
        needed = np.cumsum(fits)[needed * times] - 1
        taken, user, item, copy = (one[fits] for one in (taken, user, item, copy))
    kept = thin(rows, user, needed, rng)
    taken, user, item, copy = (one[kept] for one in (taken, user, item, copy))
    half = rng.integers(-1, 2, rows, dtype=np.int8) * np.float32(0.5)
    made = {
        "user": user,
        "item": (np.cumsum(copies) - copies)[item].astype(np.int32) + copy,
        "rating": np.clip(base.rating[taken] + half, 0.5, 5),
        "timestamp": moments(user, rng),
    }
    order = np.argsort(made["user"].astype(np.int64) * copies.sum() + made["item"])
    return {name: column[order] for name, column in made.items()}, copies


def write(
    folder: Path, base: Base, made: dict[str, np.ndarray], copies: np.ndarray, seed: int
) -> None:
    """`ratings.csv` and `movies.csv` as MovieLens writes them, in a folder that appears when it is
    complete.
    """
    ids = np.sort(
        np.random.default_rng(seed + 1).permutation(max(LARGEST_ID, copies.sum()))[: copies.sum()]
        + 1
    )
    making = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    making.mkdir(parents=True)
    try:
        with (making / "movies.csv").open("w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(("movieId", "title", "genres"))
            named = [
                (title, nth, genres)
                for (title, genres), count in zip(base.movies, copies)
                for nth in range(count)
            ]
            out.writerows(
                (id, f"{title} #{nth + 1}", genres or "(no genres listed)")
                for id, (title, nth, genres) in zip(ids, named)
            )
        _ratings(making / "ratings.csv", made, ids)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _ratings(path: Path, made: dict[str, np.ndarray], ids: np.ndarray) -> None:
    stars = pa.array([f"{half / 2:.1f}" for half in range(11)])
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    with path.open("wb") as file:
        file.write(b"userId,movieId,rating,timestamp\n")
        for start in range(0, len(made["user"]), BATCH):
            user, item, rating, timestamp = (
                column[start : start + BATCH] for column in made.values()
            )
            shown = stars.take(pa.array((rating * 2).astype(np.int8)))
            table = pa.table(
                {"userId": user + 1, "movieId": ids[item], "rating": shown, "timestamp": timestamp}
            )
            arrow_csv.write_csv(table, file, options)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.expand",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where the data goes; must not exist")
    parser.add_argument("--rows", type=int, default=ROWS, help="users follow in proportion")
    parser.add_argument("--seed", type=int, default=0)
    given, started = parser.parse_args(), time.monotonic()
    if given.folder.exists() or given.rows < LEAST:
        parser.error(
            f"{given.folder} is already there"
            if given.folder.exists()
            else f"--rows {given.rows}: expected at least {LEAST}"
        )
    base, users, items = (
        load(),
        round(USERS * given.rows / ROWS),
        min(ITEMS, given.rows // ROWS_OF_AN_ITEM),
    )
    print(
        f"expand: {len(base.user)} rows of {base.name} become {given.rows}",
        file=sys.stderr,
        flush=True,
    )
    made, copies = expand(base, given.rows, users, items, given.seed)
    write(given.folder.absolute(), base, made, copies, given.seed)
    results = {
        "rows": len(made["user"]),
        "users": len(np.unique(made["user"])),
        "items": len(np.unique(made["item"])),
    }
    print(
        json.dumps(
            results
            | {
                "base": base.name,
                "seed": given.seed,
                "seconds": round(time.monotonic() - started, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
