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
    from matplotlib.ticker import PercentFormatter

    figure, (visits, moves) = plt.subplots(
        1, 2, figsize=(10, 4), layout="constrained", width_ratios=(3, 2)
    )
    classes = counted["by_degree"]
    degrees = [one["degree"] for one in classes]
    visits.plot(
        degrees,
        [one["expected"] for one in classes],
        color="grey",
        linewidth=1.2,
        label="by the law",
    )
    visits.scatter(
        degrees,
        [one["visits"] for one in classes],
        s=[14 + 1.5 * one["items"] ** 0.7 for one in classes],
        color="#1f5fa8",
        alpha=0.8,
        linewidths=0,
        label="counted (area: items)",
    )
    visits.set(
        xscale="log",
        yscale="log",
        xlabel="degree of an item: edges that lead on from it",
        ylabel="visits an item, of a million steps",
    )
    visits.set_title(
        f"{counted['walks']:,} walks by the law {counted['law']}: {counted['distance']:.4f} "
        f"from it, {counted['distance_by_chance']:.4f} by chance",
        loc="left",
        fontsize=10,
    )
    visits.grid(alpha=0.3)
    visits.legend(frameon=False)
    bars = moves.bar(range(1, len(counted["distinct"]) + 1), counted["distinct"], color="#1f5fa8")
    if len(counted["distinct"]) <= MAX_LABELS:
        moves.set_xticks(range(1, len(counted["distinct"]) + 1))
        moves.bar_label(
            bars, fmt=lambda share: f"{100 * share:.0f} %" if share >= 0.005 else "", fontsize=9
        )
    moves.yaxis.set_major_formatter(PercentFormatter(1))
    moves.set(
        ylim=(0, 1.08 * max(counted["distinct"])),
        xlabel="different items in a walk",
        ylabel="share of the walks",
    )
    moves.set_title(
        f"walks of {counted['length']} items: {counted['distinct_mean']:.2f} different ones on "
        f"average",
        loc="left",
        fontsize=10,
    )
    figure.suptitle(name, x=0.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=130)
    plt.close(figure)
