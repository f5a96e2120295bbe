"""The URL of a Redis server, read by rules of its own: no message holds a piece of the password,
wherever it was left unquoted.

redis://user:password@host:6379/0        one server, database 0
rediss://…  or  redis://…?ssl=true       with TLS
unix://user:password@/run/redis.sock?db=1
redis://…?cluster=true                   any node of a Redis Cluster
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from tasks.core.cli.errors import BadRequest
from tasks.core.serving.redis_options import OPTIONS, REFUSED, SECRETS

SCHEMES = ("redis", "rediss", "unix")
EXAMPLE = "redis://user:password@host:port/0"
ENCODING_REMEDY = (
    "percent-encode the password (@ is %40, : %3A, / %2F, ? %3F, # %23, % %25) and write the "
    "rest as in " + EXAMPLE
)
OTHER_SCHEMES = (
    "http",
    "https",
    "tcp",
    "ssl",
    "valkey",
    "valkeys",
    "memcached",
    "amqp",
    "redis+socket",
    "redis-cluster",
    "redis+sentinel",
    "sentinel",
)
LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
MAX_SOCKET_PATH_BYTES = 107  # of a socket's address on Linux


@dataclasses.dataclass(frozen=True)
class Address:
    """The address of a server and the options of its connection.

    Attributes:
        host: a name or an IP address; "" for a socket.
        path: of a socket; "" for a host.
        tls, cluster: as the scheme and the options say.
        options: settings of the connection, user and password among them, as redis-py names them.
    """

    host: str
    port: int
    path: str
    database: int
    tls: bool
    cluster: bool
    options: dict[str, Any] = dataclasses.field(repr=False)

    @property
    def url(self) -> str:
        """Scheme and place alone."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            f"unix://{self.path}"
            if self.path
            else f"redis{'s' if self.tls else ''}://{host}:{self.port}"
        )


def parse_redis_url(url: str) -> Address:
    """Read the URL of a Redis server; nothing is connected, no file is opened.

    Raises:
        BadRequest: it names no server, is ambiguous without percent-encoding, or has an option that
            is not known.
    """
    scheme, rest = _scheme(url)
    authority, path, query = _split(rest)
    if scheme == "unix" and "@" not in authority and authority:
        raise BadRequest(
            "the URL of Redis names no absolute path of a socket",
            allowed="unix:///run/redis.sock, with a password unix://user:password@/run/redis.sock",
            remedy=ENCODING_REMEDY,
        )
    login, _, address = authority.rpartition("@")
    user, _, password = login.partition(":")
    given = {"username": _decode(user), "password": _decode(password)}
    options = _options(query)
    for name in SECRETS:
        given[name] = given.get(name) or options.pop(name, "")
    cluster, tls = options.pop("cluster", False), options.pop("ssl", False) or scheme == "rediss"
    host, port, socket = (
        ("", 0, _socket(address, path)) if scheme == "unix" else (*_host_and_port(address), "")
    )
    database = _database("" if scheme == "unix" else path, options.pop("db", None))
    _check_together(scheme, tls, cluster, database, options)
    return Address(
        host,
        port,
        socket,
        database,
        tls,
        cluster,
        options | {name: text for name, text in given.items() if text},
    )


def _scheme(url: str) -> tuple[str, str]:
    if not isinstance(url, str):
        raise BadRequest("the URL of Redis is no text", got=type(url).__name__, allowed=EXAMPLE)
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        raise BadRequest(
            "not the URL of a Redis server",
            got=scheme.lower() if scheme.lower() in OTHER_SCHEMES else None,
            allowed="redis://, rediss:// (TLS) or unix://",
            remedy=f"write it as {EXAMPLE}",
        )
    if re.search(r"[\s\x00-\x1f\x7f]", rest):
        raise BadRequest(
            "the URL of Redis holds a space or a line break",
            remedy="leave it out; in a password, a space is %20",
        )
    return scheme.lower(), rest


def _split(rest: str) -> tuple[str, str, str]:
    """User, password and host; path; query. A `/`, `?` or `#` of a password leaves an `@` behind
    it.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    if "@" in behind or "#" in behind:
        raise BadRequest(
            "the URL of Redis has an '@' or '#' behind its host", remedy=ENCODING_REMEDY
        )
    path, _, query = behind.partition("?")
    return authority, path, query


def _decode(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest(
            "the user or the password of Redis is not UTF-8", remedy=ENCODING_REMEDY
        ) from None


def _host_and_port(address: str) -> tuple[str, int]:
    bracketed = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^\[\]:]*))(?::([^:]*))?", address)
    if not bracketed:
        raise BadRequest(
            "the URL of Redis has more than a host and a port behind its '@'",
            allowed="host:port; IPv6 as [::1]:6379",
            remedy=ENCODING_REMEDY,
        )
    v6, name, port = bracketed.groups()
    host = unquote(v6 if v6 is not None else name)
    if not (
        _is_ip(host)
        or (
            v6 is None
            and all(LABEL.fullmatch(label) for label in host.removesuffix(".").split("."))
        )
    ):
        raise BadRequest(
            "the URL of Redis names no host",
            allowed="a name or an IP address; IPv6 as [::1]",
            remedy=ENCODING_REMEDY,
        )
    if port and not (re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 65536):
        raise BadRequest(
            "the port in the URL of Redis is none", allowed="1 to 65535", remedy=ENCODING_REMEDY
        )
    return host, int(port or 6379)


def _is_ip(host: str) -> bool:
    try:
        return bool(ipaddress.ip_address(host))
    except ValueError:
        return False


def _socket(address: str, path: str) -> str:
    path = _decode(path)  # Airflow writes the slashes of a path as %2F
    if address or not path.strip("/") or "\0" in path or len(path.encode()) > MAX_SOCKET_PATH_BYTES:
        raise BadRequest(
            "the URL of Redis names no socket",
            allowed=f"unix:///an/absolute/path of at most {MAX_SOCKET_PATH_BYTES} bytes",
            remedy=ENCODING_REMEDY,
        )
    return path


def _database(path: str, option: int | None) -> int:
    named = unquote(path).strip("/") if path.count("/") < 3 else path
    if named and not re.fullmatch(r"[0-9]{1,9}", named):
        raise BadRequest(
            "the path in the URL of Redis is no number of a database",
            allowed="/0, /1, …",
            remedy=ENCODING_REMEDY,
        )
    if named and option is not None and int(named) != option:
        raise BadRequest(
            "the URL of Redis names two databases",
            got=f"/{int(named)} and db={option}",
            remedy="leave one out",
        )
    return int(named) if option is None and named else option or 0


def _options(query: str) -> dict[str, Any]:
    """Known options with their values read; `__extra__` holds those that Airflow keeps as JSON."""
    pairs = parse_qsl(query, keep_blank_values=True)
    extra = [text for name, text in pairs if name == "__extra__"]
    pairs = [pair for pair in pairs if pair[0] != "__extra__"] + [
        pair for text in extra for pair in _extra(text)
    ]
    secret = any(
        name in SECRETS for name, _ in pairs
    )  # an unquoted & would make an option of a piece of it
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1 and name in OPTIONS}):
        raise BadRequest(
            f"the URL of Redis has an option twice: {', '.join(twice)}", remedy="leave one out"
        )
    return {name: _option(name, text, secret) for name, text in pairs}


def _extra(text: str) -> list[tuple[str, str]]:
    try:
        held = json.loads(text)
    except ValueError:
        held = None
    if not isinstance(held, dict):
        raise BadRequest(
            "__extra__ in the URL of Redis is no JSON object",
            remedy="correct the extra fields of the Airflow connection recall_redis",
        )
    return [
        (name, value if isinstance(value, str) else json.dumps(value))
        for name, value in held.items()
    ]


def _option(name: str, text: str, secret: bool) -> Any:
    if name in OPTIONS:
        allowed, read = OPTIONS[name]
        value = read(text)
        if value is None:
            raise BadRequest(
                f"{name} in the URL of Redis",
                got=None if secret or name in SECRETS else text,
                allowed=allowed,
            )
        return value
    if name in REFUSED:
        raise BadRequest(
            f"the option {name} is not allowed in the URL of Redis: it changes what is read or how",
            remedy="leave it out",
        )
    shown = name if not secret and re.fullmatch(r"[A-Za-z_]{1,40}", name) else None
    raise BadRequest(
        "an option in the URL of Redis is not known",
        got=shown,
        allowed=", ".join(sorted(set(OPTIONS) - set(SECRETS))),
        remedy=ENCODING_REMEDY,
    )


def _check_together(
    scheme: str, tls: bool, cluster: bool, database: int, options: dict[str, Any]
) -> None:
    """Refuse options that contradict each other."""
    if scheme == "unix" and (tls or cluster):
        raise BadRequest(
            "a socket of Redis is neither encrypted nor a cluster",
            remedy="leave ssl and cluster out",
        )
    if cluster and database:
        raise BadRequest(
            "a Redis Cluster has one database",
            got=database,
            allowed="0",
            remedy="leave the number out",
        )
    only_tls = sorted(name for name in options if name.startswith("ssl_"))
    if only_tls and not tls:
        raise BadRequest(
            f"{', '.join(only_tls)} in the URL of Redis: only for TLS",
            remedy="write rediss:// or leave them out",
        )
    if "ssl_keyfile" in options and "ssl_certfile" not in options:
        raise BadRequest(
            "ssl_keyfile in the URL of Redis goes with ssl_certfile", remedy="name both"
        )
