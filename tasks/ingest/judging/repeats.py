"""Whether what a user has met may be recommended to them again: a setting of the data set, or what its rows say."""

from __future__ import annotations

from dataclasses import dataclass

COMMON = 0.05  # share of the kept rows: below it, repeats are the exception that nobody waits for


@dataclass(frozen=True)
class RecommendSeen:
    """The decision and its reason, a clause that a sentence can end with."""

    value: bool
    because: str


def recommend_seen(given: bool | None, rated: bool, kinds: bool, kept: int, repeats: int) -> RecommendSeen:
    """True where it is set, or else where at least one kept row in twenty repeats another.

    Whoever buys the same milk or plays the same song again is served by a list that holds it; whoever rates films is not.

    Args:
        given: the setting, of the request or the description; None: the data decides.
        rated: whether rows are ratings, of which a user gives an item one that counts.
        kinds: whether events have kinds.
        kept, repeats: rows, and those of them that have the user and item of another one; where there are kinds, also
            its kind: a purchase after a view is a step onwards, not a return.
    """
    if given is not None:
        return RecommendSeen(given, "it is set")
    if rated:
        return RecommendSeen(False, "rows are ratings: a user's newest one of an item counts")
    share = repeats / max(kept, 1)
    alike = "user, item and kind" if kinds else "user and item"
    told = f"{100 * share:.1f} % of the kept rows repeat another of the same {alike}"
    return RecommendSeen(share >= COMMON, f"{told}, {'at least' if share >= COMMON else 'fewer than'} {100 * COMMON:g} %")
