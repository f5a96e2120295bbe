"""Guards: what may not be lost against the champion while the metric that decides rises."""

from __future__ import annotations

import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.promote.gate.case import Case
from tasks.promote.gate.checks import Check, check, metric_title
from tasks.promote.gate.policy import Guard, Policy

MAY_BE_EMPTY = ("new users", "short histories", "long histories")  # slices that a day need not have


MEMBERS = "its members"  # their mean, user by user


def check_guard(
    case: Case, rule: Guard, policy: Policy, shown_better: bool, other: str = "champion"
) -> Check:
    """One guard against the champion; of a first fusion against the mean of its members, which are
    served together until then. A loss is one when it exceeds both the policy's margin and what
    equal models differ by on these users.

    Raises:
        BadRequest: no such metric, or no such slice.
    """
    name = f"guard.{rule.metric}" + (f".{rule.users}" if rule.users else "")
    chosen = _chosen(case, rule)
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
    wide = f" (or {noise:.4f}, the noise of {users} users)" if noise > allowed else ""
    lost, whose = champion - own, "its members' mean" if other == MEMBERS else "the champion's"
    return check(
        name,
        lost <= max(allowed, noise) + 1e-12,
        f"{metric_title(rule.metric)}{f' of {rule.users}' if rule.users else ''} {own:.4f} against "
        f"{whose} {champion:.4f}, "
        f"{f'{lost:.4f} is lost' if lost > 0 else 'nothing is lost'} and {allowed:.4f} may "
        f"be{wide}",
        otherwise=rule.when_better if shown_better else "hold",
    )


def _allowed_loss(rule: Guard, champion: float) -> float:
    if rule.loss_most is not None:
        return rule.loss_most
    assert rule.share_least is not None, "a guard has one of the two bounds"
    return (1 - rule.share_least) * champion


def _chosen(case: Case, rule: Guard) -> np.ndarray | None:
    if rule.users is None:
        return None
    if rule.users in case.slices:
        return case.slices[rule.users]
    if rule.users in MAY_BE_EMPTY:
        return np.zeros(case.users, bool)
    raise BadRequest(
        f"the policy guards {rule.metric} of users who are not a slice",
        got=rule.users,
        allowed=f"one of {', '.join(sorted({*case.slices, *MAY_BE_EMPTY}))}",
    )


def _figures(
    case: Case, rule: Guard, chosen: np.ndarray | None, other: str
) -> tuple[float, float, float, int]:
    """The challenger's and the others' mean, the standard error of their difference, the users both
    have a value for.
    """
    models = case.members if other == MEMBERS else (other,)
    own = case.per_user["challenger"].get(rule.metric)
    others = [
        values for model in models if (values := case.per_user[model].get(rule.metric)) is not None
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
        raise BadRequest(
            "the policy guards a metric that was not measured",
            got=rule.metric,
            allowed=f"one of "
            f"{', '.join(sorted({*case.per_user['challenger'], *case.overall['challenger']}))}",
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
