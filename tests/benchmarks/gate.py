"""Equal, better and worse models before the gate, and how often each gets through: `make
drill-gate`. One JSON line last.

Five trainings of item2vec that differ by their seed, on MovieLens 100K, are judged; their ten pairs
are the real ones. From a pair's per-user figures, pairs of equal models are drawn for any number of
users: users with replacement, and for each user it is tossed which of the two models is the
challenger, so that no difference is left but chance. A gain of g turns each label that was missed
into a hit with probability g · mean / (1 − mean); a loss of g turns each hit into a miss with
probability g.

The rates of equal pairs come from the whole verdict (floors, guards, slices, health) under the
shipped policy of item2vec; power and planted losses at 60,000 users come from its deciding check.
Resamples are 1,000 instead of the policy's 10,000.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import sys
import time

import numpy as np

from infra.environments.names import state
from tasks.core.store.store import Store
from tasks.promote.gate import checks
from tasks.promote.gate.bootstrap import paired_differences
from tasks.promote.gate.case import Case, read_case
from tasks.promote.gate.decide import decide
from tasks.promote.gate.policy import Policy, read_policy
from tests.benchmarks import quality
from tests.benchmarks.stages import ask

SEEDS, PAIRS, LABELS = 5, 200, 3
GAINS, SIZES = (0.01, 0.02, 0.05, 0.10), (600, 6_000, 60_000)
FAMILY, SETTINGS = (
    "item2vec",
    {"trainer": "gensim", "epochs": 20, "patience": 20},
)  # a closed form has no seed to speak of


def trained() -> list[Case]:
    """The ten pairs, each as a case: one seed challenges another."""
    protocol = dict(quality.recipe("p1-time", FAMILY, "default")[1])
    folder = state() / "drill"
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(str(folder))
    snapshot = ask(
        "ingest",
        "snapshot",
        {
            "store": folder.as_uri(),
            "dataset": "drill",
            "location": quality.data(protocol.pop("data")).as_uri(),
            "day": quality.LAST_DAY,
            **protocol,
        },
    )
    models = [
        quality.fit(FAMILY, folder.as_uri(), snapshot, SETTINGS, seed)["uri"]
        for seed in range(SEEDS)
    ]
    cases = []
    for one, other in itertools.combinations(models, 2):
        done = ask(
            "evaluate",
            "judge",
            {
                "store": folder.as_uri(),
                "candidate": one,
                "champion": other,
                "snapshot": snapshot["uri"],
                "track": False,
            },
        )
        evaluation = store.open(done["uri"], "evaluation")
        cases.append(read_case(evaluation, store.open(evaluation.facts["yardstick"], "yardstick")))
    return cases


def as_change(case: Case) -> Case:
    """The same pair, as if a setting differed."""
    return dataclasses.replace(case, challenger={**case.challenger, "settings_digest": "other"})


def equal(case: Case, users: int, random: np.random.Generator) -> Case:
    """A pair of equal models over so many users, drawn from a real pair."""
    drawn, swapped = random.integers(0, case.users, users), random.random(users) < 0.5
    per_user = {
        model: {name: values[drawn] for name, values in metrics.items()}
        for model, metrics in case.per_user.items()
    }
    own, other = per_user["challenger"], per_user["champion"]
    for name in own:
        own[name], other[name] = (
            np.where(swapped, other[name], own[name]),
            np.where(swapped, own[name], other[name]),
        )
    overall = {model: dict(case.overall[model]) for model in case.overall}
    overall["champion"] |= {
        name: overall["challenger"][name] for name in ("coverage_10", "coverage_50")
    }
    return dataclasses.replace(
        case,
        per_user=per_user,
        overall=overall,
        slices={name: chosen[drawn] for name, chosen in case.slices.items()},
    )


def changed(values: np.ndarray, gain: float, random: np.random.Generator) -> np.ndarray:
    """Per-user recall over three labels after a relative gain, or a loss when it is negative."""
    hits = np.rint(values * LABELS).astype(np.int64)
    if gain < 0:
        return (hits - random.binomial(hits, -gain)) / LABELS
    mean = values.mean()
    return (hits + random.binomial(LABELS - hits, gain * mean / (1 - mean))) / LABELS


def shares(
    check, cases: list[Case], users: int, gain, policy: Policy, random: np.random.Generator
) -> float:
    """The share of pairs that pass the deciding check; `gain` may be a function of the pair's own
    difference.
    """
    own, other = {}, {}
    for number in range(PAIRS):
        pair = equal(cases[number % len(cases)], users, random).per_user
        base = {model: pair[model][policy.metric] for model in ("challenger", "champion")}
        planted = gain(base) if callable(gain) else gain
        own[number], other[number] = changed(base["challenger"], planted, random), base["champion"]
    found = paired_differences(own, other, policy.confidence, policy.resamples, policy.seed)
    return float(np.mean([check(one).says == "ok" for one in found.values()]))


def interval(passed: int, of: int) -> list[float]:
    """95 % interval of a share (Wilson 1927)."""
    z, p = 1.96, passed / of
    middle, half = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return [round((middle + sign * half) / (1 + z * z / of), 4) for sign in (-1, 1)]


def main() -> int:
    begun = time.monotonic()
    policy = dataclasses.replace(read_policy(FAMILY)[0], resamples=1_000)
    cases, random = trained(), np.random.default_rng(0)
    real = {
        kind: sum(decide(of(case), policy)["outcome"] == "promote" for case in cases)
        for kind, of in (("change", as_change), ("refresh", lambda case: case))
    }
    print(f"real pairs: {real} of {len(cases)} promoted", file=sys.stderr, flush=True)

    def whole(users: int, of) -> tuple[float, list[float]]:
        passed = sum(
            decide(of(equal(cases[n % len(cases)], users, random)), policy)["outcome"] == "promote"
            for n in range(PAIRS)
        )
        return passed / PAIRS, interval(passed, PAIRS)

    aa, refresh = {}, {}
    for users in SIZES[:2]:
        aa[users], refresh[users] = whole(users, as_change), whole(users, lambda case: case)
        print(
            f"{users} users: equal changes {aa[users]}, equal refreshes {refresh[users]}",
            file=sys.stderr,
            flush=True,
        )

    def twice_the_margin(base: dict) -> float:
        one = paired_differences(
            {"m": base["challenger"]}, {"m": base["champion"]}, policy.confidence, 2, 0
        )["m"]
        return -2 * checks.refresh_margin(one, policy) / one.base

    power = {
        f"{gain:.0%}": {
            users: shares(
                lambda one: checks.check_better(one, policy.metric),
                cases,
                users,
                gain,
                policy,
                random,
            )
            for users in SIZES
        }
        for gain in GAINS
    }
    bad = {
        users: shares(
            lambda one: checks.check_not_worse(one, policy.metric, policy),
            cases,
            users,
            twice_the_margin,
            policy,
            random,
        )
        for users in SIZES
    }
    print(
        json.dumps(
            {
                "aa_promoted": aa[6_000][0],
                "aa_interval": aa[6_000][1],
                "aa_promoted_600": aa[600][0],
                "pairs": PAIRS,
                "real_pairs": len(cases),
                "real_aa_promoted": real["change"] / len(cases),
                "power": power,
                "refresh_aa_promoted": refresh[6_000][0],
                "refresh_aa_interval": refresh[6_000][1],
                "refresh_aa_promoted_600": refresh[600][0],
                "real_refresh_promoted": real["refresh"] / len(cases),
                "refresh_bad_promoted": max(bad.values()),
                "refresh_bad_by_users": bad,
                "seconds": round(time.monotonic() - begun, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
