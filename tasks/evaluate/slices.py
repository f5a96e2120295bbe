"""Slices: groups of users who are looked at on their own, so that a mean does not hide whom a model
fails.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Queries, Snapshot

NEW_MOST = 5  # liked rows that are known of a new user
VALUES_MOST = 20  # different values of an attribute that is told value by value
USERS_LEAST = 20  # in a slice of an attribute


def slices(snapshot: Snapshot, queries: Queries) -> dict[str, np.ndarray]:
    """Name → bool (users).

    `new users`: at most five liked rows are known of them, or none of theirs was learned from;
    `short histories` and `long histories`: the lower and the upper third by what is known;
    `<attribute> <value>` for every attribute of the users' table with few values, and thirds of
    those with many that are numbers. Slices without anybody are left out.
    """
    lengths = queries.histories.lengths
    learned = snapshot.histories("train").lengths[queries.users]
    low, high = np.quantile(lengths, [1 / 3, 2 / 3])
    found = {
        "new users": (lengths <= NEW_MOST) | (learned == 0),
        "short histories": lengths <= low,
        "long histories": (lengths >= high) & (lengths > low),
    }
    return {
        name: chosen
        for name, chosen in (found | _attributes(snapshot, queries)).items()
        if chosen.any()
    }


def _attributes(snapshot: Snapshot, queries: Queries) -> dict[str, np.ndarray]:
    table = snapshot.table("users").sort_by("user")
    found: dict[str, np.ndarray] = {}
    for name in table.column_names:
        if name not in ("user", "id") and pa.types.is_string(table.schema.field(name).type):
            values = np.array([value or "" for value in table[name].to_pylist()])[queries.users]
            found |= {
                f"{name} {value}": chosen
                for value, chosen in _by_value(name, values).items()
                if chosen.sum() >= USERS_LEAST
            }
    return found


def _by_value(attribute: str, values: np.ndarray) -> dict[str, np.ndarray]:
    different = np.unique(values[values != ""])
    if len(different) <= VALUES_MOST:
        return {value: values == value for value in different}
    try:
        numbers = np.where(values == "", "nan", values).astype(np.float64)
    except ValueError:
        log("evaluate.no_slices", attribute=attribute, values=len(different), most=VALUES_MOST)
        return {}
    low, high = np.nanquantile(numbers, [1 / 3, 2 / 3])
    return {
        f"≤ {low:g}": numbers <= low,
        f"> {low:g} to {high:g}": (numbers > low) & (numbers <= high),
        f"> {high:g}": numbers > high,
    }
