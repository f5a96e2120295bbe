"""Settings that the data decides if nobody has: how rows are divided, and whether seen items may be
recommended again.

A setting of the request wins. A value that an earlier day of the same settings derived stays, so
that days can be compared. Otherwise the rows decide. Each value comes with its reason, for the log,
the report and the manifest.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from tasks.ingest.rules import Split

# Share of the kept rows below which repeats are exceptions.
MIN_REPEAT_SHARE = 0.05
# Likes of the median user: three and one held out are a third of them.
SHORT_LIST_LIKES = 12
# Users from which a tenth of them, a thousand, can tell two models apart.
MIN_SPLIT_USERS = 10_000
# Users whose next days are known: enough to see 2 % between variants of a recipe.
MIN_RETURNING_USERS = 2_500
MAX_TEST_USERS = 25_000  # evaluation uses no more
WINDOW_DAYS = (1, 2, 3, 7)  # lengths of a test window that are tried
MIN_LOG_WINDOWS = 8  # a log must cover so many windows


@dataclass(frozen=True)
class DerivedSetting:
    """The value of a setting and the reason for it.

    Attributes:
        because: the reason, a clause that a sentence can end with.
        open: whether the data decided, so that the next day keeps the value.
    """

    value: Any
    because: str
    open: bool = True


@dataclass(frozen=True)
class UserActivity:
    """What the users did up to a day, as far as the split depends on it.

    Attributes:
        events: whether rows are events that have times, not ratings.
        users: how many liked two items or more.
        likes: likes of the median of these users.
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
    repeated = f"{100 * share:.1f} % of the kept rows repeat another of the same {alike}"
    common = share >= MIN_REPEAT_SHARE
    bound = f"{'at least' if common else 'fewer than'} {100 * MIN_REPEAT_SHARE:g} %"
    return keep_earlier(before, DerivedSetting(common, f"{repeated}, {bound}"))


def split(
    given: Split, activity: UserActivity | None, before: DerivedSetting | None = None
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
        activity: of the day's rows; None where the method is given.
        before: what an earlier day decided.
    """
    if given.method is not None or activity is None:
        return DerivedSetting(given, "it is set", open=False)
    return keep_earlier(
        before, _by_time(given, activity) or _by_users(given, activity) or _by_rows(given, activity)
    )


def keep_earlier(before: DerivedSetting | None, now: DerivedSetting) -> DerivedSetting:
    """The value of an earlier day if there is one, with what the rows of today would decide."""
    if before is None or before.value == now.value:
        return now
    return DerivedSetting(
        before.value,
        f"an earlier day decided so, and days are to be compared; the rows of today alone "
        f"would decide otherwise: {now.because}",
    )


def _by_time(given: Split, activity: UserActivity) -> DerivedSetting | None:
    if not activity.events or given.order not in ("time", None):
        return None
    for days in WINDOW_DAYS:
        if (
            activity.back.get(days, 0) >= MIN_RETURNING_USERS
            and activity.days >= MIN_LOG_WINDOWS * days
        ):
            return DerivedSetting(
                dataclasses.replace(given, method="temporal", test_days=days, validation_days=days),
                f"rows are events of {activity.days:,.0f} days, and {activity.back[days]:,} users "
                f"did something in the last "
                f"{f'{days} days' if days > 1 else 'day'} and something before",
            )
    return None


def _by_users(given: Split, activity: UserActivity) -> DerivedSetting | None:
    if activity.likes >= SHORT_LIST_LIKES or activity.users < MIN_SPLIT_USERS:
        return None
    share = min(0.1, max(0.001, int(1000 * MAX_TEST_USERS / activity.users) / 1000))
    return DerivedSetting(
        dataclasses.replace(given, method="users", test_share=share, validation_share=share),
        f"the user in the middle has {activity.likes} liked rows, fewer than {SHORT_LIST_LIKES}, "
        f"and there are {activity.users:,} users with two or more",
    )


def _by_rows(given: Split, activity: UserActivity) -> DerivedSetting:
    test = min(3, max(1, activity.likes // 3 - 1))
    return DerivedSetting(
        dataclasses.replace(given, method="leave-last-n", test=test, validation=1),
        f"the user in the middle of {activity.users:,} with two or more has {activity.likes} "
        f"liked rows",
    )
