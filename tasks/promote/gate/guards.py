"""Guards: metrics that may not fall against the champion while the deciding metric rises."""

from __future__ import annotations

import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.promote.gate.case import Case
from tasks.promote.gate.checks import Check, check, metric_title
from tasks.promote.gate.policy import Guard, Policy

# Slices that may be empty on a day
OPTIONAL_SLICES = ("new users", "short histories", "long histories")
MEMBERS = "its members"  # means the mean of the members, user by user
WHOSE = {MEMBERS: "its members' mean", "champion": "the champion's"}


def check_guard(
    case: Case, rule: Guard, policy: Policy, shown_better: bool, other: str = "champion"
) -> Check:
    """Check one guard against the champion, or against the mean of the members of a first fusion.

    Those members are served together until the fusion is live. A difference counts as a loss when
    it exceeds both the policy's margin and the noise between equal models on these users.

    Args:
        shown_better: the challenger is better in the metric that decides.
        other: `champion`, `MEMBERS`, or a baseline.

    Raises:
        BadRequest: no such metric, or no such slice.
    """
    kind = "guard" if rule.against == "champion" else "floor"
    name = f"{kind}.{rule.metric}" + (f".{rule.users}" if rule.users else "")
    chosen = _users_of(case, rule)
    if chosen is not None and chosen.sum() < policy.slice_users_least:
        return Check(
            name,
            "ok",
            f"{metric_title(rule.metric)} of {rule.users}: {int(chosen.sum())} users cannot tell, "
            f"{policy.slice_users_least} are wanted",
        )
    own, champion, error, users = _figures(case, rule, chosen, other)
    allowed = _allowed_loss(rule, champion)
    noise = policy.noise_standard_errors * error
    of_users = f" of {rule.users}" if rule.users else ""
    whose = WHOSE.get(other, f"{other}'s")
    lost = champion - own
    loss = f"{lost:.4f} is lost" if lost > 0 else "nothing is lost"
    or_noise = f" (or {noise:.4f}, the noise of {users} users)" if noise > allowed else ""
    return check(
        name,
        lost <= max(allowed, noise) + 1e-12,
        f"{metric_title(rule.metric)}{of_users} {own:.4f} against {whose} {champion:.4f}, {loss} "
        f"and {allowed:.4f} may be{or_noise}",
        otherwise=rule.when_better if shown_better else "hold",
    )


def _allowed_loss(rule: Guard, champion: float) -> float:
    """The loss that a guard allows, in units of the metric."""
    if rule.loss_most is not None:
        return rule.loss_most
    assert rule.share_least is not None, "a guard has one of the two bounds"
    return (1 - rule.share_least) * champion


def _users_of(case: Case, rule: Guard) -> np.ndarray | None:
    """bool (users): the slice of the guard; None: all users."""
    if rule.users is None:
        return None
    if rule.users in case.slices:
        return case.slices[rule.users]
    if rule.users in OPTIONAL_SLICES:
        return np.zeros(case.users, bool)
    raise BadRequest(
        f"the policy guards {rule.metric} of users who are not a slice",
        got=rule.users,
        allowed=f"one of {', '.join(sorted({*case.slices, *OPTIONAL_SLICES}))}",
    )


def _figures(
    case: Case, rule: Guard, chosen: np.ndarray | None, other: str
) -> tuple[float, float, float, int]:
    """The challenger's mean, the others', the standard error of their difference, users of both."""
    models = case.members if other == MEMBERS else (other,)
    own = case.per_user["challenger"].get(rule.metric)
    others = [
        values
        for model in models
        if (values := case.per_user.get(model, {}).get(rule.metric)) is not None
    ]
    overall = case.overall["challenger"].get(rule.metric)
    if own is None and chosen is None and overall is not None:
        return (
            overall,
            float(np.mean([case.overall[model][rule.metric] for model in models])),
            0.0,
            case.users,
        )
    champion = np.mean(others, axis=0) if len(others) == len(models) else None
    if own is None or champion is None:
        metrics = sorted({*case.per_user["challenger"], *case.overall["challenger"]})
        raise BadRequest(
            "the policy guards a metric that was not measured",
            got=rule.metric,
            allowed=f"one of {', '.join(metrics)}",
        )
    both = np.isfinite(own) & np.isfinite(champion) & (True if chosen is None else chosen)
    if both.sum() < 2:
        return 0.0, 0.0, 0.0, int(both.sum())
    difference = own[both] - champion[both]
    return (
        float(own[both].mean()),
        float(champion[both].mean()),
        float(difference.std(ddof=1) / np.sqrt(both.sum())),
        int(both.sum()),
    )
