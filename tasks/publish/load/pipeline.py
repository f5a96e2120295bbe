"""Pipelined sending of encoded commands: the next batch is sent before the last is answered."""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from collections.abc import Callable, Iterable

import numpy as np
import redis
from redis.exceptions import AskError, MovedError, ResponseError

from tasks.core.serving.redis_client import Client

BATCHES_IN_FLIGHT = 2  # sent to a server and not yet answered


@dataclasses.dataclass(frozen=True)
class SentBucket:
    """A bucket to send.

    Attributes:
        key: the key that is written.
        command: an HSET and an EXPIRE as bytes.
        kind, rows: the kind and rows of its fields, for the case that they must be sent again.
    """

    key: str
    command: bytes
    kind: str
    rows: np.ndarray


class Pipeline:
    """Connections to the servers that are written to, one each; a context manager.

    Args:
        client: a server, or a cluster.
        moved: called with a bucket whose slot has moved to another server meanwhile.
    """

    def __init__(self, client: Client, moved: Callable[[SentBucket], object]) -> None:
        self.client, self.moved = client, moved
        self._links: dict[str, _Link] = {}

    def send(self, batch: Iterable[SentBucket]) -> None:
        """Send some buckets.

        Raises:
            redis.RedisError: a server refused an earlier batch, or does not answer.
        """
        shares = defaultdict(list)
        for bucket in batch:
            shares[self._node(bucket.key)].append(bucket)
        for node, share in shares.items():
            self._link(node).send(share, self.moved)

    def flush(self) -> None:
        """Wait until every batch is answered."""
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
    """A connection to one server, with the batches that it has not answered yet."""

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self.pool, self.connection = pool, pool.get_connection()
        self.waiting: deque[list[SentBucket]] = deque()

    def send(self, share: list[SentBucket], moved: Callable[[SentBucket], object]) -> None:
        self.connection.send_packed_command(
            [b"".join(bucket.command for bucket in share)], check_health=False
        )
        self.waiting.append(share)
        while len(self.waiting) > BATCHES_IN_FLIGHT:
            self._answers(self.waiting.popleft(), moved)

    def flush(self, moved: Callable[[SentBucket], object]) -> None:
        while self.waiting:
            self._answers(self.waiting.popleft(), moved)

    def _answers(self, share: list[SentBucket], moved: Callable[[SentBucket], object]) -> None:
        for bucket in share:
            answers = [self._answer(), self._answer()]  # to HSET and to EXPIRE
            errors = [answer for answer in answers if isinstance(answer, ResponseError)]
            if any(isinstance(error, (MovedError, AskError)) for error in errors):
                moved(bucket)
            elif errors:
                raise errors[0]

    def _answer(self) -> object:
        try:
            return self.connection.read_response()
        except ResponseError as error:
            return error

    def close(self, clean: bool) -> None:
        if not clean or self.waiting:
            self.connection.disconnect()
        self.pool.release(self.connection)
