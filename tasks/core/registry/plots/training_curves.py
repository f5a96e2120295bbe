"""The training's curves: every figure that was recorded by epoch and changes, the kept epoch
marked.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

FIRST_METRICS = ("train_loss", "validation_recall_50")
UNPLOTTED_METRICS = (
    "words",
    "words_per_s",
)  # the same every epoch, or speed, as what ends on _seconds
MAX_PANELS = 4


def draw_training_curves(path: Path, training: dict[str, Any], name: str) -> None:
    """Draw the curves as a PNG: loss and validation recall first, then what else was recorded, four
    panels at most.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    shown = _shown(training)
    rows = -(-len(shown) // 2)
    figure, axes = plt.subplots(
        rows, 2, figsize=(10, 1 + 2.8 * rows), layout="constrained", squeeze=False
    )
    for panel in axes.flat[len(shown) :]:
        panel.remove()
    best = training["best_epoch"]
    for panel, metric in zip(axes.flat[: len(shown)], shown, strict=True):
        points = [
            (one["step"], one["metrics"][metric])
            for one in training["epochs"]
            if metric in one["metrics"]
        ]
        panel.plot(
            *zip(*points, strict=True), marker="o", markersize=2.5, linewidth=1
        ) if points else None
        panel.axvline(best, color="grey", linestyle=":")
        kept = dict(points).get(best)
        panel.set_title(
            metric.replace("_", " ")
            + (f": {kept:.4g} at the kept epoch {best}" if kept is not None else ""),
            loc="left",
            fontsize=10,
        )
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        panel.grid(alpha=0.3)
    figure.suptitle(name, x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _shown(training: dict[str, Any]) -> list[str]:
    """The names of the curves: FIRST, then those others that change from epoch to epoch, in order
    of name.
    """
    values: dict[str, set[float]] = {}
    for one in training["epochs"]:
        for metric, value in one["metrics"].items():
            values.setdefault(metric, set()).add(value)
    others = [
        metric
        for metric in sorted(values)
        if len(values[metric]) > 1
        and metric not in (*FIRST_METRICS, *UNPLOTTED_METRICS)
        and not metric.endswith("_seconds")
    ]
    return [*FIRST_METRICS, *others][:MAX_PANELS]
