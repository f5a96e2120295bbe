"""What `promote` can be asked, and the policy of the gate."""

from __future__ import annotations

import dataclasses

from tasks.core.errors import BadRequest
from tasks.core.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class Policy:
    """What a challenger must show.

    Three questions: the *first* model must beat popularity; a *refresh* (same settings and code, newer data) must be not worse
    than the champion; a *change* must be better. "Better" is: the lower bound of the paired 95 % interval lies above 0.
    "Not worse" is: it lies above −margin.

    The margin follows what the users at hand can show. With s the standard error of the paired difference, an equal model
    passes when its observed difference lies above 1.96 s − margin, so a margin of 3.5 s passes 94 % of equal models whatever
    the number of users (Φ(3.5 − 1.96) = .94; a margin of 2 s would block every second one), and a true loss of 3.2 s passes in
    5 %. It comes to some 2.7 % of the champion's mean at 604 users of MovieLens 1M and 2.5 to 3.6 % at 940 of MovieLens 100K, and
    tightens with more users down to `margin_least`. It never exceeds `margin_most`: users who cannot tell such a loss from none
    cannot decide, and the verdict is `ask`. What passes is compared with the model of the day before, so a slow decline below the
    margin a day is not seen here: the floor against popularity stays.
    A refresh whose true loss is twice the margin passes in less than 1 of 1,000 cases.
    `tests/promote/test_policy.py` measures these rates.
    `ask` waits for a person; where nobody is asked it is a hold.
    """

    metric: str = setting("recall_50", "the metric that decides")
    users_least: int = setting(100, "users below which nothing is decided: ask", minimum=2, maximum=10_000_000)
    confidence: float = setting(0.95, "of the two-sided interval of a difference", minimum=0.5, maximum=0.999)
    resamples: int = setting(10_000, "of the users, for the interval", minimum=1_000, maximum=100_000)
    seed: int = setting(0, "of the resampling", minimum=0, maximum=2**31 - 1)
    margin_standard_errors: float = setting(3.5, "loss a refresh may hide, in standard errors of the difference", minimum=0.0,
                                            maximum=10.0)
    margin_least: float = setting(0.01, "that loss is never asked to be smaller, as a share of the champion's mean", minimum=0.0,
                                  maximum=0.5)
    margin_most: float = setting(0.10, "nor allowed to be larger, as a share of the champion's mean", minimum=0.0, maximum=0.5)
    coverage_loss_most: float = setting(0.03, "coverage of the catalogue at 50 that may be lost against the champion",
                                        minimum=0.0, maximum=1.0)
    coverage_of_popularity_least: float = setting(1.0, "coverage at 50 at least this many times popularity's", minimum=0.0,
                                                  maximum=100.0)
    duplicate_most: float = setting(0.05, "share of vectors that repeat another", minimum=0.0, maximum=1.0)
    silent_most: float = setting(0.05, "share of users with a history who get no list", minimum=0.0, maximum=1.0)
    items_known_least: float = setting(0.2, "share of the snapshot's items the model knows", minimum=0.0, maximum=1.0)

    def __post_init__(self) -> None:
        if self.margin_least > self.margin_most:
            raise BadRequest("policy: the least margin exceeds the largest", got=f"{self.margin_least} and {self.margin_most}",
                             allowed="margin_least up to margin_most")


@dataclasses.dataclass(frozen=True)
class GateRequest:
    """Decide on one evaluation."""

    store: str = setting(REQUIRED, "URI of the store")
    evaluation: str = setting(REQUIRED, "URI of the evaluation")
    policy: Policy = setting(Policy(), "what the challenger must show")
    run: str | None = setting(None, "MLflow run of the challenger; null: found in the registry")
    version: str | None = setting(None, "registered version of the challenger; null: found in the registry")
    track: bool = setting(True, "write the verdict to MLflow; false: the verdict can be read but not carried out")


@dataclasses.dataclass(frozen=True)
class PromoteRequest:
    """Carry out one verdict."""

    store: str = setting(REQUIRED, "URI of the store")
    verdict: str = setting(REQUIRED, "URI of the verdict")
    origin: dict = setting({}, "who asks: dag_id, run_id, task_id, url")


@dataclasses.dataclass(frozen=True)
class RestoreRequest:
    """Bring an earlier version back."""

    store: str = setting(REQUIRED, "URI of the store")
    family: str = setting(REQUIRED, "family of models")
    by: str = setting(REQUIRED, "who decides")
    why: str = setting(REQUIRED, "for what reason; kept in the audit record")
    version: str | None = setting(None, "registered version to bring back; null: the one behind the alias previous")
    origin: dict = setting({}, "who asks: dag_id, run_id, task_id, url; a second request of the same origin finds its work done")

    def __post_init__(self) -> None:
        for name in ("by", "why"):
            if not getattr(self, name).strip():
                raise BadRequest(f"{name} is empty", allowed="a name and a reason that will be read later")


@dataclasses.dataclass(frozen=True)
class StatusRequest:
    """Ask for the aliases."""

    store: str | None = setting(None, "URI of the store; not needed")
    family: str | None = setting(None, "one family; null: all")
