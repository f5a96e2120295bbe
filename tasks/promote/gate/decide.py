"""The decision of the gate: a pure function from a case and a policy to a verdict.

The outcome is `hold` when a check asks for it, else `ask` when one does, else `promote`. With too
few users the statistical checks say little: then only faults hold, and the rest is `ask`. A
challenger that is the champion already (a day that is run again) is `promote`: no alias will move,
and the tasks after a promotion can finish.

A challenger made of other families' champions must be better than the best of them alone, and as a
refresh not worse. Without a champion to compare with, that member is compared with instead, and the
guards look at the mean of the members.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.promote.gate import checks
from tasks.promote.gate.bootstrap import Difference, paired_differences
from tasks.promote.gate.case import Case
from tasks.promote.gate.checks import Check
from tasks.promote.gate.guards import MEMBERS, check_guard
from tasks.promote.gate.policy import Policy

QUESTION_TITLES = {"first": "first model", "refresh": "refresh", "change": "change"}


def decide(case: Case, policy: Policy, taken_down: str | None = None) -> dict:
    """The verdict on a challenger.

    For the rules see the module.

    Args:
        taken_down: the reason of a person who took this candidate down or refused it, if one did.

    Returns:
        outcome, question, reason (one sentence), reasons (sentences, those that decided first),
        checks, users, margin, difference (metric → mean, low, high, relative, p, detectable, …) to
        `difference_to`, baselines and members (the same of the metric that decides), best_member,
        slices (the same of each slice of users), metrics, seeds, policy.

    Raises:
        BadRequest: a metric or slice of the policy was not measured.
    """
    _check_measured(case, policy)
    best_member, stale = case.best_member(policy.metric), (case.champion or {}).get("stale")
    comparable = case.champion and not case.same and not stale
    other = "champion" if comparable else best_member or "popularity"
    difference = _difference_to(case, policy, other)
    comparisons = _comparisons(case, policy, other)
    rival = None if other == "popularity" else difference
    results = _checks(case, policy, rival, other, comparisons, best_member)
    if stale and not case.same:
        results.append(Check("stale", "ok", f"the champion is not compared with: {stale}"))
    if taken_down:
        results.insert(0, _check_taken_down(taken_down))
    return {
        **_outcome_and_reasons(case, results),
        "margin": _margin(case, policy, rival),
        **_differences(difference, other, comparisons),
        "best_member": best_member,
        "partial": case.partial,
        "metrics": {"champion": None, **case.overall},
        "seeds": case.seeds,
        "policy": dataclasses.asdict(policy),
    }


def _margin(case: Case, policy: Policy, rival: dict[str, Difference] | None) -> float | None:
    """The loss that a refresh may hide, in units of the metric; None for another question."""
    if not rival or case.question != "refresh":
        return None
    return checks.refresh_margin(rival[policy.metric], policy)


def _difference_to(case: Case, policy: Policy, other: str) -> dict[str, Difference]:
    """Metric → difference to another model, of every metric; those of the policy have a p value."""
    return paired_differences(
        case.per_user["challenger"],
        case.per_user[other],
        policy.confidence,
        policy.resamples,
        policy.seed,
        (policy.metric, *policy.tested),
    )


def _differences(
    difference: dict[str, Difference],
    other: str,
    comparisons: dict[tuple[str, str], Difference],
) -> dict:
    """The differences as parts of the verdict."""
    document = {
        "difference": {metric: against.document() for metric, against in difference.items()},
        "difference_to": other,
    }
    for wanted in ("baselines", "members", "slices"):
        document[wanted] = {
            name: against.document()
            for (kind, name), against in comparisons.items()
            if kind == wanted
        }
    return document


def _check_taken_down(reason: str) -> Check:
    return Check("taken_down", "hold", f"a person decided against this candidate: {reason}")


def _outcome_and_reasons(case: Case, results: list[Check]) -> dict:
    outcome = _outcome(case, results)
    by_weight = sorted(results, key=lambda check: _weight(check, outcome))
    reasons = [check.sentence for check in by_weight]
    if case.same:
        reasons.insert(0, "this candidate is the champion already: nothing moves")
    return {
        "outcome": outcome,
        "question": case.question,
        "reason": f"{QUESTION_TITLES[case.question]}: {reasons[0]}",
        "reasons": reasons,
        "checks": [dataclasses.asdict(check) for check in results],
        "users": case.users,
        "users_in_all": case.users_in_all or case.users,
    }


def _check_measured(case: Case, policy: Policy) -> None:
    """Check that every metric and baseline of the policy was measured."""
    known = case.per_user["challenger"]
    for name in (policy.metric, *policy.tested):
        if name not in known or not np.isfinite(known[name]).all():
            raise BadRequest(
                "the policy names a metric that was not measured for every user",
                got=name,
                allowed=f"one of {', '.join(known)}",
            )
    for rule in policy.floors:
        if rule.baseline not in case.per_user:
            raise BadRequest(
                "the policy has a floor at a baseline that was not measured",
                got=rule.baseline,
                allowed=f"one of {', '.join(case.per_user)}",
            )


def _comparisons(case: Case, policy: Policy, other: str) -> dict[tuple[str, str], Difference]:
    """(kind, name) → difference in the metric that decides.

    The kinds are members, baselines, floors (a share of a baseline) and slices (`other` among the
    users of a slice that has enough of them).
    """
    figures = {model: metrics[policy.metric] for model, metrics in case.per_user.items()}
    against = {
        ("members" if model in case.members else "baselines", model): values
        for model, values in figures.items()
        if model not in ("challenger", "champion")
    }
    against |= {
        ("floors", rule.baseline): rule.share * figures[rule.baseline] for rule in policy.floors
    }
    against |= {
        ("slices", name): np.where(chosen, figures[other], np.nan)
        for name, chosen in case.slices.items()
        if chosen.sum() >= policy.slice_users_least
    }
    return paired_differences(
        dict.fromkeys(against, figures["challenger"]),
        against,
        policy.confidence,
        policy.resamples,
        policy.seed,
    )


def _checks(
    case: Case,
    policy: Policy,
    rival: dict[str, Difference] | None,
    other: str,
    comparisons: dict[tuple[str, str], Difference],
    best_member: str | None,
) -> list[Check]:
    """Every check of the policy.

    Args:
        rival: the differences to `other`, the champion or the best member; None when `other` is a
            baseline.
    """
    metric = policy.metric
    results = [*checks.check_health(case, policy), checks.check_users(case, policy)]
    if rival and other == "champion":
        results += checks.check_comparison(case, policy)
        results.append(checks.check_difference(rival[metric], case.question, policy))
    if best_member:
        results.append(
            checks.check_difference(
                comparisons[("members", best_member)],
                case.question,
                policy,
                best_member,
                "best_member.",
            )
        )
    results += [
        checks.check_floor(comparisons[("floors", rule.baseline)], rule, policy, case)
        for rule in policy.floors
    ]
    results.append(checks.check_coverage(case, policy))
    if rival:
        guarded, better = other if other == "champion" else MEMBERS, rival[metric].low > 0
        results += [
            check_guard(case, rule, policy, better, guarded)
            for rule in policy.guards
            if rule.against == "champion"
        ]
    results += [
        check_guard(case, rule, policy, False, rule.against)
        for rule in policy.guards
        if rule.against != "champion"
    ]
    return results


def _outcome(case: Case, results: list[Check]) -> str:
    if case.same:
        return "promote"
    says = {check.name: check.says for check in results if check.says != "ok"}
    if any(
        says[name] == "hold" and (name == "taken_down" or name.startswith("health."))
        for name in says
    ):
        return "hold"
    if "users" in says:
        return "ask"
    return "hold" if "hold" in says.values() else "ask" if says else "promote"


def _weight(check: Check, outcome: str) -> int:
    """Sort key: the checks that decided first, then the main comparison, then the rest."""
    if outcome != "promote" and check.says == outcome:
        return 0
    if check.says != "ok":
        return 1
    return {
        "not_worse": 2,
        "better": 2,
        "best_member.not_worse": 3,
        "best_member.better": 3,
        "floor.popularity": 4,
    }.get(check.name, 5)
