"""The checks of the gate, each of one bound of the policy, with a sentence of its figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tasks.promote.gate.bootstrap import Difference
from tasks.promote.gate.case import Case
from tasks.promote.gate.policy import Floor, Policy


@dataclasses.dataclass(frozen=True)
class Check:
    """Result of a check: `ok`, or the outcome it asks for when it does not pass (`hold`, `ask`)."""

    name: str
    says: str
    sentence: str


def check(name: str, passed: bool, sentence: str, otherwise: str = "hold") -> Check:
    """The result of a check: `ok` when it passed, else `otherwise`."""
    return Check(name, "ok" if passed else otherwise, sentence)


def check_health(case: Case, policy: Policy) -> Iterator[Check]:
    """Check the vectors and queries for signs of a fault."""
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
    collapsed = "has not" if share["alike"] <= bounds.alike_most else "has"
    yield check(
        "health.alike",
        share["alike"] <= bounds.alike_most,
        f"two vectors have a cosine of {share['alike']:.3f} on average, at most "
        f"{bounds.alike_most:g} may be: the space {collapsed} collapsed",
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
    """Check that the champion knows today's items, and that a refresh left neighbours in place."""
    known = (case.champion or {}).get("items_known", 1.0)
    least = policy.health.champion_items_known_least
    yield check(
        "champion.items_known",
        known >= least,
        f"the champion knows {known:.1%} of today's items, at least {least:.1%} make a fair "
        "comparison",
        otherwise="ask",
    )
    kept = (case.challenger.get("stability") or {}).get("neighbours_10")
    least = policy.health.neighbours_least
    if kept is not None and case.question == "refresh":
        yield check(
            "stability",
            kept >= least,
            f"{kept:.1%} of an item's ten nearest are the champion's, a refresh leaves at "
            f"least {least:.1%}",
            otherwise="ask",
        )


def check_users(case: Case, policy: Policy) -> Check:
    """Check that enough users were judged to decide."""
    return check(
        "users",
        case.users >= policy.users_least,
        f"{case.users} users were judged, at least {policy.users_least} are wanted",
        otherwise="ask",
    )


def check_floor(against: Difference, rule: Floor, policy: Policy, case: Case) -> Check:
    """Check that the challenger beats a share of a baseline; `against`: the difference to it."""
    whose = rule.baseline if rule.share == 1 else f"{rule.share:g} × {rule.baseline}"
    part = f" ({rule.baseline} {part})" if (part := case.partial.get(rule.baseline)) else ""
    passed = against.low > 0
    return check(
        f"floor.{rule.baseline}",
        passed,
        f"{difference_sentence(policy.metric, against, whose)}{part}: "
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
    """Check that a refresh is not worse, and any other challenger better.

    Args:
        whose: whom the challenger is compared with, for the sentence.
        prefix: of the check's name.
    """
    result = (
        check_not_worse(against, policy.metric, policy, whose)
        if question == "refresh"
        else check_better(against, policy.metric, question, whose)
    )
    return dataclasses.replace(result, name=prefix + result.name)


def check_better(
    against: Difference, metric: str, question: str = "change", whose: str = "the champion"
) -> Check:
    """Check that the interval of the difference is above 0."""
    if against.low > 0:
        finding = "better"
    elif against.high < 0:
        finding = "worse"
    else:
        must = "as a change must be" if question == "change" else "as a first one must be"
        gain = f"these users show a gain of {against.detectable:.4f}"
        finding = f"not shown to be better, {must} ({gain})"
    sentence = f"{difference_sentence(metric, against, whose)}: {finding}"
    return check("better", against.low > 0, sentence)


def refresh_margin(against: Difference, policy: Policy) -> float:
    """The loss that a refresh may hide, in units of the metric; see `Refresh`."""
    wanted = policy.refresh.margin_standard_errors * against.standard_error
    return min(
        max(wanted, policy.refresh.margin_least * against.base),
        policy.refresh.margin_most * against.base,
    )


def check_not_worse(
    against: Difference, metric: str, policy: Policy, whose: str = "the champion"
) -> Check:
    """Check that the interval of the difference is above −margin."""
    allowed, bounds = refresh_margin(against, policy), policy.refresh
    figures = f"{difference_sentence(metric, against, whose)}, margin {allowed:.4f}"
    if against.low > -allowed or (against.low == against.mean == 0):
        return Check("not_worse", "ok", f"{figures}: not worse")
    too_wide = (
        bounds.margin_standard_errors * against.standard_error > bounds.margin_most * against.base
    )
    if too_wide and against.mean > -allowed:
        return Check(
            "not_worse",
            "ask",
            f"{figures}: these users cannot show a loss of {bounds.margin_most:.0%}",
        )
    finding = "worse" if against.high < 0 else "may be worse by more than the margin"
    return Check("not_worse", "hold", f"{figures}: {finding}")


def check_coverage(case: Case, policy: Policy) -> Check:
    """Check that the lists cover more of the catalogue than popularity's."""
    own, popular = (case.overall[model]["coverage_50"] for model in ("challenger", "popularity"))
    assert own is not None and popular is not None, "any lists have a coverage"
    least = policy.coverage_of_popularity_least * popular
    return check(
        "coverage.popularity",
        own >= least,
        f"coverage@50 {own:.3f}, at least {least:.3f} "
        f"({policy.coverage_of_popularity_least:g} × popularity's)",
    )


def metric_title(metric: str) -> str:
    """A metric as people write it: `recall@50 tail` for `recall_50_tail`."""
    return (
        metric.replace("_50", "@50").replace("_10", "@10").replace("_20", "@20").replace("_", " ")
    )


def difference_sentence(metric: str, against: Difference, whose: str) -> str:
    """Both means and the interval of the difference, as a part of a sentence."""
    chance = "" if against.p is None else f", p {against.p:.2g}"
    return (
        f"{metric_title(metric)} {against.base + against.mean:.4f} against {whose}'s "
        f"{against.base:.4f}, difference {against.mean:+.4f} "
        f"[{against.low:+.4f}, {against.high:+.4f}]{chance}"
    )
