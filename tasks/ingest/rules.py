"""The rules by which rows become a snapshot: what is liked, what each row is for, sittings, bots,
sizes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import setting

SIZES: dict[str, dict[str, float]] = {
    "leave-last-n": {"test": 3, "validation": 1},
    "users": {"test_share": 0.1, "validation_share": 0.1, "history_share": 0.8},
    "temporal": {"test_days": 7, "validation_days": 7},
}  # of each method, where nothing else is said
DAY = "{day}"  # in a path: one delivery a day
LIKED = re.compile(r"(>=|>)\s*(mean|user mean|-?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Liked:
    """A rule for the rows that count as liked.

    | rule          | a row is liked when its rating is            |
    |---------------|----------------------------------------------|
    | `any`         | whatever it is, or none                      |
    | `>= 4`, `> 7` | at least 4, above 7                          |
    | `> mean`      | above the mean of all ratings                |
    | `> user mean` | above the mean of the same user's ratings    |

    Attributes:
        operator: `>=`, `>` or `any`.
        bound: a number, `mean` or `user mean`; None for `any`.
    """

    operator: str
    bound: float | str | None

    @classmethod
    def parse(cls, text: str) -> Liked:
        """The rule that a text states.

        Raises:
            BadRequest: it states none.
        """
        if text.strip() == "any":
            return cls("any", None)
        found = LIKED.fullmatch(text.strip())
        if not found:
            raise BadRequest(
                "liked: not a rule",
                got=text,
                allowed="'any', '>= 4', '> 7', '> mean' or '> user mean'",
            )
        operator, bound = found.groups()
        return cls(operator, bound if bound.endswith("mean") else float(bound))


@dataclass(frozen=True)
class Split:
    """How rows are divided into train, history, validation and test.

    `leave-last-n` and `users` count a user's liked rows; `temporal` cuts at two moments.

    `{}`
        the data decides, see `tasks.ingest.derived_settings`
    `{"method": "leave-last-n", "test": 3, "validation": 1}`
        each user's newest 3 are test, the one before them validation
    `{"method": "leave-last-n", "order": "file"}`
        the last 3 of the file are test: only to repeat work that did so
    `{"method": "users", "order": "given"}`
        8:1:1 by user; of a held-out user the first 80 % are known
    `{"method": "temporal", "test_days": 7, "validation_days": 7}`
        the last week is test, the week before it validation
    """

    method: Literal["leave-last-n", "temporal", "users"] | None = setting(
        None,
        "What is held out: each user's newest liked rows, the last days, or whole users.",
        title="Method",
        section="Split",
        empty="as the data is; the report says what, and why",
        details="By time where users come back day after day, by users where lists are short, else "
        "by rows.",
    )
    order: Literal["time", "given", "file"] | None = setting(
        None,
        "What orders a user's rows: timestamps, an order column, or the place in the file.",
        title="Order",
        section="Split",
        empty="the first of these that the source has for every row",
        details="Ties in time keep the order of the file.",
    )
    test: int | None = setting(
        None,
        "leave-last-n: newest liked rows of a user that are held out to judge models.",
        title="Test rows",
        section="Split",
        empty="3",
        minimum=1,
        maximum=1000,
    )
    validation: int | None = setting(
        None,
        "leave-last-n: the liked rows before them, for early stopping and tuning.",
        title="Validation rows",
        section="Split",
        empty="1",
        minimum=0,
        maximum=1000,
    )
    hold_out_short: bool = setting(
        False,
        "leave-last-n: hold out rows even of users who then have nothing left to learn from.",
        title="Short histories too",
        section="Split",
        details="Otherwise all of their rows are for training.",
    )
    test_share: float | None = setting(
        None,
        "users: share of the users who are test.",
        title="Test users",
        section="Split",
        empty="0.1",
        minimum=0,
        maximum=0.9,
    )
    validation_share: float | None = setting(
        None,
        "users: share of the users who are validation.",
        title="Validation users",
        section="Split",
        empty="0.1",
        minimum=0,
        maximum=0.9,
    )
    history_share: float | None = setting(
        None,
        "users: share of a held-out user's liked rows that is known.",
        title="Known share",
        section="Split",
        empty="0.8",
        minimum=0.1,
        maximum=0.99,
    )
    seed: int = setting(
        0,
        "users: which of them are held out.",
        title="Seed",
        section="Split",
        details="A user stays on one side from day to day.",
        minimum=0,
        maximum=2_147_483_647,
    )
    test_days: int | None = setting(
        None,
        "temporal: length of the test window, which ends with the day.",
        title="Test days",
        section="Split",
        empty="7",
        minimum=1,
        maximum=3650,
    )
    validation_days: int | None = setting(
        None,
        "temporal: length of the window before it.",
        title="Validation days",
        section="Split",
        empty="7",
        minimum=0,
        maximum=3650,
    )

    def __post_init__(self) -> None:
        meant = [
            method
            for method, names in SIZES.items()
            if any(getattr(self, name) is not None for name in names)
        ]
        if self.method is None and len(meant) > 1:
            raise BadRequest(
                "split: sizes of several methods, and no method",
                got=", ".join(meant),
                allowed="one of them",
                remedy="set split.method",
            )
        method = self.method or (
            meant[0] if meant else "leave-last-n" if self.hold_out_short else None
        )
        if method:
            object.__setattr__(self, "method", method)
            for name, usual in SIZES[method].items():
                if getattr(self, name) is None:
                    object.__setattr__(self, name, usual)
        if (self.test_share or 0) + (self.validation_share or 0) >= 1:
            raise BadRequest(
                "split.test_share and split.validation_share leave no user to train on",
                got=(self.test_share or 0) + (self.validation_share or 0),
                allowed="a sum below 1",
            )
        if self.method == "temporal" and self.order not in ("time", None):
            raise BadRequest(
                "a temporal split follows the clock",
                got=f"split.order={self.order!r}",
                allowed="'time'",
            )

    def __str__(self) -> str:
        """A clause that a sentence can begin with."""
        if self.method == "users":
            test, validation, known = (
                100 * (share or 0)
                for share in (self.test_share, self.validation_share, self.history_share)
            )
            return (
                f"whole users are held out: {test:g} % for test and "
                f"{validation:g} % for validation, "
                f"{known:g} % of whose likes are known"
            )
        if self.method == "temporal":
            days = (
                "the last day is" if self.test_days == 1 else f"the last {self.test_days} days are"
            )
            return f"{days} held out for test and the {self.validation_days} before for validation"
        return (
            f"each user's newest {self.test} liked rows are held out for test and "
            f"{self.validation} before for validation"
        )

    def fields(self) -> dict[str, object]:
        """What says how rows are divided: the method and its own settings."""
        method = self.method or ""
        more = {"leave-last-n": ["hold_out_short"], "users": ["seed"]}.get(method, [])
        return {
            name: getattr(self, name) for name in ("method", "order", *SIZES.get(method, ()), *more)
        }


@dataclass(frozen=True)
class Sessions:
    """Whether a user's rows are numbered by sittings."""

    gap_minutes: float = setting(
        0.0,
        "So long without a row ends a user's session; 0: no session ids.",
        title="Session gap (minutes)",
        section="What counts",
        minimum=0,
        maximum=527_040,
    )


@dataclass(frozen=True)
class Bots:
    """From what rate on a user is no person. Such users are left out whole, and counted; 0 switches
    a bound off.
    """

    rows_a_day: int = setting(
        0,
        "Users with more rows within a day (UTC) are left out whole; 0: no bound.",
        title="Bots: rows a day",
        section="What counts",
        minimum=0,
        maximum=100_000_000,
    )
    rows_a_minute: int = setting(
        0,
        "The same within a minute.",
        title="Bots: rows a minute",
        section="What counts",
        minimum=0,
        maximum=1_000_000,
    )


@dataclass(frozen=True)
class Limits:
    """What a delivery may grow to. None of this changes what is read, only whether it is."""

    unpacked_gb: float = setting(
        64.0,
        "All files of one table together, unpacked, in GB; more is refused.",
        title="GB unpacked at most",
        section="Refusal",
        details="A GB is 10^9 bytes.",
        minimum=1e-6,
        maximum=1e6,
    )
    expansion: float = setting(
        200.0,
        "Unpacked over packed bytes of one file; more is refused.",
        title="Expansion at most",
        section="Refusal",
        details="Judged once more than 16 MiB came out.",
        minimum=1,
        maximum=1e6,
    )
    line_kb: float = setting(
        1024.0,
        "Length of a line in KiB; a file with a longer one is refused.",
        title="KiB of a line at most",
        section="Refusal",
        minimum=0.01,
        maximum=1_000_000,
    )
