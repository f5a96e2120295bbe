"""Who is judged where there are more users than a decision needs: the same ones for every model,
and on the next day.
"""

from __future__ import annotations

import hashlib

import numpy as np

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Queries


def sample_queries(queries: Queries, user_ids: list[str], most: int) -> Queries:
    """All users, or `most` of them in their order: those whose ids have the lowest digests.

    Whether a user is among them depends on the ids alone, so that models are compared on the same
    users, and nearly the same ones from day to day. The standard error of a difference falls with
    the root of their number, whatever number they were drawn from.

    Args:
        user_ids: of all rows of the user table.
        most: users, at least 1.
    """
    if len(queries.users) <= most:
        return queries
    digests = np.array(
        [
            int.from_bytes(hashlib.blake2b(user_ids[row].encode(), digest_size=8).digest())
            for row in queries.users
        ],
        np.uint64,
    )
    log("evaluate.sample", users=most, of=len(queries.users))
    return queries.select_users(np.sort(np.argsort(digests, kind="stable")[:most]))
