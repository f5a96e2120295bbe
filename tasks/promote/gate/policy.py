"""The policy of the gate: the bounds for a challenger, read from a family's TOML file."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from pathlib import Path
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, parse, setting
from tasks.core.serving.redis_keys import family_name

# environment variable: a folder of policies that takes precedence over this stage's
FOLDER_VARIABLE = "RECALL_POLICIES"


@dataclasses.dataclass(frozen=True)
class Refresh:
    """The loss that a refresh, the same recipe on newer data, may hide.

    The margin follows what the users at hand can show. With s the standard error of the paired
    difference, an equal model passes when its observed difference is above 1.96 s − margin, so a
    margin of 3.5 s passes 94 % of equal models whatever the number of users (Φ(3.5 − 1.96) = .94; a
    margin of 2 s would block every second one), and a true loss of 3.2 s passes in 5 %. It comes to
    some 2.7 % of the champion's mean at 604 users of MovieLens 1M and 2.5 to 3.6 % at 940 of
    MovieLens 100K, and tightens with more users down to `margin_least`. It never exceeds
    `margin_most`: users who cannot tell such a loss from none cannot decide, and the verdict is
    `ask`. What passes is compared with the model of the day before, so a slow decline below the
    margin a day is not seen here: the floors stay. A true loss of twice the margin passes in less
    than 1 of 1,000 cases. `make drill-gate` measures these rates.
    """

    margin_standard_errors: float = setting(
        3.5, "in standard errors of the difference", minimum=0.0, maximum=10.0
    )
    margin_least: float = setting(
        0.01,
        "never asked to be smaller, as a share of the champion's mean",
        minimum=0.0,
        maximum=0.5,
    )
    margin_most: float = setting(
        0.10,
        "nor allowed to be larger, as a share of the champion's mean",
        minimum=0.0,
        maximum=0.5,
    )

    def __post_init__(self) -> None:
        if self.margin_least > self.margin_most:
            raise BadRequest(
                "refresh: the least margin exceeds the largest, so no margin is possible",
                got=f"{self.margin_least} and {self.margin_most}",
                allowed="margin_least up to margin_most",
            )


@dataclasses.dataclass(frozen=True)
class Floor:
    """A baseline that must be beaten, or a share of its figure, whatever the champion does."""

    baseline: Literal["popularity", "item_knn", "ease", "ease_64"] = setting(REQUIRED, "which one")
    share: float = setting(1.0, "of the baseline's figure", minimum=0.01, maximum=10.0)
    below: Literal["hold", "ask"] = setting("hold", "what a challenger below it gets")


@dataclasses.dataclass(frozen=True)
class Guard:
    """A metric that may not fall against the champion, whichever question is asked; or against a
    baseline, then of a first model too.
    """

    metric: str = setting(REQUIRED, "what is guarded")
    against: Literal["champion", "popularity", "item_knn"] = setting(
        "champion", "whose figure it is compared with"
    )
    users: str | None = setting(None, "the slice of users; null: all")
    loss_most: float | None = setting(
        None, "that may be lost, in units of the metric", minimum=0.0, maximum=1.0
    )
    share_least: float | None = setting(
        None, "of the champion's figure that must be kept", minimum=0.0, maximum=1.0
    )
    when_better: Literal["hold", "ask"] = setting(
        "hold", "what a challenger gets that loses it but is shown to be better"
    )

    def __post_init__(self) -> None:
        if (self.loss_most is None) == (self.share_least is None):
            raise BadRequest(
                f"guard of {self.metric}: its margin is not clear",
                got=f"loss_most {self.loss_most}, share_least {self.share_least}",
                allowed="exactly one of the two",
            )


@dataclasses.dataclass(frozen=True)
class Health:
    """Bounds on signs of a fault.

    Vectors and queries that are not finite, and vectors that are all zero, always hold.
    """

    duplicate_most: float = setting(
        0.05, "share of vectors that repeat another", minimum=0.0, maximum=1.0
    )
    alike_most: float = setting(0.995, "mean cosine of two vectors", minimum=0.0, maximum=1.0)
    longest_most: float = setting(
        100.0, "greatest norm, in medians of the norms", minimum=1.0, maximum=1e9
    )
    silent_most: float = setting(
        0.05, "share of users with a history who get no list", minimum=0.0, maximum=1.0
    )
    items_known_least: float = setting(
        0.2, "share of the snapshot's items the model knows", minimum=0.0, maximum=1.0
    )
    champion_items_known_least: float = setting(
        0.5,
        "the same of the champion; below it the comparison is not fair: ask",
        minimum=0.0,
        maximum=1.0,
    )
    neighbours_least: float = setting(
        0.05,
        "share of an item's ten nearest that a refresh leaves in place; else ask",
        minimum=0.0,
        maximum=1.0,
    )


@dataclasses.dataclass(frozen=True)
class Policy:
    """The bounds for a challenger.

    The *first* model of a family must pass the floors; a *refresh* (same settings and code, newer
    data) must be not worse than the champion; a *change* must be better. "Better" means that the
    lower bound of the paired interval is above 0, "not worse" that it is above −margin. `ask` waits
    for a person; where nobody is asked it is a hold.
    """

    metric: str = setting("recall_50", "the metric that decides")
    tested: tuple[str, ...] = setting(
        ("ndcg_10", "hr_10"), "tested beside it; p values are corrected over all of them"
    )
    users_least: int = setting(
        100, "users below which nothing is decided: ask", minimum=2, maximum=10_000_000
    )
    slice_users_least: int = setting(
        30, "users of a slice below which its guard cannot tell", minimum=2, maximum=10_000_000
    )
    confidence: float = setting(
        0.95, "of the two-sided interval of a difference", minimum=0.5, maximum=0.999
    )
    resamples: int = setting(
        10_000,
        "of the users for the interval, and of the signs for p",
        minimum=1_000,
        maximum=100_000,
    )
    seed: int = setting(0, "of the resampling", minimum=0, maximum=2**31 - 1)
    noise_standard_errors: float = setting(
        3.0,
        "a guard never takes a loss below this many standard errors for one",
        minimum=0.0,
        maximum=10.0,
    )
    refresh: Refresh = setting(Refresh(), "the loss that a refresh may hide")
    floors: tuple[Floor, ...] = setting((Floor("popularity"),), "baselines to be passed")
    guards: tuple[Guard, ...] = setting(
        (Guard("coverage_50", loss_most=0.03, when_better="ask"),), "what may not be lost"
    )
    coverage_of_popularity_least: float = setting(
        1.0, "coverage at 50 at least this many times popularity's", minimum=0.0, maximum=100.0
    )
    health: Health = setting(Health(), "what only a fault leaves")

    def __post_init__(self) -> None:
        for names, what in (
            ((self.metric, *self.tested), "metrics to be tested"),
            ([floor.baseline for floor in self.floors], "floors"),
            (
                [(guard.metric, guard.users, guard.against) for guard in self.guards],
                "guards",
            ),
        ):
            if len(set(names)) < len(names):
                raise BadRequest(f"one of the {what} stands twice", got=names)


def read_policy(family: str, file: str | None = None) -> tuple[Policy, Path]:
    """The policy of a family and its file: the one named, else `<family>.toml` or `default.toml`.

    Raises:
        BadRequest: no such file, not TOML, an unknown key, a value out of bounds, an impossible
            margin.
    """
    path = Path(file) if file else _file(family)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadRequest(
            f"the policy {path} cannot be read ({error.strerror})", remedy="name a TOML file"
        ) from None
    except ValueError as error:
        raise BadRequest(
            f"the policy {path} is not TOML ({error})", remedy="correct the line"
        ) from None
    try:
        return parse(Policy, content), path
    except BadRequest as error:
        raise BadRequest(f"the policy {path}: {error}") from None


def _file(family: str) -> Path:
    folders = [Path(__file__).parents[1] / "policies"]
    if os.environ.get(FOLDER_VARIABLE):
        folders.insert(0, Path(os.environ[FOLDER_VARIABLE]))
    files = [
        folder / f"{name}.toml"
        for folder in folders
        for name in (family_name(family), "default")
        if (folder / f"{name}.toml").is_file()
    ]
    return files[0]
