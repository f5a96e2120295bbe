"""The walks a model was trained on, as the trainer counted them: are items visited as often as the
law says, and do walks move?
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

WALKS_FILE = "walks.json"  # of the candidate's folder
MAX_LABELS = 12


def draw_walks(path: Path, counted: dict[str, Any], name: str) -> None:
    """Draw the walks as a PNG.

    Args:
        counted: law, walks, length; by_degree: list of {degree, items, visits, expected}, visits an
            item of a million steps in a class of degrees, counted and by the law; distance,
            distance_by_chance: total variation from the law, and what chance makes of it; distinct:
            list (length), share of the walks with 1, 2, … different items; distinct_mean.
    """
    import matplotlib.pyplot as plt

    figure, (visits, moves) = plt.subplots(
        1, 2, figsize=(10, 4), layout="constrained", width_ratios=(3, 2)
    )
    _draw_visits(visits, counted)
    _draw_distinct_items(moves, counted)
    figure.suptitle(name, x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def _draw_visits(axes: Any, counted: dict[str, Any]) -> None:
    classes = counted["by_degree"]
    degrees = [each["degree"] for each in classes]
    expected = [each["expected"] for each in classes]
    axes.plot(degrees, expected, color="grey", linewidth=1.2, label="by the law")
    axes.scatter(
        degrees,
        [each["visits"] for each in classes],
        s=[14 + 1.5 * each["items"] ** 0.7 for each in classes],
        color="#1f5fa8",
        alpha=0.8,
        linewidths=0,
        label="counted (area: items)",
    )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="degree of an item: edges that lead on from it",
        ylabel="visits an item, of a million steps",
    )
    axes.set_title(
        f"{counted['walks']:,} walks by the law {counted['law']}: {counted['distance']:.4f} "
        f"from it, {counted['distance_by_chance']:.4f} by chance",
        loc="left",
        fontsize=10,
    )
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)


def _draw_distinct_items(axes: Any, counted: dict[str, Any]) -> None:
    from matplotlib.ticker import PercentFormatter

    shares = counted["distinct"]
    bars = axes.bar(range(1, len(shares) + 1), shares, color="#1f5fa8")
    if len(shares) <= MAX_LABELS:
        axes.set_xticks(range(1, len(shares) + 1))
        axes.bar_label(
            bars, fmt=lambda share: f"{100 * share:.0f} %" if share >= 0.005 else "", fontsize=9
        )
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set(
        ylim=(0, 1.08 * max(shares)),
        xlabel="different items in a walk",
        ylabel="share of the walks",
    )
    axes.set_title(
        f"walks of {counted['length']} items: {counted['distinct_mean']:.2f} different ones on "
        f"average",
        loc="left",
        fontsize=10,
    )
