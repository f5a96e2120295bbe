"""Plots of a candidate for MLflow: a map of the items, training curves, similar items, walks."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Snapshot
from tasks.core.registry.plots.items import Items
from tasks.core.registry.plots.items_map import draw_items_map
from tasks.core.registry.plots.similar_items import write_similar_items
from tasks.core.registry.plots.training_curves import draw_training_curves
from tasks.core.registry.plots.walks import WALKS_FILE, draw_walks
from tasks.core.retrieval.candidate import Candidate

MIN_ITEMS = 5  # items without which there is no map


def draw_plots(
    folder: Path, candidate: Candidate, snapshot: Snapshot, training: dict[str, Any]
) -> None:
    """Write the pictures of a candidate into a folder.

    `items_tsne.png`, `training_curve.png`, `similar_items.html` and `.json`, and `walks.png` where
    the candidate holds `walks.json`.
    """
    import matplotlib

    matplotlib.use("Agg")
    started, name = time.monotonic(), f"{candidate.family} {snapshot.day}"
    items = Items.of(candidate, snapshot)
    if len(items) >= MIN_ITEMS:
        draw_items_map(folder / "items_tsne.png", items, name)
    draw_training_curves(folder / "training_curve.png", training, name)
    write_similar_items(folder, items, name)
    if WALKS_FILE in candidate.artefact.files:
        draw_walks(
            folder / "walks.png", json.loads(candidate.artefact.file(WALKS_FILE).read_text()), name
        )
    log("pictures.drawn", items=len(items), seconds=time.monotonic() - started)
