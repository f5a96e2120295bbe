"""Buckets through pyarrow, and what their faults mean. Keys and region come as usual: AWS_*, a
profile, a role.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from tasks.core.cli.errors import BadRequest, RecallError, Unreachable

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

T = TypeVar("T")
TRIES, CONNECT_SECONDS = 3, 5
LOCAL_DISK_ERRNOS = (
    28,
    122,
    30,
    5,
)  # no space, quota, read-only, input/output: this machine's disk, not the store
DENIED = {
    "ACCESS_DENIED",
    "INVALID_ACCESS_KEY_ID",
    "SIGNATURE_DOES_NOT_MATCH",
    "INVALID_SIGNATURE",
    "EXPIRED_TOKEN",
    "INVALID_TOKEN",
    "INVALID_CLIENT_TOKEN_ID",
    "UNRECOGNIZED_CLIENT",
    "MISSING_AUTHENTICATION_TOKEN",
    "HTTP 401",
    "HTTP 403",
}
WRONG_ENDPOINT_CODES = {
    "HTTP 301",
    "HTTP 307",
    "HTTP 400",
    "AUTHORIZATION_HEADER_MALFORMED",
    "PERMANENT_REDIRECT",
}


def filesystem() -> S3FileSystem:
    """The object store that AWS_ENDPOINT_URL names, or AWS itself; paths are `bucket/key`."""
    return _system(
        _endpoint(),
        _region(),
        tuple(sorted(pair for pair in os.environ.items() if pair[0].startswith("AWS_"))),
    )


@functools.lru_cache(maxsize=4)
def _system(endpoint: str | None, region: str | None, settings: tuple[Any, ...]) -> S3FileSystem:
    try:
        from pyarrow import fs
    except ImportError:
        raise BadRequest("a store on S3 needs pyarrow", remedy="pip install pyarrow") from None

    return fs.S3FileSystem(
        endpoint_override=endpoint,
        region=region,
        connect_timeout=CONNECT_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
    )


def call(path: str, what: Callable[[], T]) -> T:
    """The answer of one request about `path`; a failure is raised as one of the contract's
    errors.
    """
    try:
        return what()
    except OSError as error:
        if error.errno in LOCAL_DISK_ERRNOS:
            raise
        raise request_error(error, path) from error


def request_error(error: OSError, path: str) -> RecallError:
    """The error of the contract for a failed request. Its message has the service's code, never the
    whole answer, which may hold what was signed.
    """
    code, uri = _code(str(error)), f"s3://{path}"
    if code in DENIED:
        return BadRequest(
            f"the object store refuses access ({code})",
            got=uri,
            remedy="check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN or the "
            "role of this machine, "
            "and that it may list the bucket and read its objects",
        )
    if isinstance(error, FileNotFoundError):
        return Unreachable(
            "this object is gone since it was listed", got=uri, remedy="run it again"
        )
    if code == "VALIDATION":
        return BadRequest(
            "the address of the object store is none",
            got=_shown(),
            allowed="AWS_ENDPOINT_URL=https://host:port",
        )
    if code == "NO_SUCH_BUCKET":
        return no_bucket(uri)
    if code in WRONG_ENDPOINT_CODES:
        return BadRequest(
            f"the bucket is not in this region ({code})",
            got=f"{uri}, AWS_REGION={_region()!r}",
            remedy="set AWS_REGION to the bucket's region, and AWS_ENDPOINT_URL if it is not "
            "at AWS",
        )
    return Unreachable(
        f"the object store does not answer ({code})",
        got=f"{uri} at {_shown()}",
        remedy="check AWS_ENDPOINT_URL and the network, then run it again",
    )


def no_bucket(uri: str) -> BadRequest:
    """For a bucket that the object store does not have."""
    return BadRequest(
        "there is no such bucket",
        got=uri,
        remedy="correct the path, or set AWS_ENDPOINT_URL to the store that has it",
    )


def _code(text: str) -> str:
    named, status = re.search(r"AWS Error ([A-Z_]+)", text), re.search(r"HTTP status (\d{3})", text)
    if named and named[1] != "UNKNOWN":
        return named[1]
    return f"HTTP {status[1]}" if status else "no code"


def _region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _endpoint() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _shown() -> str:
    """The address asked, without a user or a password that may stand in it."""
    return re.sub(r"//[^/@]*@", "//", _endpoint() or "AWS")
