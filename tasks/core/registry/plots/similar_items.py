"""Items beside the items most like them: popular ones, and some of the tail, where a model is
easily bad without being noticed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tasks.core import pages
from tasks.core.registry.plots.items import Items
from tasks.core.store.store import write_json

NEIGHBOURS, POPULAR, TAIL = 8, 12, 8
PARTS = (
    ("popular", "Popular items", "those that most users like"),
    ("tail", "Tail items", "spread over the fifth that fewest users like"),
)


def write_similar_items(folder: Path, items: Items, name: str) -> None:
    """Write `similar_items.json` and, for people, `similar_items.html`: some items, each with those
    most like it.
    """
    n = len(items)
    tail = np.unique(np.linspace(int(0.8 * n), n - 1, TAIL).astype(int)).tolist()
    popular = list(range(min(POPULAR, n)))
    rows = popular + [row for row in tail if row not in popular]
    table = [
        {
            **_describe(items, row),
            "part": "popular" if row in popular else "tail",
            "similar": [
                {
                    **_describe(items, other),
                    "both": int(both),
                    "shared": len(set(items.genres[row]) & set(items.genres[other])),
                }
                for other, both in zip(
                    items.neighbours.rows[row, :NEIGHBOURS],
                    items.neighbours.both[row, :NEIGHBOURS],
                    strict=True,
                )
                if other >= 0
            ],
        }
        for row in rows
    ]
    write_json(folder / "similar_items.json", table)
    (folder / "similar_items.html").write_text(_page(table, name))


def _describe(items: Items, row: int) -> dict[str, Any]:
    return {"title": items.titles[row], "users": int(items.likes[row]), "genres": items.genres[row]}


def _page(table: list[dict[str, Any]], name: str) -> str:
    parts = []
    for part, title, text in PARTS:
        rows = [row for row in table if row["part"] == part]
        parts.append({"title": title, "text": text, "rows": rows, "agreement": _agreement(rows)})
    return pages.render(
        Path(__file__).parent, "similar_items.template.html", name=name, parts=parts
    )


def _agreement(rows: list[dict[str, Any]]) -> str:
    """How many of the neighbours have a genre in common with their item, in words."""
    pairs = [
        one["shared"] > 0
        for row in rows
        for one in row["similar"]
        if row["genres"] and one["genres"]
    ]
    return (
        f"{100 * sum(pairs) / len(pairs):.0f} % of the neighbours share a genre"
        if pairs
        else "no genres to compare"
    )
