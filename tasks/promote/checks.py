"""The checks of the gate: each looks at one thing and says, in a sentence with its figures, whether it is as the policy wants."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tasks.promote.bootstrap import Difference
from tasks.promote.case import Case
from tasks.promote.settings import Policy


@dataclasses.dataclass(frozen=True)
class Check:
    """One check: `hold` or `ask` is what it asks for when it does not pass; `ok` when it does."""

    name: str
    says: str
    sentence: str


def health(case: Case, policy: Policy) -> Iterator[Check]:
    """What only a fault leaves."""
    share = case.health
    for name, most, what in (
            ("not_finite", 0.0, "of the vectors are not finite"), ("zero", 0.0, "of the vectors are all zero"),
            ("duplicate", policy.duplicate_most, "of the vectors repeat another one"),
            ("queries_not_finite", 0.0, "of the users get a query that is not finite"),
            ("silent", policy.silent_most, "of the users with a history get no list")):
        yield _check(f"health.{name}", share[name] <= most, f"{share[name]:.1%} {what}, at most {most:.1%} may")
    yield _check("health.items_known", share["items_known"] >= policy.items_known_least,
                 f"the model knows {share['items_known']:.1%} of the items, at least {policy.items_known_least:.1%} are wanted")


def users(case: Case, policy: Policy) -> Check:
    """Enough users to decide anything."""
    return _check("users", case.users >= policy.users_least,
                  f"{case.users} users were judged, at least {policy.users_least} are wanted",
                  otherwise="ask")


def floor(against: Difference, metric: str) -> Check:
    """Better than popularity, whatever else."""
    return _check("floor.popularity", against.low > 0,
                  f"{_told(metric, against, 'popularity')}: {'better' if against.low > 0 else 'not better'}")


def better(against: Difference, metric: str) -> Check:
    """A change: the interval of the difference lies above 0."""
    return _check("better", against.low > 0, f"{_told(metric, against, 'the champion')}: "
                  + ("better" if against.low > 0 else "worse" if against.high < 0
                     else "not shown to be better, as a change must be"))


def margin(against: Difference, policy: Policy) -> float:
    """The loss a refresh may hide, in units of the metric: see `Policy`."""
    wanted = policy.margin_standard_errors * against.standard_error
    return min(max(wanted, policy.margin_least * against.base), policy.margin_most * against.base)


def not_worse(against: Difference, metric: str, policy: Policy) -> Check:
    """A refresh: the interval of the difference lies above −margin."""
    allowed = margin(against, policy)
    told = f"{_told(metric, against, 'the champion')}, margin {allowed:.4f}"
    if against.low > -allowed or (against.low == against.mean == 0):
        return Check("not_worse", "ok", f"{told}: not worse")
    too_wide = policy.margin_standard_errors * against.standard_error > policy.margin_most * against.base
    if too_wide and against.mean > -allowed:
        return Check("not_worse", "ask", f"{told}: these users cannot show a loss of {policy.margin_most:.0%}")
    return Check("not_worse", "hold", f"{told}: worse" if against.high < 0 else f"{told}: may be worse by more than the margin")


def coverage(case: Case, policy: Policy, against: Difference | None) -> Iterator[Check]:
    """What is shown of the catalogue does not collapse. `against`: the champion on the metric that decides, None without one.

    A challenger shown to be better that shows less of the catalogue is a trade for a person to weigh: a diffuse champion
    must not block a better model for ever.
    """
    own, popular = (case.overall[model]["coverage_50"] for model in ("challenger", "popularity"))
    least = policy.coverage_of_popularity_least * popular
    yield _check("coverage.popularity", own >= least,
                 f"coverage@50 {own:.3f}, at least {least:.3f} ({policy.coverage_of_popularity_least:g} × popularity's)")
    if against is not None:
        least = case.overall["champion"]["coverage_50"] - policy.coverage_loss_most
        yield _check("coverage.champion", own >= least,
                     f"coverage@50 {own:.3f}, at least {least:.3f} (the champion's − {policy.coverage_loss_most:g})",
                     otherwise="ask" if against.low > 0 else "hold")


def _check(name: str, passed: bool, sentence: str, otherwise: str = "hold") -> Check:
    return Check(name, "ok" if passed else otherwise, sentence)


def _told(metric: str, against: Difference, other: str) -> str:
    name = metric.replace("_", "@", 1).replace("_", " ")
    return (f"{name} {against.base + against.mean:.4f} against {other}'s {against.base:.4f}, "
            f"difference {against.mean:+.4f} [{against.low:+.4f}, {against.high:+.4f}]")
