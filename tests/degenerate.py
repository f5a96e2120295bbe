"""Data sets that are hardly one, as snapshots of events: a training of them ends well, or is
refused in one sentence.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.store import Store
from tests import worlds


def world(lists: list[list[int]], items: int, second: int | None = None) -> worlds.World:
    users = np.repeat(np.arange(len(lists)), [len(one) for one in lists]).astype(np.int32)
    rows = np.concatenate(lists).astype(np.int32)
    seconds = worlds.START + np.arange(len(rows)) if second is None else np.full(len(rows), second)
    return worlds.World(
        users,
        rows,
        np.full(len(rows), 4, np.float32),
        seconds,
        np.zeros(len(lists), np.int32),
        np.zeros(items, np.int32),
    )


WORLDS = {
    "one user": world([[0, 1, 2, 0, 3, 1, 4, 0]], 5),
    "one item": world([[0, 0, 0, 0, 0, 0]] * 4, 1),
    "one second": world(
        [[0, 1, 2, 3, 0, 4], [4, 3, 3, 1, 0, 2], [2, 2, 1, 0, 3, 4]] * 4, 5, worlds.START
    ),
    "all alike": world([[0, 1, 2, 0, 3, 1, 4, 0]] * 12, 5),
}


def snapshot(store: Store, name: str, recommend_seen: bool) -> str:
    return worlds.snapshot(
        store,
        WORLDS[name],
        dataset=name.replace(" ", "-"),
        **worlds.event_facts(WORLDS[name], recommend_seen),
    )


def training(
    store: Store,
    name: str,
    fit: Callable[[object], dict],
    request: type,
    settings: object,
    recommend_seen: bool = True,
) -> str:
    """How the training of a family on one of these data sets ends, see `ends_well`."""
    taken = snapshot(store, name, recommend_seen)
    return ends_well(
        store,
        lambda: fit(request(store.root.as_uri(), snapshot=taken, settings=settings, track=False)),
    )


def ends_well(store: Store, fit: Callable[[], dict]) -> str:
    """`trained`, with vectors that are numbers, or the one sentence of a refusal."""
    try:
        made = Candidate(store.open(fit()["uri"], "candidate"))
    except (RefusedData, BadRequest) as refusal:
        assert "\n" not in str(refusal) and len(str(refusal)) > 20
        return str(refusal)
    assert np.isfinite(made.vectors).all() and len(made.vectors)
    return "trained"
