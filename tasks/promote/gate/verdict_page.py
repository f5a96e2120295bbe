"""The page of a verdict: the reasons, tables, and plots of the differences, drawn as SVG."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from tasks.core import pages
from tasks.promote.gate.checks import metric_title

WIDTH, ROW, LEFT, RIGHT = 480, 25, 165, 62  # of a plot, in units of its view box
TONES = {"promote": "ok", "ask": "warn", "hold": "fail"}
PLOTTED_METRICS = (
    "recall_50",
    "ndcg_10",
    "hr_10",
    "map_10",
    "mrr_10",
    "recall_50_head",
    "recall_50_tail",
    "tail_share_50",
    "recall_50_kept",
    "diversity_10",
    "similar_hr_10",
    "similar_mrr_10",
    "similar_genres_10",
)


def verdict_page(verdict: dict) -> str:
    """HTML of the whole verdict: first the reasons, last every figure."""
    policy, other = verdict["policy"], verdict["difference_to"]
    models = sorted(
        (name for name, figures in verdict["metrics"].items() if figures),
        key=lambda name: (name != "challenger", name != "champion"),
    )
    members = _members(verdict)
    return pages.render(
        Path(__file__).parent,
        "verdict.template.html",
        {"breakable": _breakable},
        verdict=verdict,
        title=f"{verdict['family']} {verdict['day']}: {verdict['outcome']}",
        tone=TONES[verdict["outcome"]],
        metric=metric_title(policy["metric"]),
        other=f"{other}, its best member" if other == verdict["best_member"] else other,
        confidence=f"{policy['confidence']:.0%}",
        users=users_sentence(verdict),
        champion_plot=_champion_plot(verdict),
        slices_plot=differences_plot(verdict["slices"]),
        difference_head=["users", "challenger", other, "difference", "could be shown"],
        slices=[_difference_row(name, one) for name, one in verdict["slices"].items()],
        members_plot=differences_plot(members),
        members=[_member_row(name, one, verdict["weights"]) for name, one in members.items()],
        baseline_head=["users", "challenger", "baseline", "difference", "could be shown"],
        baselines=[_difference_row(name, one) for name, one in verdict["baselines"].items()],
        seeds=_seed_rows(verdict),
        metrics_head=[
            "metric",
            *models,
            f"difference to {other}",
            "p",
            "p (Holm)",
            "could be shown",
        ],
        metrics=[_metric_row(verdict, name, models) for name in verdict["metrics"]["challenger"]],
    )


def users_sentence(verdict: dict) -> str:
    """The number of judged users, as people write it."""
    judged, total = verdict["users"], verdict["users_in_all"]
    return (
        f"{judged} users"
        if judged == total
        else f"{judged:,} of {total:,} users, the same ones every day"
    )


def differences_plot(
    differences: dict[str, dict], decides: str | None = None, margin: float | None = None
) -> dict[str, Any] | None:
    """The drawing of differences as shares of the other's mean: a point and its interval for each.

    Args:
        differences: name → a document of `Difference`.
        decides: the name in bold, with a band for its `margin`.
        margin: in units of the metric.

    Returns:
        Width and height of the view box, the x of no difference, and rows with what stands at
        which x and y; None: nothing to compare with.
    """
    shown = {name: one for name, one in differences.items() if one["base"]}
    if not shown:
        return None
    ends = [end / one["base"] for one in shown.values() for end in (one["low"], one["high"])]
    reach = max(0.02, *map(abs, ends))

    def x(share: float) -> float:
        return round(LEFT + (share / reach + 1) / 2 * (WIDTH - LEFT - RIGHT), 1)

    rows = []
    for row, (name, one) in enumerate(shown.items()):
        low, mean, high = (one[end] / one["base"] for end in ("low", "mean", "high"))
        band = None
        if name == decides and margin is not None:
            edge = x(max(-margin / one["base"], -reach))
            band = (edge, round(x(0) - edge, 1))
        rows.append(
            {
                "name": name,
                "y": ROW * row + 18,
                "decides": name == decides,
                "margin": band,
                "colour": "better" if low > 0 else "worse" if high < 0 else "even",
                **{"low": x(low), "mean": x(mean), "high": x(high), "percent": f"{mean:+.1%}"},
            }
        )
    return {"width": WIDTH, "height": ROW * len(shown) + 10, "zero": x(0), "rows": rows}


def _champion_plot(verdict: dict) -> dict[str, Any] | None:
    """The differences to the champion, or to the model that takes its place."""
    policy = verdict["policy"]
    plotted = {
        metric_title(name): verdict["difference"][name]
        for name in dict.fromkeys((policy["metric"], *policy["tested"], *PLOTTED_METRICS))
        if name in verdict["difference"]
    }
    return differences_plot(plotted, metric_title(policy["metric"]), verdict["margin"])


def _members(verdict: dict) -> dict[str, dict]:
    """The differences to each member alone, the one with the most weight first."""
    weights = verdict["weights"]
    return {
        name: verdict["members"][name]
        for name in sorted(verdict["members"], key=lambda name: -weights[name])
    }


def _member_row(name: str, one: dict, weights: dict[str, float]) -> list[str]:
    weight = f"{weights[name]:.0%}" if weights[name] else "left out"
    return [name, weight, *_difference_row(name, one)[2:]]


def _difference_row(name: str, one: dict) -> list[str]:
    """Name, users, the challenger's figure and the other's, their difference, and the detectable
    one.
    """
    return [
        name,
        str(one["users"]),
        figure(one["base"] + one["mean"]),
        figure(one["base"]),
        _interval(one),
        f"{one['detectable']:.4f}",
    ]


def _metric_row(verdict: dict, name: str, models: list[str]) -> list[str]:
    """A metric of every model, and the difference with p, p corrected, and the detectable one."""
    figures = [figure(verdict["metrics"][model].get(name)) for model in models]
    difference = verdict["difference"].get(name)
    if difference is None:
        return [metric_title(name), *figures, "", "", "", ""]
    return [
        metric_title(name),
        *figures,
        _interval(difference),
        *("" if p is None else f"{p:.2g}" for p in (difference["p"], difference["p_holm"])),
        f"{difference['detectable']:.4f}",
    ]


def _seed_rows(verdict: dict) -> list[list[str]]:
    """The metric of each seed, where there are several."""
    metric, seeds = verdict["policy"]["metric"], verdict["seeds"]
    if len(seeds) < 2:
        return []
    return [[str(one["seed"]), figure(one["metrics"][metric])] for one in seeds]


def _breakable(text: str) -> Markup:
    """A name that may break after a dot or a low line: its row's sentence needs the room."""
    return Markup(re.sub(r"([._])(?=[a-z])", r"\1<wbr>", str(escape(text))))


def figure(value: float | None) -> str:
    """A figure as people read it; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def _interval(one: dict) -> str:
    return f"{one['mean']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]"
