"""Walks by number, whatever the law, on one or more threads."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.graph import Cooccurrence, DegreePenalised, Tables, Window
from tasks.core.models.walks import cooccurrence, degree_penalised, window
from tasks.core.models.walks.random_draws import key_of

KERNELS: dict[type, Callable[..., None]] = {
    Cooccurrence: cooccurrence.fill_walks,
    DegreePenalised: degree_penalised.fill_walks,
    Window: window.fill_walks,
}


def walk(
    tables: Tables, first: int, count: int, length: int, seed: int, threads: int = 1
) -> np.ndarray:
    """Walks number `first` to `first + count − 1`.

    Args:
        tables: the graph; isolated items are never met.
        length: items in a walk; a walk of length 1 is the item at which it enters.
        seed: names the whole endless list of walks of this length.
        threads: how many compute; the result does not depend on it.

    Returns:
        int32 (count, length): item rows.

    Raises:
        BadRequest: a walk of no item.
        RefusedData: the graph has no edge.
    """
    if length < 1:
        raise BadRequest(
            "a walk has at least the item at which it enters",
            got=f"length {length}",
            allowed="1 or more",
        )
    if not tables.edges:
        raise RefusedData(
            "the graph has no edge, so no walk can be drawn",
            remedy="build it from users with two items or more",
        )
    walks = np.empty((count, length), np.int32)
    arrays = [_read_only(getattr(tables, field.name)) for field in dataclasses.fields(tables)]
    key, bounds = key_of(seed), np.linspace(0, count, threads + 1).astype(np.int64)
    with ThreadPoolExecutor(threads) as pool:
        parts = [
            pool.submit(
                KERNELS[type(tables)], *arrays, key, np.uint64(first + begin), walks[begin:end]
            )
            for begin, end in itertools.pairwise(bounds.tolist())
        ]
        for part in parts:
            part.result()
    return walks


def _read_only(array: np.ndarray) -> np.ndarray:
    """The array without leave to write, mapped or not: a kernel is compiled once, for such ones."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view
