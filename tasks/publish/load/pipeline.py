"""Sending ready-made commands: a batch is on its way while the server still works on the one
before.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from collections.abc import Callable, Iterable

import numpy as np
import redis
from redis.exceptions import AskError, MovedError, ResponseError

from tasks.core.serving.redis_client import Client

BATCHES_IN_FLIGHT = 2  # batches sent and not yet answered, of each server


@dataclasses.dataclass(frozen=True)
class SentBucket:
    """A bucket on its way.

    Attributes:
        key: the one key that is written.
        command: an HSET and an EXPIRE as bytes.
        kind, rows: which fields these are, for the case that they must be sent again.
    """

    key: str
    command: bytes
    kind: str
    rows: np.ndarray


class Pipeline:
    """One connection to each server that is written to; a context manager.

    Args:
        client: a server, or a cluster.
        moved: called with a bucket whose slot has moved to another server since this client looked.
    """

    def __init__(self, client: Client, moved: Callable[[SentBucket], object]) -> None:
        self.client, self.moved = client, moved
        self._links: dict[str, _Link] = {}

    def send(self, batch: Iterable[SentBucket]) -> None:
        """Send some buckets.

        Raises:
            redis.RedisError: what the server answered to an earlier batch, or that it does not
                answer.
        """
        shares = defaultdict(list)
        for one in batch:
            shares[self._node(one.key)].append(one)
        for node, share in shares.items():
            self._link(node).send(share, self.moved)

    def flush(self) -> None:
        """Wait until everything is answered."""
        for link in self._links.values():
            link.flush(self.moved)

    def _node(self, key: str) -> str:
        return (
            self.client.get_node_from_key(key).name
            if isinstance(self.client, redis.RedisCluster)
            else ""
        )

    def _link(self, node: str) -> _Link:
        if node not in self._links:
            server = (
                self.client.get_redis_connection(self.client.get_node(node_name=node))
                if node
                else self.client
            )
            self._links[node] = _Link(server.connection_pool)
        return self._links[node]

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *raised: object) -> None:
        for link in self._links.values():
            link.close(clean=raised[0] is None)


class _Link:
    def __init__(self, pool: redis.ConnectionPool) -> None:
        self.pool, self.connection = pool, pool.get_connection()
        self.waiting: deque[list[SentBucket]] = deque()

    def send(self, share: list[SentBucket], moved: Callable[[SentBucket], object]) -> None:
        self.connection.send_packed_command(
            [b"".join(one.command for one in share)], check_health=False
        )
        self.waiting.append(share)
        while len(self.waiting) > BATCHES_IN_FLIGHT:
            self._answers(self.waiting.popleft(), moved)

    def flush(self, moved: Callable[[SentBucket], object]) -> None:
        while self.waiting:
            self._answers(self.waiting.popleft(), moved)

    def _answers(self, share: list[SentBucket], moved: Callable[[SentBucket], object]) -> None:
        for one in share:
            told = [self._answer(), self._answer()]
            if any(isinstance(answer, (MovedError, AskError)) for answer in told):
                moved(one)
            elif error := next(
                (answer for answer in told if isinstance(answer, ResponseError)), None
            ):
                raise error

    def _answer(self) -> object:
        try:
            return self.connection.read_response()
        except ResponseError as error:
            return error

    def close(self, clean: bool) -> None:
        if not clean or self.waiting:
            self.connection.disconnect()
        self.pool.release(self.connection)
