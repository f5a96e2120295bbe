"""Planted candidates on a grouped world: models whose worth is known before they are judged."""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.data.snapshot import find_snapshot
from tasks.core.models.item_to_item.table import neighbours_of
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders.mean import MeanEncoder
from tasks.core.retrieval.neighbours import Neighbours
from tasks.core.store.arrays import rows_of_ids
from tasks.core.store.identity import identity
from tasks.core.store.store import Store
from tests import worlds

FAMILY = "planted"
WORLD = worlds.grouped(
    users=300, items=360, groups=3, likes=12
)  # a group of 120: nobody finds every label in 50 places


def vectors(seed: int = 0, world: worlds.World | None = None) -> np.ndarray:
    """float32 (items, 16): the item's group, blurred, so that no two items are alike.

    Other seeds are nearly the same, equally good models.
    """
    groups = np.eye(16)[(world or WORLD).item_group] * 4
    blur, shake = (np.random.default_rng(one).normal(0, 1, groups.shape) for one in (100, seed))
    return (groups + 0.3 * blur + 0.03 * shake).astype(np.float32)


def candidate(
    store: Store,
    snapshot: str,
    name: str,
    inputs: np.ndarray,
    outputs: np.ndarray,
    ids: list[str] | None = None,
    settings: str = "same",
    code: str = "same",
    similar: Neighbours | None = None,
) -> str:
    """Write a candidate that scores the mean of `inputs` of a history against `outputs`; returns
    its URI.
    """
    read = find_snapshot(store, snapshot, "planted")
    id = identity(name=name, snapshot=read.id, settings=settings, code=code)
    with store.writing("candidate", "candidates", FAMILY, id) as draft:
        save_candidate(draft.path, ids or read.item_ids, outputs, MeanEncoder(inputs))
        (similar or neighbours(store, snapshot, ids)).save(draft.path)
        draft.facts = {
            "family": FAMILY,
            "day": read.day,
            "dataset": read.dataset,
            "dimension": outputs.shape[1],
            "snapshot": read.id,
            "settings_digest": settings,
            "code": code,
        }
        draft.lineage = {"seed": 0, "parents": [snapshot]}
    return store.path("candidates", FAMILY, id).as_uri()


def neighbours(store: Store, snapshot: str, ids: list[str] | None = None) -> Neighbours:
    """The day's table of a candidate of these items; None: of all."""
    read = find_snapshot(store, snapshot, "planted")
    wanted = ids or read.item_ids
    return neighbours_of(store, read).remap(rows_of_ids(read.item_ids, wanted), len(wanted))


def unlike_neighbours(store: Store, snapshot: str) -> Neighbours:
    """The day's table, in which every item has the neighbours of another."""
    table = neighbours(store, snapshot)
    rows = np.random.default_rng(5).permutation(len(table))
    return dataclasses.replace(table, rows=table.rows[rows])


def good(store: Store, snapshot: str, seed: int = 0, **more) -> str:
    """A model that knows the groups."""
    return candidate(store, snapshot, f"good {seed}", vectors(seed), vectors(seed), **more)


def unlike(store: Store, snapshot: str, seed: int = 0, **more) -> str:
    """The good model, and what it says is like an item is like another."""
    made, similar = vectors(seed), unlike_neighbours(store, snapshot)
    return candidate(store, snapshot, f"unlike {seed}", made, made, similar=similar, **more)


def weak(store: Store, snapshot: str, **more) -> str:
    """A model that knows every third item of a group only: it shows all 40, and finds one label in
    three.
    """
    known = np.flatnonzero(np.arange(len(WORLD.item_group)) // 3 % 3 == 0)
    return candidate(
        store,
        snapshot,
        "weak",
        vectors()[known],
        vectors()[known],
        [WORLD.item_id(row) for row in known],
        **more,
    )


def shuffled(store: Store, snapshot: str, **more) -> str:
    """The good model after a fault: every item has the vector of another."""
    return candidate(
        store,
        snapshot,
        "shuffled",
        vectors(),
        np.random.default_rng(3).permutation(vectors()),
        **more,
    )


def popular(store: Store, snapshot: str, **more) -> str:
    """A copy of popularity: the same list for everybody."""
    counts = np.bincount(
        find_snapshot(store, snapshot, "planted").histories("train").items,
        minlength=len(WORLD.item_group),
    )
    outputs = (counts + np.random.default_rng(4).uniform(0.1, 0.2, len(counts)))[:, None].astype(
        np.float32
    )
    return candidate(store, snapshot, "popular", np.ones_like(outputs), outputs, **more)


def collapsed(store: Store, snapshot: str, **more) -> str:
    """A collapsed space: nearly all vectors are one and the same."""
    outputs = np.ones((len(WORLD.item_group), 16), np.float32)
    outputs[:40] = vectors()[:40]
    return candidate(store, snapshot, "collapsed", vectors(), outputs, **more)


def blind(store: Store, snapshot: str, world: worlds.World, group: int, **more) -> str:
    """Knows the groups, but takes what one group of users likes for what another does."""
    inputs = vectors(world=world)
    inputs[world.item_group == group] = vectors(world=world)[world.item_group == (group + 1) % 3][0]
    return candidate(store, snapshot, f"blind {group}", inputs, vectors(world=world), **more)


def _likes(store: Store, snapshot: str) -> np.ndarray:
    return np.bincount(
        find_snapshot(store, snapshot, "planted").histories("train").items,
        minlength=len(WORLD.item_group),
    )


def ranked(store: Store, snapshot: str, seed: int = 0, **more) -> str:
    """Knows the groups, and a little of what within one is popular."""
    made = vectors(seed)
    outputs = made * (1 + 0.1 * np.log1p(_likes(store, snapshot)))[:, None].astype(np.float32)
    return candidate(store, snapshot, f"ranked {seed}", made, outputs, **more)


def headstrong(store: Store, snapshot: str, **more) -> str:
    """Knows the groups and ranks each by popularity: better on average, and little of the tail is
    shown.
    """
    outputs = vectors() * (1 + np.log1p(_likes(store, snapshot)))[:, None].astype(np.float32)
    return candidate(store, snapshot, "headstrong", vectors(), outputs, **more)


def forgets_new_users(store: Store, snapshot: str, **more) -> str:
    """As good as any for those with long histories; a query from few items is turned to another
    group.

    The users' newest items weigh most, so that the rare vectors that short histories bring in
    decide.
    """
    read = find_snapshot(store, snapshot, "planted")
    queries = read.queries("test")
    inputs = vectors().copy()
    short = queries.histories.lengths <= 5
    belongs = np.bincount(
        queries.histories.items,
        np.repeat(np.where(short, 1.0, 0.0), queries.histories.lengths),
        len(inputs),
    )
    others = np.bincount(queries.histories.items, minlength=len(inputs)) - belongs
    lost = belongs > 0.2 * others
    inputs[lost] = 3 * vectors()[(np.arange(len(inputs)) + 1) % len(inputs)][lost]
    return candidate(store, snapshot, "forgets new users", inputs, vectors(), **more)


def flattened(store: Store, snapshot: str, **more) -> str:
    """A collapsed space: every vector is nearly the same direction, though no two are equal."""
    return candidate(
        store, snapshot, "flattened", vectors(), vectors() * 0.01 + np.float32(5), **more
    )
