"""The checks of the gate: each looks at one thing and says, in a sentence with its figures, whether
it is as the policy wants.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tasks.promote.gate.bootstrap import Difference
from tasks.promote.gate.case import Case
from tasks.promote.gate.policy import Floor, Policy


@dataclasses.dataclass(frozen=True)
class Check:
    """One check: `hold` or `ask` is what it asks for when it does not pass; `ok` when it does."""

    name: str
    says: str
    sentence: str


def check(name: str, passed: bool, sentence: str, otherwise: str = "hold") -> Check:
    """`ok` with its sentence, or what it otherwise asks for."""
    return Check(name, "ok" if passed else otherwise, sentence)


def check_health(case: Case, policy: Policy) -> Iterator[Check]:
    """What only a fault leaves."""
    share, bounds = case.health, policy.health
    for name, most, what in (
        ("not_finite", 0.0, "of the vectors are not finite"),
        ("zero", 0.0, "of the vectors are all zero"),
        ("duplicate", bounds.duplicate_most, "of the vectors repeat another one"),
        ("queries_not_finite", 0.0, "of the users get a query that is not finite"),
        ("silent", bounds.silent_most, "of the users with a history get no list"),
    ):
        yield check(
            f"health.{name}",
            share[name] <= most,
            f"{share[name]:.1%} {what}, at most {most:.1%} may",
        )
    yield check(
        "health.alike",
        share["alike"] <= bounds.alike_most,
        f"two vectors have a cosine of {share['alike']:.3f} on average, at most "
        f"{bounds.alike_most:g} may be: the space "
        f"{'has not' if share['alike'] <= bounds.alike_most else 'has'} collapsed",
    )
    yield check(
        "health.longest",
        share["longest"] <= bounds.longest_most,
        f"the longest vector is {share['longest']:.1f} × the median one, at most "
        f"{bounds.longest_most:g} × may be",
    )
    yield check(
        "health.items_known",
        share["items_known"] >= bounds.items_known_least,
        f"the model knows {share['items_known']:.1%} of the items, at least "
        f"{bounds.items_known_least:.1%} are wanted",
    )


def check_comparison(case: Case, policy: Policy) -> Iterator[Check]:
    """Whether a comparison with the champion is a fair one, and whether a refresh left the items
    where they were.
    """
    known = (case.champion or {}).get("items_known", 1.0)
    least = policy.health.champion_items_known_least
    yield check(
        "champion.items_known",
        known >= least,
        f"the champion knows {known:.1%} of today's items, at least {least:.1%} make a fair "
        "comparison",
        otherwise="ask",
    )
    kept, least = (
        (case.challenger.get("stability") or {}).get("neighbours_10"),
        policy.health.neighbours_least,
    )
    if kept is not None and case.question == "refresh":
        yield check(
            "stability",
            kept >= least,
            f"{kept:.1%} of an item's ten nearest are the champion's, a refresh leaves at "
            f"least {least:.1%}",
            otherwise="ask",
        )


def check_users(case: Case, policy: Policy) -> Check:
    """Enough users to decide anything."""
    return check(
        "users",
        case.users >= policy.users_least,
        f"{case.users} users were judged, at least {policy.users_least} are wanted",
        otherwise="ask",
    )


def check_floor(against: Difference, rule: Floor, policy: Policy, case: Case) -> Check:
    """Better than a share of a baseline, whatever else. `against`: the difference to that share."""
    whose, part = (
        f"{'' if rule.share == 1 else f'{rule.share:g} × '}{rule.baseline}",
        case.partial.get(rule.baseline),
    )
    passed = against.low > 0
    return check(
        f"floor.{rule.baseline}",
        passed,
        f"{difference_sentence(policy.metric, against, whose)}"
        f"{f' ({rule.baseline} {part})' if part else ''}: "
        f"{'better' if passed else 'not better'}",
        otherwise=rule.below,
    )


def check_difference(
    against: Difference,
    question: str,
    policy: Policy,
    whose: str = "the champion",
    prefix: str = "",
) -> Check:
    """What the question asks for: a refresh is not worse, anything else is better; `prefix` of the
    check's name.
    """
    made = (
        check_not_worse(against, policy.metric, policy, whose)
        if question == "refresh"
        else check_better(against, policy.metric, question, whose)
    )
    return dataclasses.replace(made, name=prefix + made.name)


def check_better(
    against: Difference, metric: str, question: str = "change", whose: str = "the champion"
) -> Check:
    """A change: the interval of the difference lies above 0."""
    must = "as a change must be" if question == "change" else "as a first one must be"
    return check(
        "better",
        against.low > 0,
        f"{difference_sentence(metric, against, whose)}: "
        + (
            "better"
            if against.low > 0
            else "worse"
            if against.high < 0
            else f"not shown to be better, {must} (these users show a gain of "
            f"{against.detectable:.4f})"
        ),
    )


def refresh_margin(against: Difference, policy: Policy) -> float:
    """The loss a refresh may hide, in units of the metric: see `Refresh`."""
    wanted = policy.refresh.margin_standard_errors * against.standard_error
    return min(
        max(wanted, policy.refresh.margin_least * against.base),
        policy.refresh.margin_most * against.base,
    )


def check_not_worse(
    against: Difference, metric: str, policy: Policy, whose: str = "the champion"
) -> Check:
    """A refresh: the interval of the difference lies above −margin."""
    allowed, bounds = refresh_margin(against, policy), policy.refresh
    said = f"{difference_sentence(metric, against, whose)}, margin {allowed:.4f}"
    if against.low > -allowed or (against.low == against.mean == 0):
        return Check("not_worse", "ok", f"{said}: not worse")
    too_wide = (
        bounds.margin_standard_errors * against.standard_error > bounds.margin_most * against.base
    )
    if too_wide and against.mean > -allowed:
        return Check(
            "not_worse",
            "ask",
            f"{said}: these users cannot show a loss of {bounds.margin_most:.0%}",
        )
    return Check(
        "not_worse",
        "hold",
        f"{said}: worse" if against.high < 0 else f"{said}: may be worse by more than the margin",
    )


def check_coverage(case: Case, policy: Policy) -> Check:
    """A model shows more of the catalogue than the same list for everybody does."""
    own, popular = (case.overall[model]["coverage_50"] for model in ("challenger", "popularity"))
    assert own is not None and popular is not None, "any lists have a coverage"
    least = policy.coverage_of_popularity_least * popular
    return check(
        "coverage.popularity",
        own >= least,
        f"coverage@50 {own:.3f}, at least {least:.3f} ({policy.coverage_of_popularity_least:g} "
        f"× popularity's)",
    )


def metric_title(metric: str) -> str:
    """`recall_50_tail` as people write it."""
    return (
        metric.replace("_50", "@50").replace("_10", "@10").replace("_20", "@20").replace("_", " ")
    )


def difference_sentence(metric: str, against: Difference, whose: str) -> str:
    """Both means and the interval of the difference, as a part of a sentence."""
    chance = "" if against.p is None else f", p {against.p:.2g}"
    return (
        f"{metric_title(metric)} {against.base + against.mean:.4f} against {whose}'s "
        f"{against.base:.4f}, "
        f"difference {against.mean:+.4f} [{against.low:+.4f}, {against.high:+.4f}]{chance}"
    )
