"""The decision: a pure function from a case and a policy to a document that holds every figure that led to it."""

from __future__ import annotations

import dataclasses

from tasks.core.errors import BadRequest
from tasks.promote import checks
from tasks.promote.bootstrap import Difference, paired
from tasks.promote.case import Case
from tasks.promote.checks import Check
from tasks.promote.settings import Policy


def decide(case: Case, policy: Policy, taken_down: str | None = None) -> dict:
    """The verdict. `taken_down` is the reason for which a person took this very candidate down, if one did.

    The outcome is `hold` when a check asks for it, else `ask` when one does, else `promote`. With too few users the
    statistical checks say little: then only faults hold, and the rest is `ask`. A challenger that is the champion already
    (a day that is run again) is `promote`: nothing will move, and what follows a promotion can finish.

    Returns:
        outcome, question, reason (one sentence), reasons (sentences, those that decided first), checks, users, margin,
        difference and difference_to_popularity (metric → mean, low, high, relative, …), metrics, policy.

    Raises:
        BadRequest: the policy's metric was not measured for every user.
    """
    popular = _paired(case, "popularity", policy)
    champion = _paired(case, "champion", policy) if case.champion and not case.same else {}
    made = _checks(case, policy, popular, champion)
    if taken_down:
        made.insert(0, Check("taken_down", "hold", f"this candidate was live and was taken down: {taken_down}"))
    outcome = _outcome(case, made)
    reasons = [check.sentence for check in sorted(made, key=lambda check: _weight(check, outcome))]
    if case.same:
        reasons.insert(0, "this candidate is the champion already: nothing moves")
    return {
        "outcome": outcome, "question": case.question, "reason": f"{_asked(case)}: {reasons[0]}", "reasons": reasons,
        "checks": [dataclasses.asdict(check) for check in made], "users": case.users,
        "margin": checks.margin(champion[policy.metric], policy) if champion and case.question == "refresh" else None,
        "difference": {name: one.document() for name, one in (champion or popular).items()},
        "difference_to": "champion" if champion else "popularity",
        "difference_to_popularity": {name: one.document() for name, one in popular.items()},
        "metrics": {"champion": None, **case.overall}, "policy": dataclasses.asdict(policy)}


def _paired(case: Case, other: str, policy: Policy) -> dict[str, Difference]:
    found = paired(case.per_user["challenger"], case.per_user[other], policy.confidence, policy.resamples, policy.seed)
    if policy.metric not in found:
        raise BadRequest("policy.metric was not measured for every user", got=policy.metric, allowed=f"one of {', '.join(found)}")
    return found


def _checks(case: Case, policy: Policy, popular: dict[str, Difference], champion: dict[str, Difference]) -> list[Check]:
    metric = policy.metric
    made = [*checks.health(case, policy), checks.users(case, policy)]
    if champion and case.question == "refresh":
        made.append(checks.not_worse(champion[metric], metric, policy))
    elif champion:
        made.append(checks.better(champion[metric], metric))
    return [*made, checks.floor(popular[metric], metric), *checks.coverage(case, policy, champion.get(metric))]


def _outcome(case: Case, made: list[Check]) -> str:
    if case.same:
        return "promote"
    says = {check.name: check.says for check in made if check.says != "ok"}
    if any(name == "taken_down" or name.startswith("health.") for name in says):
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
    return {"not_worse": 2, "better": 2, "floor.popularity": 3}.get(check.name, 4)


def _asked(case: Case) -> str:
    return {"first": "first model", "refresh": "refresh", "change": "change"}[case.question]
