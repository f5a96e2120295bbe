"""The sample of users to judge on, where there are more than a decision needs."""

from __future__ import annotations

import hashlib

import numpy as np

from tasks.core.cli.log import log
from tasks.core.data.snapshot import Queries


def sample_queries(queries: Queries, user_ids: list[str], max_users: int) -> Queries:
    """All users, or the `max_users` whose ids have the lowest digests, in their order.

    The sample depends on the ids alone, so models are compared on the same users, and on nearly the
    same ones from day to day. The standard error of a difference falls with the root of the number
    of users, whatever number they were drawn from.

    Args:
        user_ids: ids of all rows of the user table.
        max_users: at least 1.
    """
    if len(queries.users) <= max_users:
        return queries
    digests = np.array(
        [
            int.from_bytes(hashlib.blake2b(user_ids[row].encode(), digest_size=8).digest())
            for row in queries.users
        ],
        np.uint64,
    )
    log("evaluate.sample", users=max_users, of=len(queries.users))
    return queries.select_users(np.sort(np.argsort(digests, kind="stable")[:max_users]))
