"""Items beside the items most like them: popular ones, and some of the tail, where a model is
easily bad without being noticed.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import numpy as np

from tasks.core.registry.plots.items import Items
from tasks.core.store.store import write_json

NEIGHBOURS, POPULAR, TAIL = 8, 12, 8
STYLE = """\
body{font:14px/1.45 system-ui,sans-serif;margin:24px;color:#222;max-width:1180px}h1{font-size:19px}
h2{font-size:16px;margin:28px 0 4px}
p{color:#666;margin:0 0 12px}table{border-collapse:collapse;width:100%}tr{border-top:1px solid #ddd}
th{width:30%;text-align:left;font-weight:600}
th,td{vertical-align:top;padding:9px 18px 9px 0}small{color:#777;font-weight:normal}
ol{margin:0;padding:0;list-style:none;columns:2 300px;column-gap:28px}
li{break-inside:avoid;padding:1px 0}b{display:inline-block;width:38px;font-weight:600;color:#1f5fa8}
.none b{color:#a33}"""


def write_similar_items(folder: Path, items: Items, name: str) -> None:
    """Write `similar_items.json` and, for people, `similar_items.html`: some items, each with those
    of the highest inner product.
    """
    n = len(items)
    tail = np.unique(np.linspace(int(0.8 * n), n - 1, TAIL).astype(int)).tolist()
    popular = list(range(min(POPULAR, n)))
    rows = popular + [row for row in tail if row not in popular]
    scores = items.vectors[rows] @ items.vectors.T
    scores[np.arange(len(rows)), rows] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, : min(NEIGHBOURS, n - 1)]
    table = [
        {
            **_told(items, row),
            "part": "popular" if row in popular else "tail",
            "similar": [
                {
                    **_told(items, other),
                    "cosine": round(float(scores[place, other]), 3),
                    "shared": len(set(items.genres[row]) & set(items.genres[other])),
                }
                for other in best[place]
            ],
        }
        for place, row in enumerate(rows)
    ]
    write_json(folder / "similar_items.json", table)
    (folder / "similar_items.html").write_text(_page(table, name))


def _told(items: Items, row: int) -> dict[str, Any]:
    return {"title": items.titles[row], "users": int(items.likes[row]), "genres": items.genres[row]}


def _page(table: list[dict[str, Any]], name: str) -> str:
    parts = [
        ("popular", "Popular items", "those that most users like"),
        ("tail", "Tail items", "spread over the fifth that fewest users like"),
    ]
    body = "".join(
        f"<h2>{title}</h2><p>{text}; "
        f"{_agreement(rows)}</p><table>{''.join(map(_row, rows))}</table>"
        for part, title, text in parts
        if (rows := [row for row in table if row["part"] == part])
    )
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Similar items, "
        f"{html.escape(name)}</title><style>{STYLE}</style>"
        f"<h1>Items most like an item: {html.escape(name)}</h1><p>Before each title the "
        f"similarity as it is served, red without a genre in common; after it, how many users "
        f"like it.</p>"
        f"{body}</html>"
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


def _row(row: dict[str, Any]) -> str:
    genres = ", ".join(row["genres"]) or "no genre"
    cells = "".join(
        f"<li{'' if one['shared'] or not (row['genres'] and one['genres']) else ' class=none'}>"
        f"<b>{one['cosine']:.2f}</b>"
        f"{html.escape(one['title'])} <small>{one['users']}</small></li>"
        for one in row["similar"]
    )
    return (
        f"<tr><th>{html.escape(row['title'])}<br><small>{row['users']} users · "
        f"{html.escape(genres)}</small></th><td><ol>{cells}</ol></td></tr>"
    )
