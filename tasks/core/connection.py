"""The connection to Redis, and what its faults mean. The password is never part of a message."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterError,
    ConnectionError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from tasks.core.errors import BadRequest, RecallError, Unreachable

VARIABLE = "RECALL_REDIS_URL"
EXAMPLE = "redis://user:password@host:port/0"
AWAY = ("MISCONF", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "TRYAGAIN")
Client = redis.Redis | redis.RedisCluster
FAULTS = (redis.RedisError, RedisClusterException)  # the second derives from Exception alone


def connect(url: str | None = None, timeout_seconds: float = 20.0, retries: int = 1) -> Client:
    """A client of the server at `url`, or at RECALL_REDIS_URL.

        redis://user:password@host:6379/0                          one server; nothing is sent yet
        rediss://…?ssl_ca_certs=/etc/ssl/redis-ca.pem              with TLS (also redis://…?ssl=true, as Airflow writes it)
        redis://…?cluster=true                                     any node of a Redis Cluster; the others are asked for

    Raises:
        BadRequest: no URL, one that names no Redis server, or a cluster that refuses the user or the password.
        Unreachable: no node of the cluster answers.
    """
    url = url or os.environ.get(VARIABLE)
    if not url:
        raise BadRequest("no Redis server is named", allowed=f"{VARIABLE}={EXAMPLE}",
                         remedy="set the variable, or the Airflow connection recall_redis")
    plain, cluster = _plain(url)
    settings = {"socket_timeout": timeout_seconds, "socket_connect_timeout": min(5.0, timeout_seconds), "protocol": 2,
                "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries)}
    try:
        return redis.RedisCluster.from_url(plain, **settings) if cluster else redis.Redis.from_url(plain, **settings)
    except ValueError:
        raise BadRequest("not the URL of a Redis server", got=urlsplit(url).scheme or "no scheme",
                         allowed="redis://, rediss:// (TLS) or unix://") from None
    except FAULTS as error:
        raise _told(error, f"{urlsplit(url).hostname}:{urlsplit(url).port or 6379}") or error from None


def _plain(url: str) -> tuple[str, bool]:
    """The URL as redis-py understands it, and whether it names a cluster."""
    parts = urlsplit(url)
    settings = dict(parse_qsl(parts.query))
    cluster, tls = (settings.pop(name, "").lower() in ("true", "1", "yes") for name in ("cluster", "ssl"))
    scheme = "rediss" if tls and parts.scheme == "redis" else parts.scheme
    return parts._replace(scheme=scheme, query=urlencode(settings)).geturl(), cluster


def place(client: Client) -> str:
    """Where a client connects to, without its password."""
    if isinstance(client, redis.RedisCluster):
        return f"the cluster of {', '.join(node.name for node in client.get_primaries())}"
    settings = client.connection_pool.connection_kwargs
    where = settings.get("path") or f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}"
    return f"{where}/{settings.get('db', 0)}"


def memories(client: Client) -> list[dict]:
    """`INFO memory` of the server, or of every primary of a cluster."""
    if isinstance(client, redis.RedisCluster):
        return [client.get_redis_connection(node).info("memory") for node in client.get_primaries()]
    return [client.info("memory")]


@contextlib.contextmanager
def answering(client: Client) -> Iterator[None]:
    """Turn what redis-py raises into the errors of the contract, each with its remedy."""
    try:
        yield
    except RecallError:
        raise
    except FAULTS as error:
        told = _told(error, place(client))
        if told is None:
            raise
        raise told from None


def _told(error: Exception, where: str) -> RecallError | None:
    text = str(error)
    if isinstance(error, (AuthenticationError, AuthorizationError)) or "invalid username-password" in text or text.startswith(("NOAUTH", "WRONGPASS")):
        return BadRequest(f"Redis at {where} refused the user or the password", remedy=f"correct them in {VARIABLE}")
    if isinstance(error, NoPermissionError):
        return BadRequest(f"Redis at {where} does not let this user do that ({text})",
                          remedy="grant it the command and recall:* keys")
    if isinstance(error, OutOfMemoryError) or text.startswith("OOM"):
        return Unreachable(f"Redis at {where} is full (maxmemory is reached)",
                           remedy="raise maxmemory or sweep old generations; what is live stays")
    if isinstance(error, ReadOnlyError):
        return Unreachable(f"Redis at {where} is a read-only replica", remedy=f"let {VARIABLE} name the primary")
    if isinstance(error, RedisClusterException) and "cluster mode" in text.lower():
        return BadRequest(f"Redis at {where} is no cluster", got="cluster=true", remedy=f"leave that out of {VARIABLE}")
    if "certificate verify failed" in text.lower():
        return BadRequest(f"Redis at {where} shows a certificate that is not trusted", remedy=f"name its CA in {VARIABLE}: ?ssl_ca_certs=/a/ca.pem")
    if isinstance(error, (ConnectionError, TimeoutError, BusyLoadingError, ClusterError, RedisClusterException)):
        return Unreachable(f"Redis at {where} does not answer ({type(error).__name__})", remedy="start it; the task retries")
    if isinstance(error, MovedError):
        return BadRequest(f"Redis at {where} is a node of a cluster", remedy=f"say so in {VARIABLE}: ?cluster=true")
    if isinstance(error, ResponseError) and text.startswith(AWAY):
        return Unreachable(f"Redis at {where} takes no writes now ({text})", remedy="see the server's log; the task retries")
    return None
