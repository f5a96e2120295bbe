"""Planted worlds: small data whose right answer is known, as files of a source or as a finished
snapshot.

In a world of `groups` groups, users like only items of their own group, so a good model recommends
from the group, and items are similar exactly when they share one.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core.store.identity import identity
from tasks.core.store.store import Store

START = 875_000_000  # seconds: 1997-09-23, as in MovieLens 100K
DAY = "1998-04-15"


@dataclasses.dataclass(frozen=True)
class World:
    """Planted interactions, oldest first within each user.

    Attributes:
        users, items: int32 (n), rows.
        ratings: float32 (n).
        timestamps: int64 (n), seconds.
        user_group, item_group: int32, the truth.
    """

    users: np.ndarray
    items: np.ndarray
    ratings: np.ndarray
    timestamps: np.ndarray
    user_group: np.ndarray
    item_group: np.ndarray

    def item_id(self, row: int) -> str:
        return f"{row + 1}"

    def user_id(self, row: int) -> str:
        return f"{row + 1}"


def grouped(
    users: int = 120,
    items: int = 60,
    groups: int = 3,
    likes: int = 12,
    noise: float = 0.0,
    seed: int = 0,
) -> World:
    """Users like `likes` different items of their group, in random order; a share `noise` of the
    likes is from anywhere.
    """
    random = np.random.default_rng(seed)
    user_group, item_group = np.arange(users) % groups, np.arange(items) % groups
    rows = []
    for user in range(users):
        own = random.permutation(np.flatnonzero(item_group == user_group[user]))[:likes]
        stray = random.random(len(own)) < noise
        chosen = np.where(stray, random.integers(0, items, len(own)), own)
        rows.append(np.unique(chosen)[random.permutation(len(np.unique(chosen)))])
    lengths = [len(row) for row in rows]
    order = np.concatenate([np.arange(n) for n in lengths])
    return World(
        np.repeat(np.arange(users), lengths).astype(np.int32),
        np.concatenate(rows).astype(np.int32),
        random.choice([4.0, 5.0], sum(lengths)).astype(np.float32),
        (START + 86_400 * order + np.repeat(np.arange(users), lengths)).astype(np.int64),
        user_group.astype(np.int32),
        item_group.astype(np.int32),
    )


def uneven(users: int = 300, items: int = 360, groups: int = 3, seed: int = 0) -> World:
    """A grouped world in which one user in three has only 7 likes, the others 20; popularity within
    a group falls from head to tail.
    """
    random = np.random.default_rng(seed)
    user_group, item_group = np.arange(users) % groups, np.arange(items) % groups
    rows = []
    for user in range(users):
        own = np.flatnonzero(item_group == user_group[user])
        worth = 1 / np.arange(5, 5 + len(own))
        rows.append(
            random.choice(
                own, 7 if user // groups % 3 == 0 else 20, replace=False, p=worth / worth.sum()
            )
        )
    lengths = [len(row) for row in rows]
    order = np.concatenate([np.arange(n) for n in lengths])
    return World(
        np.repeat(np.arange(users), lengths).astype(np.int32),
        np.concatenate(rows).astype(np.int32),
        np.full(sum(lengths), 5.0, np.float32),
        (START + 86_400 * order + np.repeat(np.arange(users), lengths)).astype(np.int64),
        user_group.astype(np.int32),
        item_group.astype(np.int32),
    )


def chained(users: int = 200, items: int = 30, length: int = 15, seed: int = 0) -> World:
    """Every user walks the ring of items in order, from a random start: the next item is always the
    last plus one.
    """
    random = np.random.default_rng(seed)
    starts = random.integers(0, items, users)
    sequence = (starts[:, None] + np.arange(length)) % items
    order = np.tile(np.arange(length), users)
    return World(
        np.repeat(np.arange(users), length).astype(np.int32),
        sequence.ravel().astype(np.int32),
        np.full(users * length, 5.0, np.float32),
        (START + 3600 * order + 7 * np.repeat(np.arange(users), length)).astype(np.int64),
        np.zeros(users, np.int32),
        np.zeros(items, np.int32),
    )


def repeating(
    users: int = 120, items: int = 60, groups: int = 3, likes: int = 12, back: int = 3
) -> World:
    """A grouped world of events of weight 4 in which every user comes back to their first item
    `back` times, every third event.
    """
    world = grouped(users, items, groups, likes)
    places = np.arange(likes)
    again = np.isin(places, 3 * np.arange(1, back + 1) - 1)
    rows = world.items.reshape(users, likes)
    return dataclasses.replace(
        world,
        items=np.where(again, rows[:, :1], rows).ravel().astype(np.int32),
        ratings=np.full(users * likes, 4, np.float32),
    )


def event_facts(world: World, recommend_seen: bool, weighted: bool = False) -> dict:
    """What ingestion says of a world of events."""
    pairs = len(np.unique(world.users.astype(np.int64) * len(world.item_group) + world.items))
    return {
        "events": True,
        "weighted": weighted,
        "recommend_seen": recommend_seen,
        "accounts": {"repeats": len(world.users) - pairs},
    }


def snapshot(
    store: Store,
    world: World,
    day: str = DAY,
    test: int = 3,
    validation: int = 1,
    dataset: str = "planted",
    **facts,
) -> str:
    """Write the world as a complete snapshot, the newest rows of each user held out; returns its
    URI. `facts`: more of its manifest.
    """
    users, items = len(world.user_group), len(world.item_group)
    counts = np.bincount(world.users, minlength=users)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    position = np.arange(len(world.users)) - starts[world.users]
    left = counts[world.users] - 1 - position
    part = np.where(left < test, "test", np.where(left < test + validation, "validation", "train"))
    id = identity(
        users=world.users.tolist(),
        items=world.items.tolist(),
        day=day,
        test=test,
        validation=validation,
        **({"facts": facts} if facts else {}),
    )
    with store.writing("snapshot", "snapshots", dataset, day, id) as draft:
        for name in ("interactions", "items", "users"):
            (draft.path / name).mkdir()
        pq.write_table(
            pa.table(
                {
                    "user": world.users,
                    "item": world.items,
                    "rating": world.ratings,
                    "timestamp": world.timestamps,
                    "position": position.astype(np.int32),
                    "liked": world.ratings >= 4,
                    "part": pa.array(part.tolist()),
                }
            ),
            draft.path / "interactions" / "part-0.parquet",
        )
        pq.write_table(
            pa.table(
                {
                    "item": np.arange(items, dtype=np.int32),
                    "id": [world.item_id(i) for i in range(items)],
                    "title": [f"Film {i + 1} of group {world.item_group[i]}" for i in range(items)],
                    "genres": [[f"genre {world.item_group[i]}"] for i in range(items)],
                }
            ),
            draft.path / "items" / "part-0.parquet",
        )
        pq.write_table(
            pa.table(
                {
                    "user": np.arange(users, dtype=np.int32),
                    "id": [world.user_id(u) for u in range(users)],
                    "group": [str(g) for g in world.user_group],
                }
            ),
            draft.path / "users" / "part-0.parquet",
        )
        draft.counts = {"interactions": len(world.users), "users": users, "items": items}
        draft.facts = {
            "dataset": dataset,
            "day": day,
            "item_id_type": "integer",
            "user_id_type": "integer",
            "split": {"method": "leave-last-n", "test": test, "validation": validation},
            "first_timestamp": int(world.timestamps.min()),
            "last_timestamp": int(world.timestamps.max()),
            **facts,
        }
        draft.lineage = {"settings": {"liked": "rating >= 4"}, "parents": []}
    return store.path("snapshots", dataset, day, id).as_uri()


def write_ml100k(folder: Path, world: World) -> Path:
    """Write the world in the official layout of MovieLens 100K: u.data, u.item, u.user, u.genre."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(1).permutation(
        len(world.users)
    )  # the official file is in no order
    (folder / "u.data").write_text(
        "".join(
            f"{world.user_id(world.users[i])}\t{world.item_id(world.items[i])}\t{world.ratings[i]:.0f}\t{world.timestamps[i]}\n"
            for i in order
        )
    )
    genres = [
        "unknown",
        "Action",
        "Adventure",
        "Animation",
        "Children's",
        "Comedy",
        "Crime",
        "Documentary",
        "Drama",
        "Fantasy",
        "Film-Noir",
        "Horror",
        "Musical",
        "Mystery",
        "Romance",
        "Sci-Fi",
        "Thriller",
        "War",
        "Western",
    ]
    (folder / "u.genre").write_text(
        "".join(f"{genre}|{i}\n" for i, genre in enumerate(genres)) + "\n"
    )
    (folder / "u.item").write_text(
        "".join(
            f"{world.item_id(i)}|Film {i + 1} (1995)|01-Jan-1995|||"
            + "|".join("1" if g == 1 + world.item_group[i] else "0" for g in range(19))
            + "\n"
            for i in range(len(world.item_group))
        ),
        encoding="latin-1",
    )
    (folder / "u.user").write_text(
        "".join(
            f"{world.user_id(u)}|{20 + u % 40}|{'MF'[u % 2]}|engineer|{10000 + u}\n"
            for u in range(len(world.user_group))
        )
    )
    return folder


SHOP = """# The planted shop: a folder a day, text ids, milliseconds.
[interactions]
path = "events/{day}/*.jsonl.gz"
user = "uid"
item = "sku"
timestamp = "ts"
clock = "milliseconds"
event = "type"
weights = { view = 1, purchase = 5 }
[items]
path = "items.csv"
id = "sku"
title = "name"
genres = "categories"
"""


def shop_user(row: int) -> str:
    return f"u-{row + 1:04d}"


def shop_item(row: int) -> str:
    return f"sku/α-{row + 1}"


def days_of(world: World) -> list[str]:
    """The days (UTC) on which something happens, in order."""
    return sorted({_day(second) for second in world.timestamps.tolist()})


def write_shop(folder: Path, world: World, days: Sequence[str]) -> Path:
    """Write these days of the world as a growing source of one's own, beside the days that are
    there; returns its shop.toml.

    Every interaction is a view; one of 5 stars is a purchase a minute later as well. The same call
    writes the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.toml").write_text(SHOP, "utf-8")
    with (folder / "items.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [
                ("sku", "name", "categories"),
                *(
                    (shop_item(row), f'Thing "{row + 1}", grün', f"group {group}|all")
                    for row, group in enumerate(world.item_group.tolist())
                ),
            ]
        )
    for day in days:
        lines = [
            json.dumps(event, ensure_ascii=False) + "\n"
            for at in np.flatnonzero([_day(second) == day for second in world.timestamps.tolist()])
            for event in _events(world, at)
        ]
        place = folder / "events" / day
        place.mkdir(parents=True, exist_ok=True)
        (place / "part.jsonl.gz").write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    return folder / "shop.toml"


def _events(world: World, at: int) -> list[dict]:
    row = {
        "uid": shop_user(int(world.users[at])),
        "sku": shop_item(int(world.items[at])),
        "ts": int(world.timestamps[at]) * 1000,
    }
    kinds = ("view", "purchase") if world.ratings[at] >= 5 else ("view",)
    return [
        row | {"ts": row["ts"] + 60_000 * nth + 7, "type": kind} for nth, kind in enumerate(kinds)
    ]


def _day(second: int) -> str:
    return datetime.datetime.fromtimestamp(second, datetime.UTC).date().isoformat()
