"""Statistics of the walks of a graph: visits counted and compared with the law. Kept with a
candidate as `walks.json`, drawn in MLflow.
"""

from __future__ import annotations

import numpy as np

from tasks.core.data.graph import Tables
from tasks.core.models.walks import walk
from tasks.core.models.walks.expected_visits import expected_visits

SAMPLED_WALKS = 100_000
DEGREE_CLASSES = 24  # of degrees


def statistics(tables: Tables, length: int, seed: int) -> dict:
    """Counts over WALKS walks of `length` items.

    Returns:
        law, walks, length; distinct: for 1, 2, … length, the share of the walks with so many
        different items; distinct_mean;
        by_degree: by class of degree (edges of an item) its mean degree, items, and visits an item
            of a million steps, counted and
        expected; distance: total variation between the counted and the exact visits;
        distance_by_chance: what as many independent steps would have.
    """
    drawn = np.sort(walk(tables, 0, SAMPLED_WALKS, length, seed), axis=1)
    different = 1 + (np.diff(drawn, axis=1) != 0).sum(axis=1)
    visits = np.bincount(drawn.ravel(), minlength=tables.items) / drawn.size
    law = expected_visits(tables, length) / length
    return {
        "law": type(tables).law,
        "walks": SAMPLED_WALKS,
        "length": length,
        "distinct_mean": float(different.mean()),
        "distinct": (np.bincount(different, minlength=length + 1)[1:] / SAMPLED_WALKS)
        .round(5)
        .tolist(),
        "by_degree": _by_degree(np.diff(tables.item_offsets), visits, law),
        "distance": float(np.abs(visits - law).sum() / 2),
        "distance_by_chance": float(np.sqrt(2 * law * (1 - law) / (np.pi * drawn.size)).sum() / 2),
    }


def _by_degree(degrees: np.ndarray, visits: np.ndarray, law: np.ndarray) -> list[dict]:
    """Classes of equal width on a logarithmic scale; items without an edge are in none."""
    met = np.flatnonzero(degrees > 0)
    edges = np.geomspace(1, degrees.max() + 1, DEGREE_CLASSES + 1)
    classes = np.digitize(degrees[met], edges)
    return [
        {
            "degree": float(degrees[some].mean()),
            "items": len(some),
            "visits": float(1e6 * visits[some].mean()),
            "expected": float(1e6 * law[some].mean()),
        }
        for one in np.unique(classes)
        if len(some := met[classes == one])
    ]
