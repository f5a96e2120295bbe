"""Kinds of settings: each describes in words what it allows and tests a value."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tasks.core.cli.errors import RecallError
from tasks.core.serving.redis_url import parse_redis_url

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
KEY = re.compile(r"[A-Za-z0-9._=/-]*")


@dataclasses.dataclass(frozen=True)
class Kind:
    """A description of what is allowed, and the test of a value."""

    allowed: str
    fits: Callable[[str], bool]


def one_of(*values: str) -> Kind:
    return Kind(f"one of {', '.join(values)}", lambda value: value in values)


def several_of(*values: str) -> Kind:
    return Kind(
        f"some of {', '.join(values)}, a space or a comma between two",
        lambda value: bool(names := value.replace(",", " ").split()) and set(names) <= set(values),
    )


def number(low: int, high: int) -> Kind:
    return Kind(
        f"a whole number, {low} to {high}",
        lambda value: (
            value.isascii() and value.isdigit() and len(value) < 19 and low <= int(value) <= high
        ),
    )


def _store(value: str) -> bool:
    parts = _split(value)
    if parts is None or parts.query or parts.fragment:
        return False
    if parts.scheme == "s3":
        return (
            bool(BUCKET.fullmatch(parts.netloc))
            and bool(KEY.fullmatch(parts.path))
            and ".." not in parts.path.split("/")
        )
    return (
        parts.scheme in ("", "file")
        and parts.netloc in ("", "localhost")
        and _absolute(unquote(parts.path))
    )


def _place(value: str) -> bool:
    parts = _split(value)
    return (
        parts is not None
        and parts.scheme in ("", "file")
        and parts.netloc in ("", "localhost")
        and _absolute(unquote(parts.path))
    )


def _absolute(value: str) -> bool:
    return value.startswith("/") and "\0" not in value


def _url(*schemes: str) -> Callable[[str], bool]:
    def fits(value: str) -> bool:
        parts = _split(value)
        try:
            return (
                parts is not None
                and parts.scheme in schemes
                and bool(parts.hostname)
                and (parts.port or 1) > 0
            )
        except ValueError:  # a port that is none
            return False

    return fits


def _redis(value: str) -> bool:
    """Whether both Airflow, which splits a URL as the standard library does, and the stages can
    read it.
    """
    try:
        parse_redis_url(value)
        return _split(value) is not None and urlsplit(value).port != 0
    except (RecallError, ValueError):
        return False


def _split(value: str):
    try:
        return urlsplit(value) if value.isprintable() and " " not in value else None
    except ValueError:
        return None


def _day(value: str) -> bool:
    try:
        return datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _json_file(value: str) -> bool:
    try:
        return isinstance(json.loads(Path(value).read_text()), dict)
    except (OSError, ValueError):
        return False


HOURS = Kind(
    "hours, 0 or more", lambda value: value.replace(".", "", 1).isdecimal() and value.isascii()
)
STORE = Kind("file:///an/absolute/folder or s3://bucket/prefix", _store)
LOCATION = Kind("an absolute path or a file:// URI", _place)
FOLDER = Kind(
    "an absolute path of a folder that is there",
    lambda value: _absolute(value) and Path(value).is_dir(),
)
ABSOLUTE = Kind("an absolute path", _absolute)
ANY_FOLDER = Kind(
    "the path of a folder",
    lambda value: bool(value) and "\0" not in value and not Path(value).is_file(),
)
FILE = Kind(
    "the path of a file that is there", lambda value: "\0" not in value and Path(value).is_file()
)
JSON_FILE = Kind("the path of a file with one JSON object", _json_file)
DAY = Kind("a day, YYYY-MM-DD", _day)
DATASET = Kind(
    "up to 128 letters, digits, '.', '_', '-', starting with a letter or digit",
    lambda value: bool(NAME.fullmatch(value)),
)
SUITE = Kind(
    "the name of a suite, or the path of a JSON file that is there",
    lambda value: bool(NAME.fullmatch(value)) or _json_file(value),
)
REDIS = Kind(
    "redis://user:password@host:port/0, rediss:// for TLS, unix://user:password@/path of a "
    "socket; the password percent-encoded",
    _redis,
)
HTTP = Kind("http://host:port or https://…", _url("http", "https"))
MLFLOW = Kind(
    "http://host:port or https://…, with user:password@ where it asks for them",
    _url("http", "https", "mlflow"),
)
AWS = Kind(
    "aws://key:secret@/?region_name=…&endpoint_url=…, or a JSON object",
    lambda value: value.startswith(("aws://", "{")),
)
IMAGES = Kind(
    "an image's name with {environment} in it, as registry/recallflow-{environment}:1.0",
    lambda value: (
        value.count("{environment}") == 1 and bool(re.fullmatch(r"[a-z0-9._:/@{}-]+", value))
    ),
)
KUBERNETES_NAME = Kind(
    "a Kubernetes name: lower-case letters, digits, '-'",
    lambda value: bool(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value)),
)
