"""The walks a model was trained on, as the trainer counted them: are items visited as often as the law says, and do walks move?"""

from __future__ import annotations

from pathlib import Path

WALKS = "walks.json"  # of the candidate's folder


def walks(path: Path, counted: dict, name: str) -> None:
    """Draw the walks as a PNG.

    Args:
        counted: law, walks, length; by_degree: list of {degree, items, visits, expected}, visits an item and walk of a class of
            degrees, counted and by the law; distinct: list (length), share of the walks with 1, 2, … different items.
    """
    import matplotlib.pyplot as plt

    figure, (visits, moves) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained", width_ratios=(3, 2))
    classes = counted["by_degree"]
    degrees = [one["degree"] for one in classes]
    visits.plot(degrees, [one["expected"] for one in classes], color="grey", linewidth=1.2, label="by the law")
    visits.scatter(degrees, [one["visits"] for one in classes], s=[14 + 1.5 * one["items"] ** .7 for one in classes], color="#1f5fa8", alpha=.8,
                   linewidths=0, label="counted (area: items)")
    visits.set(xscale="log", yscale="log", xlabel="degree: items reached from an item, by co-occurrence", ylabel="visits an item, of a million steps")
    visits.set_title(f"{counted['walks']:,} walks by the law `{counted['law']}`", loc="left", fontsize=10)
    visits.grid(alpha=.3)
    visits.legend(frameon=False)
    bars = moves.bar(range(1, len(counted["distinct"]) + 1), counted["distinct"], color="#1f5fa8")
    if len(counted["distinct"]) <= 12:
        moves.bar_label(bars, fmt=lambda share: f"{100 * share:.0f} %" if share >= .005 else "", fontsize=9)
    moves.set(xlabel="different items in a walk", ylabel="share of the walks")
    moves.set_title(f"walks of {counted['length']} items, {counted['length_mean']:.2f} on average", loc="left", fontsize=10)
    figure.suptitle(name, x=.01, ha="left", fontsize=12)
    figure.savefig(path, dpi=110)
    plt.close(figure)
