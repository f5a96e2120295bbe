"""The map of the items: t-SNE (van der Maaten & Hinton 2008) of the candidate vectors, coloured by
genre.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tasks.core.registry.plots.items import Items

MAX_ITEMS = 1000  # items on the map: t-SNE takes seconds, and more points cannot be distinguished
NAMED_ITEMS = 16  # of them with their title
OTHER = "other"


def draw_items_map(path: Path, items: Items, name: str) -> None:
    """Draw the most popular items as a PNG; those near each other are alike."""
    import matplotlib.pyplot as plt

    n = min(MAX_ITEMS, len(items))
    positions = _places(items.vectors[:n])
    figure, axes = plt.subplots(figsize=(10.5, 7.4), layout="constrained")
    _draw_genres(axes, positions, items, plt.get_cmap("tab10"))
    for row in _apart(positions, NAMED_ITEMS):
        axes.annotate(
            _short(items.titles[row]),
            positions[row],
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            bbox={"boxstyle": "round,pad=.1", "fc": "white", "ec": "none", "alpha": 0.65},
            zorder=3,
        )
    axes.margins(x=0.09)
    axes.set(xticks=[], yticks=[])
    axes.set_title(
        f"{name}: the {n} most popular items; near each other are those recommended to the "
        f"same people (t-SNE)",
        loc="left",
    )
    legend = axes.legend(
        loc="center left",
        bbox_to_anchor=(1, 0.5),
        frameon=False,
        title="the rarest genre\nof each item",
    )
    for handle in legend.legend_handles:
        handle.set_sizes([60])
    figure.text(0.99, 0.01, "area: users who like it", ha="right", fontsize=8, color="grey")
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _draw_genres(axes: Any, positions: np.ndarray, items: Items, palette: Any) -> None:
    likes = items.likes[: len(positions)]
    genres = np.array(main_genre(items.genres[: len(positions)]))
    sizes = 12 + 110 * likes / max(likes.max(), 1)
    common = [genre for genre, _ in Counter(genres).most_common() if genre != OTHER]
    for number, genre in enumerate([*common, *([OTHER] if OTHER in genres else [])]):
        rows = genres == genre
        axes.scatter(
            *positions[rows].T,
            s=sizes[rows],
            color=palette(number % 10) if genre != OTHER else "lightgrey",
            alpha=0.75,
            linewidths=0,
            label=f"{genre} ({rows.sum()})",
            zorder=1 if genre == OTHER else 2,
        )


def main_genre(genres: list[list[str]], most: int = 10) -> list[str]:
    """One genre an item: the rarest of its genres among the `most` commonest, so that drama and
    comedy do not swallow the rest.
    """
    counts = Counter(genre for some in genres for genre in some or [])
    shown = dict(counts.most_common(most))
    return [
        min((g for g in some or [] if g in shown), key=lambda g: (shown[g], g), default=OTHER)
        for some in genres
    ]


def _places(vectors: np.ndarray) -> np.ndarray:
    """float32 (n, 2)."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    n = len(vectors)
    method = TSNE(
        metric="cosine",
        init="random" if n <= vectors.shape[1] else "pca",
        perplexity=min(30.0, (n - 1) / 3),
        max_iter=400,
        random_state=0,
    )
    with threadpool_limits(
        1
    ):  # threads that wait for each other on a busy machine take ten times as long
        return method.fit_transform(np.asarray(vectors, np.float32))


def _apart(points: np.ndarray, most: int) -> list[int]:
    """Rows from the first on that leave each other room for a title: a sixth of the map sideways, a
    thirtieth up and down.
    """
    room = np.ptp(points, axis=0) * (0.18, 0.035)
    chosen: list[int] = []
    for row, point in enumerate(points):
        if len(chosen) < most and all(
            (np.abs(point - points[other]) > room).any() for other in chosen
        ):
            chosen.append(row)
    return chosen


def _short(title: str, most: int = 24) -> str:
    """Without a year in brackets at the end, cut to `most` letters."""
    title = re.sub(r" \(\d{4}\)$", "", title)
    return title if len(title) <= most else f"{title[: most - 1]}…"
