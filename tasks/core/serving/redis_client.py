"""The connection to Redis, and what its faults mean. The password is never part of a message."""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterError,
    ConnectionError,
    InvalidResponse,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from tasks.core.cli.errors import BadRequest, Corrupt, RecallError, Unreachable
from tasks.core.serving.redis_url import EXAMPLE, Address, parse_redis_url

URL_VARIABLE = "RECALL_REDIS_URL"
UNAVAILABLE_CODES = ("MISCONF", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "TRYAGAIN")
REFUSED_LOGIN = re.compile(
    "invalid username-password|^NOAUTH|^WRONGPASS|without any password configured|no password "
    "is set"
)
NO_DATABASE = re.compile("DB index is out of range|invalid DB index|^SELECT is not allowed")
Client: TypeAlias = redis.Redis | redis.RedisCluster
REDIS_EXCEPTIONS = (
    redis.RedisError,
    RedisClusterException,
)  # the second derives from Exception alone


def connect(url: str | None = None, timeout_seconds: float = 20.0, retries: int = 1) -> Client:
    """A client of the server at `url`, or at RECALL_REDIS_URL; the forms of a URL are in
    `redis_url`.

    Nothing is sent yet, except to a cluster, whose other nodes are asked for.

    Raises:
        BadRequest: no URL, one that names no Redis server, or a cluster that refuses the user or
            the password.
        Unreachable: no node of the cluster answers.
    """
    url = url or os.environ.get(URL_VARIABLE)
    if not url:
        raise BadRequest(
            "no Redis server is named",
            allowed=f"{URL_VARIABLE}={EXAMPLE}",
            remedy="set the variable, or the Airflow connection recall_redis",
        )
    address = parse_redis_url(url)
    check_certificates(address)
    settings = {
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": min(5.0, timeout_seconds),
        "protocol": 2,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.05), retries),
        **address.options,
    }
    if address.database:
        settings["db"] = address.database
    try:
        return (redis.RedisCluster if address.cluster else redis.Redis).from_url(
            address.url, **settings
        )
    except REDIS_EXCEPTIONS as error:
        raise _told(error, address.url.partition("://")[2]) or error from None


def check_certificates(address: Address) -> None:
    """Refuse files of TLS that cannot be read; redis-py would only find out at the first command,
    and retry.
    """
    options, context = address.options, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusted = {"cafile": options.get("ssl_ca_certs"), "capath": options.get("ssl_ca_path")}
    loads: dict[str, Callable[[], None]] = {
        "ssl_ca_certs, ssl_ca_path": lambda: context.load_verify_locations(**trusted),
        "ssl_certfile, ssl_keyfile": lambda: context.load_cert_chain(
            options["ssl_certfile"],
            options.get("ssl_keyfile"),
            lambda: options.get("ssl_password", ""),
        ),
    }
    wanted = [any(trusted.values()), "ssl_certfile" in options]
    for (names, load), is_set in zip(loads.items(), wanted, strict=True):
        try:
            if is_set:
                load()
        except (OSError, ValueError) as error:
            files = [options[name] for name in names.split(", ") if name in options]
            raise BadRequest(
                f"{names} in the URL of Redis: no certificate can be read",
                got=f"{', '.join(files)} ({_reason(error)})",
                allowed="PEM files that this process may read",
                remedy="correct the path, or the file's permissions",
            ) from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__


def server_name(client: Client) -> str:
    """The server that a client connects to, without its password."""
    if isinstance(client, redis.RedisCluster):
        return f"the cluster of {', '.join(node.name for node in client.get_primaries())}"
    settings = client.connection_pool.connection_kwargs
    if path := settings.get("path"):
        return f"{path}, database {settings.get('db', 0)}"
    host = settings.get("host", "localhost")
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{settings.get('port', 6379)}/{settings.get('db', 0)}"


def memory_infos(client: Client) -> list[dict[str, Any]]:
    """`INFO memory` of the server, or of every primary of a cluster."""
    if isinstance(client, redis.RedisCluster):
        return [client.get_redis_connection(node).info("memory") for node in client.get_primaries()]
    return [client.info("memory")]


def decode_hash(found: dict[bytes, bytes]) -> dict[str, str]:
    """A hash of Redis as text; bytes that are none show as what they are."""
    return {
        name.decode(errors="replace"): value.decode(errors="replace")
        for name, value in found.items()
    }


@contextlib.contextmanager
def redis_errors(client: Client) -> Iterator[None]:
    """Turn what redis-py raises into the errors of the contract, each with its remedy."""
    try:
        yield
    except RecallError:
        raise
    except REDIS_EXCEPTIONS as error:
        translated = _told(error, server_name(client))
        if translated is None:
            raise
        raise translated from None


def _told(error: Exception, where: str) -> RecallError | None:
    text = str(error)
    if isinstance(error, (AuthenticationError, AuthorizationError)) or REFUSED_LOGIN.search(text):
        return BadRequest(
            f"Redis at {where} refused the user or the password",
            remedy=f"correct them in {URL_VARIABLE}",
        )
    if isinstance(error, NoPermissionError):
        return BadRequest(
            f"Redis at {where} does not let this user do that ({text})",
            remedy="grant it the command and recall:* keys",
        )
    if isinstance(error, OutOfMemoryError) or text.startswith("OOM"):
        return Unreachable(
            f"Redis at {where} is full (maxmemory is reached)",
            remedy="raise maxmemory or sweep old generations; what is live stays",
        )
    if isinstance(error, ReadOnlyError):
        return Unreachable(
            f"Redis at {where} is a read-only replica",
            remedy=f"let {URL_VARIABLE} name the primary",
        )
    if isinstance(error, RedisClusterException) and "cluster mode" in text.lower():
        return BadRequest(
            f"Redis at {where} is no cluster",
            got="cluster=true",
            remedy=f"leave that out of {URL_VARIABLE}",
        )
    if isinstance(error, ResponseError) and NO_DATABASE.search(text):
        return BadRequest(
            f"Redis at {where} has no database of this number",
            remedy=f"name a lower one in {URL_VARIABLE}, as /0, or raise `databases`",
        )
    if isinstance(error, ResponseError) and "WRONGTYPE" in text:
        return Corrupt(
            f"a key of Redis at {where} holds another type than the publisher writes",
            remedy="delete the keys recall:* that somebody else wrote, and publish again",
        )
    return _told_of_tls(text, where) or _told_of_silence(error, where)


def _told_of_tls(text: str, where: str) -> RecallError | None:
    text = text.lower()
    if "certificate verify failed" in text:
        return BadRequest(
            f"Redis at {where} shows a certificate that is not trusted",
            remedy=f"name its CA in {URL_VARIABLE}: ?ssl_ca_certs=/a/ca.pem",
        )
    if (
        "wrong_version_number" in text
        or "wrong version number" in text
        or "record layer failure" in text
    ):
        return BadRequest(
            f"Redis at {where} does not speak TLS",
            got="rediss:// or ssl=true",
            remedy=f"write redis:// in {URL_VARIABLE}",
        )
    return None


def _told_of_silence(error: Exception, where: str) -> RecallError | None:
    text = str(error)
    if isinstance(
        error,
        (ConnectionError, TimeoutError, BusyLoadingError, ClusterError, RedisClusterException),
    ):
        return Unreachable(
            f"Redis at {where} does not answer ({type(error).__name__})",
            remedy="start it; the task retries",
        )
    if isinstance(error, InvalidResponse):
        return BadRequest(
            f"what answers at {where} is not Redis",
            remedy=f"correct host and port in {URL_VARIABLE}",
        )
    if isinstance(error, MovedError):
        return BadRequest(
            f"Redis at {where} is a node of a cluster",
            remedy=f"say so in {URL_VARIABLE}: ?cluster=true",
        )
    if isinstance(error, ResponseError) and text.startswith(UNAVAILABLE_CODES):
        return Unreachable(
            f"Redis at {where} takes no writes now ({text})",
            remedy="see the server's log; the task retries",
        )
    return None
