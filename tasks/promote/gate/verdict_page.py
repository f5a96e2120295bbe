"""The page of a verdict: one self-contained HTML file, its plots drawn as SVG."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from tasks.promote.gate.checks import metric_title

WIDTH, ROW, LEFT, RIGHT = 480, 25, 165, 62  # of a plot, in units of its view box
STYLE = """:root{color-scheme:light dark;--page:#fff;--ink:#1c2330;--quiet:#4a5568;--line:#dde2ea;
--zero:#9aa4b2;--margin:#e8eef7;--good:#12703a;--bad:#a3271b;--warn:#8a5a00}
@media (prefers-color-scheme:dark){:root{--page:#12161d;--ink:#e8ecf2;--quiet:#a3aebd;
--line:#333d4b;--zero:#6b7686;--margin:#26364a;--good:#5fce8e;--bad:#ff9284;--warn:#f0b65a}}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:var(--ink);background:var(--page)}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}.promote{color:var(--good)}
.hold{color:var(--bad)}.ask{color:var(--warn)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child,.checks th,.checks td{text-align:left}td{white-space:nowrap}
.checks td{white-space:normal}
.wide{overflow-x:auto}summary{cursor:pointer;margin:1.5rem 0 .5rem}
svg{display:block;width:100%;max-width:36rem;font-size:13px;margin:.5rem 0}svg text{fill:var(--ink)}
.decides{font-weight:700}.zero{stroke:var(--zero)}.margin{fill:var(--margin)}
.better{stroke:var(--good);fill:var(--good)}.worse{stroke:var(--bad);fill:var(--bad)}
.even{stroke:var(--quiet);fill:var(--quiet)}"""
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
)


def verdict_page(verdict: dict) -> str:
    """HTML of the whole verdict: first the reasons, last every figure.

    The page refers to no address outside itself.
    """
    title = escape(f"{verdict['family']} {verdict['day']}: {verdict['outcome']}")
    metric = metric_title(verdict["policy"]["metric"])
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title><style>{STYLE}</style>"
        f"<h1 class={escape(verdict['outcome'])}>{title}</h1>"
        f"{_reasons(verdict)}"
        f"{_champion(verdict, metric)}"
        f"<h2>{escape(metric)} by group of users</h2>{differences_plot(verdict['slices'])}"
        f"{_differences('group', verdict['slices'], verdict['difference_to'])}"
        f"{_members(verdict, metric)}"
        f"<h2>{escape(metric)} beside baselines</h2>"
        f"{_differences('baseline', verdict['baselines'], 'baseline')}{_partial(verdict)}"
        f"{_seeds(verdict)}"
        f"<h2>Checks</h2>{_checks(verdict)}"
        f"<details><summary>Every metric of every model</summary>{_table(verdict)}</details></html>"
    )


def _reasons(verdict: dict) -> str:
    """The reason of the verdict, a note on a stale champion, and every check that did not pass."""
    stale = "".join(
        f"<p>{escape(check['sentence'])}</p>"
        for check in verdict["checks"]
        if check["name"] == "stale"
    )
    failed = "".join(
        f"<li>{escape(check['sentence'])} <b>({escape(check['says'])})</b></li>"
        for check in verdict["checks"]
        if check["says"] != "ok"
    )
    against = f"<p>Against it:</p><ul>{failed}</ul>" if failed else ""
    return f"<p>{escape(verdict['reason'])}</p>{stale}{against}"


def _champion(verdict: dict, metric: str) -> str:
    """The plot of the differences to the champion, or to the model that takes its place."""
    policy, other = verdict["policy"], verdict["difference_to"]
    whom = f"{other}, its best member" if other == verdict["best_member"] else other
    plotted = {
        metric_title(name): verdict["difference"][name]
        for name in dict.fromkeys((policy["metric"], *policy["tested"], *PLOTTED_METRICS))
        if name in verdict["difference"]
    }
    return (
        f"<h2>Difference to {escape(whom)}, {policy['confidence']:.0%} interval, "
        f"{users_sentence(verdict)}</h2>"
        f"{differences_plot(plotted, metric, verdict['margin'])}"
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
) -> str:
    """SVG of differences as shares of the other's mean: a point and its interval for each.

    Args:
        differences: name → a document of `Difference`.
        decides: the name in bold, with a band for its `margin`.
        margin: in units of the metric.
    """
    shown = {name: one for name, one in differences.items() if one["base"]}
    if not shown:
        return "<p>Nothing to compare with.</p>"
    ends = [end / one["base"] for one in shown.values() for end in (one["low"], one["high"])]
    reach = max(0.02, *map(abs, ends))

    def x(share: float) -> float:
        return LEFT + (share / reach + 1) / 2 * (WIDTH - LEFT - RIGHT)

    height = ROW * len(shown) + 10
    parts = [
        f"<svg viewBox='0 0 {WIDTH} {height}' role=img aria-label=differences>"
        f"<line class=zero x1='{x(0):.1f}' x2='{x(0):.1f}' y1=0 y2={height} />"
    ]
    for row, (name, one) in enumerate(shown.items()):
        y = ROW * row + 18
        if name == decides and margin is not None:
            edge = max(-margin / one["base"], -reach)
            parts.append(
                f"<rect class=margin x='{x(edge):.1f}' y={y - 12} width='{x(0) - x(edge):.1f}'"
                " height=22 />"
            )
        bold = " class=decides" if name == decides else ""
        parts.append(f"<text x=0 y={y + 4}{bold}>{escape(name)}</text>{_plot_marks(one, x, y)}")
    return "".join([*parts, "</svg>"])


def _plot_marks(difference: dict, x: Callable[[float], float], y: int) -> str:
    """The interval as a line, the mean as a point and as a percentage, at height `y`."""
    low, mean, high = (difference[end] / difference["base"] for end in ("low", "mean", "high"))
    colour = "better" if low > 0 else "worse" if high < 0 else "even"
    return (
        f"<g class={colour}>"
        f"<line stroke-width=2 x1='{x(low):.1f}' x2='{x(high):.1f}' y1={y} y2={y} />"
        f"<circle cx='{x(mean):.1f}' cy={y} r=4 /></g>"
        f"<text x={WIDTH} y={y + 4} text-anchor=end>{mean:+.1%}</text>"
    )


def _table(verdict: dict) -> str:
    models = sorted(
        (name for name, figures in verdict["metrics"].items() if figures),
        key=lambda name: (name != "challenger", name != "champion"),
    )
    rows = [
        [
            metric_title(name),
            *(_figure(verdict["metrics"][model].get(name)) for model in models),
            *_difference_cells(verdict["difference"].get(name)),
        ]
        for name in verdict["metrics"]["challenger"]
    ]
    return _rows(
        [
            "metric",
            *models,
            f"difference to {verdict['difference_to']}",
            "p",
            "p (Holm)",
            "could be shown",
        ],
        rows,
    )


def _difference_cells(difference: dict | None) -> list[str]:
    """The difference with its interval, p, p corrected, and the detectable difference."""
    if difference is None:
        return ["", "", "", ""]
    p_values = (difference["p"], difference["p_holm"])
    return [
        _interval(difference),
        *("" if p is None else f"{p:.2g}" for p in p_values),
        f"{difference['detectable']:.4f}",
    ]


def _differences(what: str, differences: dict[str, dict], other: str) -> str:
    """A table of differences; `what` heads the column of their names."""
    return _rows(
        [what, "users", "challenger", other, "difference", "could be shown"],
        [
            [
                name,
                str(one["users"]),
                _figure(one["base"] + one["mean"]),
                _figure(one["base"]),
                _interval(one),
                f"{one['detectable']:.4f}",
            ]
            for name, one in differences.items()
        ],
    )


def _members(verdict: dict, metric: str) -> str:
    """The challenger beside each of its members alone, the one with the most weight first."""
    weights = verdict["weights"]
    differences = {
        name: verdict["members"][name]
        for name in sorted(verdict["members"], key=lambda name: -weights[name])
    }
    if not differences:
        return ""
    rows = [
        [
            name,
            f"{weights[name]:.0%}" if weights[name] else "left out",
            _figure(one["base"] + one["mean"]),
            _figure(one["base"]),
            _interval(one),
            f"{one['detectable']:.4f}",
        ]
        for name, one in differences.items()
    ]
    return (
        f"<h2>{escape(metric)} beside its members, each alone</h2>{differences_plot(differences)}"
        + _rows(
            ["member", "weight", "challenger", "member alone", "difference", "could be shown"], rows
        )
    )


def _partial(verdict: dict) -> str:
    return "".join(
        f"<p>{escape(name)} is that {escape(part)}.</p>"
        for name, part in verdict["partial"].items()
    )


def _seeds(verdict: dict) -> str:
    metric = verdict["policy"]["metric"]
    if len(verdict["seeds"]) < 2:
        return ""
    return f"<h2>Seeds: {escape(metric_title(metric))}</h2>" + _rows(
        ["seed", "challenger"],
        [[str(one["seed"]), _figure(one["metrics"][metric])] for one in verdict["seeds"]],
    )


def _checks(verdict: dict) -> str:
    return _rows(
        ["check", "says", "figures"],
        [[one["name"], one["says"], one["sentence"]] for one in verdict["checks"]],
        "checks",
    )


def _rows(head: list[str], rows: list[list[str]], kind: str = "figures") -> str:
    """A table that scrolls by itself where it is too wide.

    In a table of checks a name may break, since its sentence needs the room on a phone.
    """

    def cell(text: str) -> str:
        return (
            re.sub(r"([._])(?=[a-z])", r"\1<wbr>", escape(text))
            if kind == "checks"
            else escape(text)
        )

    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<div class=wide><table class={kind}><tr>{top}</tr>{body}</table></div>"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}"


def _interval(one: dict) -> str:
    return f"{one['mean']:+.4f} [{one['low']:+.4f}, {one['high']:+.4f}]"
