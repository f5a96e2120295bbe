"""Slices: groups of users with means of their own, so that a mean over all hides no failure."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Queries, Snapshot

MAX_HISTORY_OF_NEW_USERS = 5  # known liked rows
MAX_VALUES = 20  # of an attribute that is split by value
MIN_SLICE_USERS = 20  # in a slice of an attribute


def slices(snapshot: Snapshot, queries: Queries) -> dict[str, np.ndarray]:
    """Name → bool (users).

    `new users` have at most five known liked rows, or none in the training part; `short histories`
    and `long histories` are the lower and the upper third by known rows; every attribute of the
    users' table gives a slice `<attribute> <value>` for each of few values, or thirds of many
    numbers. Empty slices are left out.
    """
    lengths = queries.histories.lengths
    learned = snapshot.histories("train").lengths[queries.users]
    low, high = np.quantile(lengths, [1 / 3, 2 / 3])
    groups = {
        "new users": (lengths <= MAX_HISTORY_OF_NEW_USERS) | (learned == 0),
        "short histories": lengths <= low,
        "long histories": (lengths >= high) & (lengths > low),
    }
    return {
        name: chosen
        for name, chosen in (groups | _attributes(snapshot, queries)).items()
        if chosen.any()
    }


def _attributes(snapshot: Snapshot, queries: Queries) -> dict[str, np.ndarray]:
    table = snapshot.table("users").sort_by("user")
    groups: dict[str, np.ndarray] = {}
    for name in table.column_names:
        if name not in ("user", "id") and pa.types.is_string(table.schema.field(name).type):
            values = np.array([value or "" for value in table[name].to_pylist()])[queries.users]
            groups |= {
                f"{name} {value}": chosen
                for value, chosen in _by_value(name, values).items()
                if chosen.sum() >= MIN_SLICE_USERS
            }
    return groups


def _by_value(attribute: str, values: np.ndarray) -> dict[str, np.ndarray]:
    different = np.unique(values[values != ""])
    if len(different) <= MAX_VALUES:
        return {value: values == value for value in different}
    try:
        numbers = np.where(values == "", "nan", values).astype(np.float64)
    except ValueError:
        log("evaluate.no_slices", attribute=attribute, values=len(different), most=MAX_VALUES)
        return {}
    low, high = np.nanquantile(numbers, [1 / 3, 2 / 3])
    return {
        f"≤ {low:g}": numbers <= low,
        f"> {low:g} to {high:g}": (numbers > low) & (numbers <= high),
        f"> {high:g}": numbers > high,
    }
