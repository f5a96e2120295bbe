"""What a person looks at in MLflow: the map of the items, the training curve, items beside the items most like them."""

from __future__ import annotations

import html
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tasks.core.candidate import Candidate
from tasks.core.log import log
from tasks.core.snapshot import Snapshot
from tasks.core.store import write_json

MOST = 1000  # items on the map: t-SNE takes seconds, and more points cannot be told apart
NEIGHBOURS, SHOWN = 8, 12


def draw(folder: Path, candidate: Candidate, snapshot: Snapshot, training: dict) -> None:
    """Write `items_tsne.png`, `training_curve.png`, `similar_items.html` and `similar_items.json` into a folder."""
    import matplotlib

    matplotlib.use("Agg")
    started = time.monotonic()
    rows = candidate.rows_of(snapshot.item_ids)
    known = np.flatnonzero(rows >= 0)
    popularity = np.bincount(snapshot.histories("train").items, minlength=len(rows))[known]
    order = np.argsort(-popularity, kind="stable")
    known, popularity = known[order], popularity[order]
    titles, genres = [snapshot.items["title"].to_pylist()[i] for i in known], [snapshot.items["genres"].to_pylist()[i] for i in known]
    vectors = np.asarray(candidate.similar)[rows[known]]
    if len(known) >= 5:
        _map(folder / "items_tsne.png", vectors[:MOST], genres[:MOST], popularity[:MOST], f"{candidate.family} {snapshot.day}")
    _curve(folder / "training_curve.png", training)
    _similar(folder, titles, genres, popularity, vectors)
    log("pictures.drawn", items=len(known), seconds=time.monotonic() - started)


def main_genre(genres: list[list[str]], most: int = 10) -> list[str]:
    """One genre an item: the rarest of its genres among the `most` commonest, so that drama and comedy do not swallow the rest."""
    counts = Counter(genre for some in genres for genre in some or [])
    shown = dict(counts.most_common(most))
    return [min((g for g in some or [] if g in shown), key=lambda g: (shown[g], g), default="other") for some in genres]


def _map(path: Path, vectors: np.ndarray, genres: list, popularity: np.ndarray, name: str) -> None:
    import matplotlib.pyplot as plt
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    n = len(vectors)
    method = TSNE(metric="cosine", init="random" if n <= vectors.shape[1] else "pca", perplexity=min(30.0, (n - 1) / 3), max_iter=400, random_state=0)
    with threadpool_limits(1):  # threads that wait for each other on a busy machine take ten times as long
        places = method.fit_transform(np.asarray(vectors, np.float32))
    colours = np.array(main_genre(genres))
    figure, axes = plt.subplots(figsize=(11, 8), layout="constrained")
    sizes = 10 + 90 * np.sqrt(popularity / max(popularity.max(), 1))
    palette = plt.get_cmap("tab10")
    shown = [g for g, _ in Counter(colours).most_common() if g != "other"] + ["other"]
    for i, genre in enumerate(shown):
        of = colours == genre
        axes.scatter(*places[of].T, s=sizes[of], color=palette(i % 10) if genre != "other" else "lightgrey", alpha=.75,
                     linewidths=0, label=f"{genre} ({of.sum()})", zorder=1 if genre == "other" else 2)
    axes.set(xticks=[], yticks=[], title=f"{name}: the {n} most popular items by similarity (t-SNE); area grows with popularity")
    legend = axes.legend(loc="center left", bbox_to_anchor=(1, .5), frameon=False, title="genre (the rarest of each item's)")
    for handle in legend.legend_handles:
        handle.set_sizes([60])
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _curve(path: Path, training: dict) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for panel, metric in zip(axes, ("train_loss", "validation_recall_50")):
        points = [(one["step"], one["metrics"][metric]) for one in training["epochs"] if metric in one["metrics"]]
        panel.plot(*zip(*points), marker="o", markersize=3) if points else None
        panel.axvline(training["best_epoch"], color="grey", linestyle=":", label=f"kept: epoch {training['best_epoch']}")
        panel.set(xlabel="epoch", title=metric)
        panel.grid(alpha=.3)
        panel.legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _similar(folder: Path, titles: list[str], genres: list, popularity: np.ndarray, vectors: np.ndarray) -> None:
    """The most popular items, and some of the tail (about the lowest fifth), each with the items most like it (cosine)."""
    n = len(titles)
    tail = np.unique(np.linspace(int(.8 * n), n - 1, SHOWN // 2).astype(int))
    asked = list(dict.fromkeys([*range(min(SHOWN, n)), *tail.tolist()]))
    scores = vectors[asked] @ vectors.T
    scores[np.arange(len(asked)), asked] = -np.inf
    best = np.argsort(-scores, axis=1, kind="stable")[:, :min(NEIGHBOURS, n - 1)]
    table = [{"title": titles[i], "users": int(popularity[i]), "genres": genres[i],
              "similar": [{"title": titles[j], "cosine": round(float(scores[row, j]), 3), "users": int(popularity[j])} for j in best[row]]}
             for row, i in enumerate(asked)]
    write_json(folder / "similar_items.json", table)
    (folder / "similar_items.html").write_text(_page(table))


def _page(table: list[dict]) -> str:
    def cell(one: dict) -> str:
        return f"{html.escape(one['title'])} <small>{one['cosine']:.2f}</small>"

    body = "".join(f"<tr><th>{html.escape(one['title'])}<br><small>{one['users']} users · {html.escape(', '.join(one['genres'] or []))}</small></th>"
                   f"<td>{'<br>'.join(map(cell, one['similar']))}</td></tr>" for one in table)
    return ("<!doctype html><meta charset='utf-8'><title>Similar items</title><style>body{font:14px sans-serif}th{text-align:left;"
            "vertical-align:top;padding:8px 24px 8px 0}td{padding:8px 0}tr{border-bottom:1px solid #ddd}table{border-collapse:collapse}"
            "small{color:#777;font-weight:normal}</style><table><tr><th>item</th><th>most similar (cosine)</th></tr>" + body + "</table>")
