"""The decision: a pure function from a case and a policy to a document that holds every figure that
led to it.
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


def decide(case: Case, policy: Policy, taken_down: str | None = None) -> dict:
    """The verdict. `taken_down` is the reason for which a person took this very candidate down or
    refused it, if one did.

    The outcome is `hold` when a check asks for it, else `ask` when one does, else `promote`. With
    too few users the statistical checks say little: then only faults hold, and the rest is `ask`. A
    challenger that is the champion already (a day that is run again) is `promote`: nothing will
    move, and what follows a promotion can finish.

    A challenger made of other families' champions has to do better than the best of them alone, and
    as a refresh no worse; where it has no champion of its own that can be compared with, that one
    takes its place, and the guards look at the mean of the members.

    Returns:
        outcome, question, reason (one sentence), reasons (sentences, those that decided first),
        checks, users, margin, difference (metric → mean, low, high, relative, p, detectable, …) to
        `difference_to`, baselines and members (the same of the metric that decides), best_member,
        slices (the same of each slice of users), metrics, seeds, policy.

    Raises:
        BadRequest: a metric or slice of the policy was not measured.
    """
    _measured(case, policy)
    best, stale = case.best_member(policy.metric), (case.champion or {}).get("stale")
    other = "champion" if case.champion and not case.same and not stale else best or "popularity"
    difference = paired_differences(
        case.per_user["challenger"],
        case.per_user[other],
        policy.confidence,
        policy.resamples,
        policy.seed,
        (policy.metric, *policy.tested),
    )
    beside = _beside(case, policy, other)
    made = _checks(case, policy, None if other == "popularity" else difference, other, beside, best)
    if stale and not case.same:
        made.append(Check("stale", "ok", f"the champion is not compared with: {stale}"))
    if taken_down:
        made.insert(
            0, Check("taken_down", "hold", f"a person decided against this candidate: {taken_down}")
        )
    outcome = _outcome(case, made)
    reasons = [check.sentence for check in sorted(made, key=lambda check: _weight(check, outcome))]
    if case.same:
        reasons.insert(0, "this candidate is the champion already: nothing moves")
    return {
        "outcome": outcome,
        "question": case.question,
        "reason": f"{_asked(case)}: {reasons[0]}",
        "reasons": reasons,
        "checks": [dataclasses.asdict(check) for check in made],
        "users": case.users,
        "users_in_all": case.users_in_all or case.users,
        "margin": checks.refresh_margin(difference[policy.metric], policy)
        if other != "popularity" and case.question == "refresh"
        else None,
        "difference": {name: one.document() for name, one in difference.items()},
        "difference_to": other,
        **{
            kind: {name: one.document() for (of, name), one in beside.items() if of == kind}
            for kind in ("baselines", "members", "slices")
        },
        "best_member": best,
        "partial": case.partial,
        "metrics": {"champion": None, **case.overall},
        "seeds": case.seeds,
        "policy": dataclasses.asdict(policy),
    }


def _measured(case: Case, policy: Policy) -> None:
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


def _beside(case: Case, policy: Policy, other: str) -> dict[tuple[str, str], Difference]:
    """The difference in the metric that decides: to each baseline, to each floor, and to `other` in
    each slice of enough users.
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
    beside: dict[tuple[str, str], Difference],
    best: str | None,
) -> list[Check]:
    """`rival`: the differences to `other`, the champion or the best member; None where there is
    neither.
    """
    metric = policy.metric
    made = [*checks.check_health(case, policy), checks.check_users(case, policy)]
    if rival and other == "champion":
        made += checks.check_comparison(case, policy)
        made.append(checks.check_difference(rival[metric], case.question, policy))
    if best:
        made.append(
            checks.check_difference(
                beside[("members", best)], case.question, policy, best, "best_member."
            )
        )
    made += [
        checks.check_floor(beside[("floors", rule.baseline)], rule, policy, case)
        for rule in policy.floors
    ]
    made.append(checks.check_coverage(case, policy))
    if rival:
        made += [
            check_guard(
                case, rule, policy, rival[metric].low > 0, other if other == "champion" else MEMBERS
            )
            for rule in policy.guards
        ]
    return made


def _outcome(case: Case, made: list[Check]) -> str:
    if case.same:
        return "promote"
    says = {check.name: check.says for check in made if check.says != "ok"}
    if any(
        says[name] == "hold" and (name == "taken_down" or name.startswith("health."))
        for name in says
    ):
        return "hold"
    if "users" in says:
        return "ask"
    return "hold" if "hold" in says.values() else "ask" if says else "promote"


def _weight(check: Check, outcome: str) -> int:
    """Those that decided first, then the main comparison, then the rest."""
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


def _asked(case: Case) -> str:
    return {"first": "first model", "refresh": "refresh", "change": "change"}[case.question]
