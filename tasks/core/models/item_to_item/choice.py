"""The half-life, the standing of popular items and the weight of genres that do best on validation
rows: few and coarse options.

The newest known like of a user alone is asked what is like it, what the user has seen is left out,
and a hit is a held-out like among the ten. Genres break the tie: of the weights whose hits are not
told apart from the best one's, the largest is taken.
"""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Queries
from tasks.core.models.item_to_item.co_likes import CoLikes, Parameters
from tasks.core.models.item_to_item.genres import GenreShares
from tasks.core.retrieval.similar_lists import are_listed, newest_likes, unseen_neighbours

HALF_LIVES = (15.0, 5.0, 50.0)  # likes; the first where nobody can be asked
POPULARITIES = (0.1, 0.0, 0.2)
GENRE_WEIGHTS = (0.0, 0.2, 0.4)
MAX_USERS = 2000  # that are asked
K = 10


@dataclasses.dataclass(frozen=True)
class Choice:
    """What the table is made with.

    Attributes:
        genre_weight: b in score × (1 + b × share of genres in common).
        hit_rate: on validation; None where nobody could be asked.
        users: who were asked.
    """

    parameters: Parameters
    genre_weight: float
    hit_rate: float | None
    users: int

    def facts(self) -> dict[str, float | None]:
        """For a manifest."""
        return {
            "half_life": self.parameters.half_life,
            "popularity": self.parameters.popularity,
            "genre_weight": self.genre_weight,
            "validation_hr_10": self.hit_rate,
            "validation_users": self.users,
        }


def choose(co_likes: CoLikes, genres: GenreShares, queries: Queries | None, places: int) -> Choice:
    """The best on the validation users, or the first options where there are none.

    Args:
        places: of the table that is to be made.
    """
    few = _askable(queries, co_likes.likes)
    if few is None:
        return Choice(Parameters(HALF_LIVES[0], POPULARITIES[0]), GENRE_WEIGHTS[1], None, 0)
    users, newest = len(few.users), newest_likes(few.histories)
    asked, positions = np.unique(newest, return_inverse=True)

    def hits(found: np.ndarray) -> np.ndarray:
        shown = unseen_neighbours(found[positions], newest, few.seen, K)
        return np.any(are_listed(shown, few.labels), axis=1)

    tried = []
    for half_life, popularity in product(HALF_LIVES, POPULARITIES):
        parameters = Parameters(half_life, popularity)
        found, scores = co_likes.nearest(asked, parameters, genres.pool(places))
        tried.append((float(hits(found).mean()), parameters, found, scores))
    _, parameters, found, scores = max(tried, key=lambda one: one[0])
    by_weight = {
        weight: hits(genres.rank(asked, found, scores, weight)[0])
        for weight in (GENRE_WEIGHTS if genres.any else (0.0,))
    }
    best = max(by_weight.values(), key=np.mean)
    error = np.std(best) / np.sqrt(users)
    weight = max(w for w, one in by_weight.items() if np.mean(one) >= np.mean(best) - error)
    chosen = Choice(parameters, weight, float(np.mean(by_weight[weight])), users)
    log("similar.chosen", **chosen.facts())
    return chosen


def _askable(queries: Queries | None, likes: np.ndarray) -> Queries | None:
    """Some of the users whose newest like others have liked too."""
    if queries is None:
        return None
    with_history = np.flatnonzero(queries.histories.lengths > 0)
    newest = newest_likes(queries.histories.select_users(with_history))
    users = with_history[likes[newest] > 0]
    if len(users) == 0:
        return None
    spread = np.linspace(0, len(users) - 1, min(MAX_USERS, len(users))).astype(np.int64)
    return queries.select_users(users[spread])
