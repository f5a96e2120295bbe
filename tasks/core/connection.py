"""The connection to Redis, and what its faults mean. The password is never part of a message."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import (AuthenticationError, AuthorizationError, BusyLoadingError, ConnectionError, NoPermissionError,
                              OutOfMemoryError, ReadOnlyError, ResponseError, TimeoutError)
from redis.retry import Retry

from tasks.core.errors import BadRequest, RecallError, Unreachable

VARIABLE = "RECALL_REDIS_URL"


def connect(url: str | None = None, timeout_seconds: float = 20.0, retries: int = 1) -> redis.Redis:
    """A client of the server at `url`, or at RECALL_REDIS_URL; nothing is sent yet.

    Raises:
        BadRequest: no URL, or one that names no Redis server.
    """
    url = url or os.environ.get(VARIABLE)
    if not url:
        raise BadRequest("no Redis server is named", allowed=f"{VARIABLE}=redis://user:password@host:port/0",
                         remedy="set the variable, or the Airflow connection recall_redis")
    try:
        return redis.Redis.from_url(url, socket_timeout=timeout_seconds, socket_connect_timeout=min(5.0, timeout_seconds),
                                    retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), retries), protocol=2)
    except ValueError:
        raise BadRequest("not the URL of a Redis server", got=urlsplit(url).scheme or "no scheme",
                         allowed="redis://, rediss:// (TLS) or unix://") from None


def place(client: redis.Redis) -> str:
    """Where a client connects to, without its password."""
    settings = client.connection_pool.connection_kwargs
    where = settings.get("path") or f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}"
    return f"{where}/{settings.get('db', 0)}"


@contextlib.contextmanager
def answering(client: redis.Redis) -> Iterator[None]:
    """Turn what redis-py raises into the errors of the contract, each with its remedy."""
    try:
        yield
    except RecallError:
        raise
    except redis.RedisError as error:
        told = _told(error, place(client))
        if told is None:
            raise
        raise told from None


def _told(error: redis.RedisError, where: str) -> RecallError | None:
    text = str(error)
    if isinstance(error, (AuthenticationError, AuthorizationError)) or text.startswith(("NOAUTH", "WRONGPASS")):
        return BadRequest(f"Redis at {where} refused the user or the password", remedy=f"correct them in {VARIABLE}")
    if isinstance(error, NoPermissionError):
        return BadRequest(f"Redis at {where} does not let this user do that ({text})",
                          remedy="grant it the command and recall:* keys")
    if isinstance(error, OutOfMemoryError) or text.startswith("OOM"):
        return Unreachable(f"Redis at {where} is full (maxmemory is reached)",
                           remedy="raise maxmemory or sweep old generations; what is live stays")
    if isinstance(error, ReadOnlyError):
        return Unreachable(f"Redis at {where} is a read-only replica", remedy=f"let {VARIABLE} name the primary")
    if isinstance(error, (ConnectionError, TimeoutError, BusyLoadingError)):
        return Unreachable(f"Redis at {where} does not answer ({type(error).__name__})", remedy="start it; the task retries")
    if isinstance(error, ResponseError) and text.startswith(("MISCONF", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS",
                                                             "TRYAGAIN")):
        return Unreachable(f"Redis at {where} takes no writes now ({text})", remedy="see the server's log; the task retries")
    return None
