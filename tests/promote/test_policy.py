"""The error rates of the policy: how often equal models are held back, and worse or unproven ones
let through.
"""

from __future__ import annotations

import itertools
from statistics import NormalDist

import numpy as np
import pytest

from tasks.promote.gate.bootstrap import (
    Difference,
    holm_correction,
    paired_differences,
    permutation_test,
)
from tasks.promote.gate.checks import check_better, check_not_worse, refresh_margin
from tasks.promote.gate.policy import Policy

POLICY = Policy(resamples=1_000)


def pair(
    users: int,
    loss: float,
    random: np.random.Generator,
    labels: int = 3,
    base: float = 0.44,
    flips: float = 0.15,
):
    """Per-user recall of two models that agree on most labels: a share `flips` of them is drawn
    anew; `loss` is relative.

    With three labels a user and a mean of .44 the difference has a standard deviation of about .16
    a user, as two seeds of one recipe on MovieLens 100K.
    """
    easy = random.beta(2, 2 * (1 - base) / base, users)[:, None]
    champion = random.random((users, labels)) < easy
    anew = random.random((users, labels)) < easy * (1 - loss / flips)
    challenger = np.where(random.random((users, labels)) < flips, anew, champion)
    return {"recall_50": challenger.mean(axis=1)}, {"recall_50": champion.mean(axis=1)}


def rate(check, users: int, loss: float, trials: int = 500) -> float:
    """The share of challengers that pass; the trials share the resamples of users, as metrics of
    one verdict do.
    """
    random = np.random.default_rng(users)
    challengers, champions = ({}, {})
    for trial in range(trials):
        one, other = pair(users, loss, random)
        challengers[trial], champions[trial] = one["recall_50"], other["recall_50"]
    found = paired_differences(challengers, champions, POLICY.confidence, POLICY.resamples, 0)
    return float(np.mean([check(against).says == "ok" for against in found.values()]))


def refresh(against: Difference):
    return check_not_worse(against, "recall_50", POLICY)


def change(against: Difference):
    return check_better(against, "recall_50")


@pytest.mark.parametrize("users", [600, 940, 6_000])
def test_equal_refreshes_pass_nine_times_in_ten(users):
    assert rate(refresh, users, 0.0) >= 0.9


@pytest.mark.parametrize("users", [600, 940, 6_000])
def test_a_refresh_that_loses_a_tenth_is_held(users):
    """Twice the margin at 600 users, and more with more users."""
    assert rate(refresh, users, 0.10) <= 0.001


@pytest.mark.parametrize("users, loss", [(600, 0.046), (940, 0.037), (6_000, 0.015)])
def test_a_refresh_that_loses_the_margin_rarely_passes(users, loss):
    """The margin that these users can show, to the thousandth: 3.5 standard errors; one in 40
    passes.
    """
    assert rate(refresh, users, loss) <= 0.05


@pytest.mark.parametrize("users", [600, 940, 6_000])
def test_equal_changes_are_rarely_promoted(users):
    assert rate(change, users, 0.0) <= 0.05


def test_a_change_that_gains_a_tenth_is_found():
    assert rate(change, 940, -0.10) >= 0.95


def test_the_margin_is_what_the_users_can_show_within_its_bounds():
    def allowed(error: float) -> float:
        return refresh_margin(
            Difference(0, -2 * error, 2 * error, error, 0.4, 600, 2.8 * error), POLICY
        )

    assert allowed(0.003) == pytest.approx(3.5 * 0.003)
    assert allowed(0.0001) == pytest.approx(0.01 * 0.4)  # never asked to be smaller
    assert allowed(0.1) == pytest.approx(0.10 * 0.4)  # never allowed to be larger


def test_users_who_cannot_show_a_loss_are_not_enough_to_decide():
    """604 users with a difference as wide as ±13 %: neither worse nor not worse."""
    assert refresh(Difference(-0.002, -0.052, 0.048, 0.026, 0.4, 604, 0.07)).says == "ask"
    assert refresh(Difference(-0.06, -0.11, -0.01, 0.026, 0.4, 604, 0.07)).says == "hold"


def test_the_interval_is_that_of_the_mean_of_independent_users():
    """Against the normal approximation, which holds for 2,000 users; the same seed gives the same
    interval.
    """
    random = np.random.default_rng(0)
    one, other = {"m": random.normal(0.1, 1, 2_000)}, {"m": np.zeros(2_000)}
    found = paired_differences(one, other, 0.95, 10_000, 7)["m"]
    assert found.mean == pytest.approx(one["m"].mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * found.standard_error, rel=0.03)
    assert (
        found
        == paired_differences(one, other, 0.95, 10_000, 7)["m"]
        != paired_differences(one, other, 0.95, 10_000, 8)["m"]
    )


def test_pairing_is_by_user():
    """Two models that differ by the same amount for everybody: no doubt is left, however much users
    differ.
    """
    other = np.random.default_rng(0).normal(0, 5, 100)
    found = paired_differences({"m": other + 0.01}, {"m": other}, 0.95, 1_000, 0)["m"]
    assert (found.low, found.high) == pytest.approx((0.01, 0.01))


def test_a_metric_that_some_users_lack_is_compared_over_the_others():
    """The same as leaving these users out; a metric that nobody has is left out."""
    random = np.random.default_rng(0)
    one, other, hole = random.random(400), random.random(400), np.full(400, np.nan)
    some = np.where(random.random(400) < 0.5, one, np.nan)
    found = paired_differences(
        {"all": one, "some": some, "none": hole},
        {"all": other, "some": other, "none": other},
        0.95,
        4_000,
        0,
    )
    there = ~np.isnan(some)
    alone = paired_differences({"m": one[there]}, {"m": other[there]}, 0.95, 4_000, 1)["m"]
    assert (
        set(found) == {"all", "some"}
        and found["some"].users == there.sum()
        and found["all"].users == 400
    )
    assert found["some"].mean == pytest.approx(alone.mean) and found["some"].base == pytest.approx(
        alone.base
    )
    assert (found["some"].low, found["some"].high) == pytest.approx(
        (alone.low, alone.high), abs=0.1 * (alone.high - alone.low)
    )


def test_p_is_that_of_every_assignment_of_signs():
    """Eight users: all 256 assignments by hand; and of a t test for many."""
    differences = np.array([0.3, -0.1, 0.25, 0.4, 0.05, 0.2, -0.02, 0.1])
    signs = np.array(list(itertools.product([-1, 1], repeat=8)))
    exact = np.mean(np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12)
    assert permutation_test(differences[:, None], 100_000, 0)[0] == pytest.approx(exact, abs=0.003)
    many = np.random.default_rng(3).normal(0.05, 1, 2_000)
    t = many.mean() / (many.std(ddof=1) / np.sqrt(2_000))
    assert permutation_test(many[:, None], 20_000, 0)[0] == pytest.approx(
        2 * (1 - NormalDist().cdf(abs(t))), abs=0.005
    )
    assert permutation_test(np.zeros((10, 1)), 1_000, 0)[0] == 1


def test_holm_corrects_as_its_paper_says():
    assert holm_correction({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "c": 0.06, "b": 0.06}
    )
    assert (
        holm_correction({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0} and holm_correction({}) == {}
    )


def test_what_could_be_shown_is_found_four_times_in_five():
    random, nothing = np.random.default_rng(0), np.zeros(500)
    gain = paired_differences({"m": random.normal(0, 1, 500)}, {"m": nothing}, 0.95, 1_000, 0)[
        "m"
    ].detectable
    found = paired_differences(
        {trial: random.normal(gain, 1, 500) for trial in range(300)},
        dict.fromkeys(range(300), nothing),
        0.95,
        1_000,
        0,
    )
    assert np.mean([one.low > 0 for one in found.values()]) == pytest.approx(0.8, abs=0.07)
