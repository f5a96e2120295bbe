"""The readers of the drill: every answer is held against what its generation would answer."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import numpy as np
import redis

from tasks.core.cli.errors import BadRequest, RecallError
from tasks.core.serving.generation import Generation
from tasks.core.serving.redis_keys import FamilyKeys, bucket_of
from tasks.core.store.store import Store
from tasks.retrieve import Answer, Reader

FAMILY, K, USERS = "item2vec", 5, 20
NAMES = FamilyKeys(FAMILY)


class Truth:
    """What each generation answers, computed from its folder without an index."""

    def __init__(self, store: Store, made: list[dict]) -> None:
        self.of = {
            one["id"]: self._answers(Generation(store.open(one["uri"], "generation")))
            for one in made
        }

    @staticmethod
    def _answers(generation: Generation) -> dict[str, tuple[list[str], np.ndarray, bytes]]:
        vectors, queries, offsets, seen = (
            np.array(generation.array(name))
            for name in ("vectors", "user_vectors", "seen.offsets", "seen.items")
        )
        found = {}
        for user in range(USERS):
            scores = vectors @ queries[user]
            scores[seen[offsets[user] : offsets[user + 1]]] = -np.inf
            best = np.argsort(-scores, kind="stable")[:K]
            found[generation.user_ids[user]] = (
                [generation.item_ids[row] for row in best],
                scores[best],
                queries[user].tobytes(),
            )
        return found

    def verdict(self, answer: Answer, user: str) -> str | None:
        """None for a right answer; `mixed` for one of another generation than it says, `torn` for
        one of none.
        """
        ids, scores = (
            [hit.item.id for hit in answer.hits],
            np.array([hit.score for hit in answer.hits]),
        )

        def fits(generation: str) -> bool:
            right, values, _ = self.of[generation][user]
            return ids == right and (
                answer.source == "precomputed" or np.allclose(scores, values, rtol=1e-4)
            )

        [said] = answer.generations.values()
        if fits(said):
            return None
        return "mixed" if any(fits(other) for other in self.of if other != said) else "torn"

    def of_bytes(self, value: bytes | None, generation: str, user: str) -> str | None:
        """The same for a stored vector that a plain client read."""
        if value == self.of[generation][user][2]:
            return None
        return "mixed" if any(value == answers[user][2] for answers in self.of.values()) else "torn"


def read(url: str, root: str, made: list[dict], stop: Path, report: Path, seed: int) -> None:
    """Ask without pause until the file `stop` is there; then write what was seen."""
    truth, reader, plain = (
        Truth(Store(root), made),
        Reader(url, root, timeout_seconds=2.0),
        redis.Redis.from_url(url, socket_timeout=2.0),
    )
    choice, users = random.Random(seed), list(truth.of[made[0]["id"]])
    counts = {"reads": 0, "torn": 0, "mixed": 0, "failures": [], "generations": []}
    ways = (
        lambda user: truth.verdict(reader.recommend(user, K), user),
        lambda user: truth.verdict(reader.precomputed(user, K), user),
        lambda user: _plain(plain, truth, user),
    )
    while not stop.exists():
        user, began = choice.choice(users), time.time()
        try:
            wrong = choice.choice(ways)(user)
            counts["reads"] += 1
            if wrong:
                counts[wrong] += 1
        except (RecallError, redis.RedisError) as error:
            counts["failures"].append([began, time.time(), f"{type(error).__name__}: {error}"])
            if isinstance(error, BadRequest):
                raise
    report.write_text(json.dumps(counts))


def _plain(client: redis.Redis, truth: Truth, user: str, tries: int = 20) -> str | None:
    """Any client, by the rule of the key names: pointer, manifest, bucket; asked again when what it
    read was swept meanwhile.
    """
    for _ in range(tries):
        load = client.hget(NAMES.live, "load").decode()
        manifest = client.hgetall(NAMES.manifest(load))
        if manifest:
            bucket = NAMES.bucket(
                load, "users", bucket_of(user.encode(), int(manifest[b"buckets.users"]))
            )
            value = client.hget(bucket, user)
            if value is not None or client.exists(NAMES.manifest(load)):
                return truth.of_bytes(value, manifest[b"generation"].decode(), user)
    return "torn"
