"""What the data decides where nobody has set it: how rows are divided, and whether what was met may
be recommended again.

The rules are all here. A setting given wins; what an earlier day of the same settings decided
stays, so that days can be compared; else the rows decide. Each decision comes with its reason, for
the log, the report and the manifest.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from tasks.ingest.rules import Split

COMMON = 0.05  # share of the kept rows: below it, repeats are the exception that nobody waits for
LONG = 12  # likes of the user in the middle: three and one held out are a third of them
SPLIT_USERS = 10_000  # from which a tenth of them, a thousand, can tell two models apart
JUDGED = 2_500  # users whose next days are known: enough to see 2 % between variants of a recipe
MOST_JUDGED = 25_000  # evaluation asks no more
WINDOWS = (1, 2, 3, 7)  # days of a test window that are tried
SPAN = 8  # times as long as one window is what a log must cover at least


@dataclass(frozen=True)
class DerivedSetting:
    """A value and its reason, a clause that a sentence can end with.

    Attributes:
        open: whether nobody has set it, so that the next day keeps it.
    """

    value: Any
    because: str
    open: bool = True


@dataclass(frozen=True)
class UserActivity:
    """What the users of a day did, as far as the split asks.

    Attributes:
        events: whether rows are events that have times, not ratings.
        users: who liked two items or more.
        likes: of the user in the middle of them.
        days: from the first row to the end of the day.
        back: by days of a window that ends with the day, the users who did something in it and
            something before.
    """

    events: bool
    users: int
    likes: int
    days: float
    back: dict[int, int]


def recommend_seen(
    given: bool | None,
    rated: bool,
    kinds: bool,
    kept: int,
    repeats: int,
    before: DerivedSetting | None = None,
) -> DerivedSetting:
    """True where it is set, or else where at least one kept row in twenty repeats another.

    Whoever buys the same milk or plays the same song again is served by a list that holds it;
    whoever rates films is not.

    Args:
        given: the setting, of the request or the description; None: the data decides.
        rated: whether rows are ratings, of which a user gives an item one that counts.
        kinds: whether events have kinds.
        kept, repeats: rows, and those of them that have the user and item of another one; where
            there are kinds, also its kind: a purchase after a view is a step onwards, not a return.
        before: what an earlier day decided.
    """
    if given is not None:
        return DerivedSetting(given, "it is set", open=False)
    if rated:
        return DerivedSetting(False, "rows are ratings: a user's newest one of an item counts")
    share = repeats / max(kept, 1)
    alike = "user, item and kind" if kinds else "user and item"
    told = f"{100 * share:.1f} % of the kept rows repeat another of the same {alike}"
    return kept_as(
        before,
        DerivedSetting(
            share >= COMMON,
            f"{told}, {'at least' if share >= COMMON else 'fewer than'} {100 * COMMON:g} %",
        ),
    )


def split(
    given: Split, shape: UserActivity | None, before: DerivedSetting | None = None
) -> DerivedSetting:
    """How rows are divided, a `Split` with its method.

    | rows                                                 | held out                            |
    |------------------------------------------------------|-------------------------------------|
    | a log of events whose users come back                | the last days                       |
    | median list below 12 likes, 10,000 users or more     | whole users                         |
    | anything else                                        | each user's newest likes, at most a |
    |                                                      | third of them                       |

    Args:
        given: the request's.
        shape: of the day's rows; None where the method is given.
        before: what an earlier day decided.
    """
    if given.method is not None:
        return DerivedSetting(given, "it is set", open=False)
    return kept_as(
        before, _by_time(given, shape) or _by_users(given, shape) or _by_rows(given, shape)
    )


def kept_as(before: DerivedSetting | None, now: DerivedSetting) -> DerivedSetting:
    """What an earlier day decided stays, with what the rows of today alone would say."""
    if before is None or before.value == now.value:
        return now
    return DerivedSetting(
        before.value,
        f"an earlier day decided so, and days are to be compared; the rows of today alone "
        f"would decide otherwise: {now.because}",
    )


def _by_time(given: Split, shape: UserActivity) -> DerivedSetting | None:
    if not shape.events or given.order not in ("time", None):
        return None
    for days in WINDOWS:
        if shape.back.get(days, 0) >= JUDGED and shape.days >= SPAN * days:
            return DerivedSetting(
                dataclasses.replace(given, method="temporal", test_days=days, validation_days=days),
                f"rows are events of {shape.days:,.0f} days, and {shape.back[days]:,} users "
                f"did something in the last "
                f"{f'{days} days' if days > 1 else 'day'} and something before",
            )
    return None


def _by_users(given: Split, shape: UserActivity) -> DerivedSetting | None:
    if shape.likes >= LONG or shape.users < SPLIT_USERS:
        return None
    share = min(0.1, max(0.001, int(1000 * MOST_JUDGED / shape.users) / 1000))
    return DerivedSetting(
        dataclasses.replace(given, method="users", test_share=share, validation_share=share),
        f"the user in the middle has {shape.likes} liked rows, fewer than {LONG}, and there "
        f"are {shape.users:,} users with two or more",
    )


def _by_rows(given: Split, shape: UserActivity) -> DerivedSetting:
    test = min(3, max(1, shape.likes // 3 - 1))
    return DerivedSetting(
        dataclasses.replace(given, method="leave-last-n", test=test, validation=1),
        f"the user in the middle of {shape.users:,} with two or more has {shape.likes} liked rows",
    )
