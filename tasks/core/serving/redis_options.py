"""The options that the URL of a Redis server may have, each with what it allows and how its text is
read; None: it is not allowed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

SECRETS = ("username", "password", "ssl_password")
# They turn answers into other types, or bring a class of their own: every reader here expects
# bytes, by version 2 of the protocol.
REFUSED = (
    "decode_responses",
    "encoding",
    "encoding_errors",
    "connection_class",
    "parser_class",
    "encoder_class",
    "connection_pool",
    "credential_provider",
    "legacy_responses",
    "single_connection_client",
    "retry",
    "retry_on_error",
    "host",
    "port",
    "path",
    "cache",
    "cache_config",
    "redis_connect_func",
    "lib_name",
    "lib_version",
    "unix_socket_path",
    "command_packer",
)
YES, NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def _flag(text: str) -> bool | None:
    return True if text.lower() in YES else False if text.lower() in NO else None


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 < value <= 3600 else None


def _whole(low: int, high: int) -> Callable[[str], int | None]:
    return lambda text: (
        int(text) if re.fullmatch(r"[0-9]{1,10}", text) and low <= int(text) <= high else None
    )


def _one_of(*values: str) -> Callable[[str], str | None]:
    return lambda text: text if text in values else None


def _path(text: str) -> str | None:
    return text if text and "\0" not in text else None


def _name(text: str) -> str | None:
    return text if re.fullmatch(r"[!-~]{1,200}", text) else None


FLAG, SECONDS, PATH = (
    ("true or false", _flag),
    ("seconds, above 0 and at most 3600", _seconds),
    ("the path of a file", _path),
)
OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "cluster": FLAG,
    "ssl": FLAG,
    "db": ("the number of a database", _whole(0, 999_999_999)),
    "username": ("a user", str),
    "password": ("a password", str),
    "ssl_ca_certs": PATH,
    "ssl_ca_path": ("the path of a folder", _path),
    "ssl_certfile": PATH,
    "ssl_keyfile": PATH,
    "ssl_password": ("the password of ssl_keyfile", str),
    "ssl_cert_reqs": ("none, optional or required", _one_of("none", "optional", "required")),
    "ssl_check_hostname": FLAG,
    "socket_timeout": SECONDS,
    "socket_connect_timeout": SECONDS,
    "socket_keepalive": FLAG,
    "health_check_interval": ("whole seconds, 0 to 86400", _whole(0, 86_400)),
    "max_connections": ("a whole number, 1 to 1000000", _whole(1, 1_000_000)),
    "client_name": ("letters, digits and signs without spaces", _name),
    "protocol": ("2, which is also used when it is left out", _whole(2, 2)),
}
