"""MLflow's errors, turned into those of the contract, and its URI without the login."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator

from tasks.core.cli.errors import BadRequest, RecallError, Unreachable

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")  # MLflow takes them without a server
DATABRICKS = ("databricks", "databricks-uc", "uc")
OTHER_SCHEMES = ("ftp", "file", "s3", "gs", "tcp", "mlflow", "redis", "postgres")
REFUSED = re.compile(r"failed with error code 40[13]\b")
AWAY = re.compile("Max retries|API request to|Connection")
FAULTS = (
    "INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    "REQUEST_LIMIT_EXCEEDED",
    "DEADLINE_EXCEEDED",
)


def without_login(uri: str) -> str:
    """The URI of a tracking server without user and password.

    Raises:
        BadRequest: another scheme, no host, or an `@` where a password was not percent-encoded.
    """
    scheme, _, rest = uri.partition("://")
    if (
        uri in DATABRICKS
        or scheme in DATABRICKS
        or (scheme.partition("+")[0] in DATABASES and rest)
    ):
        return f"{scheme}://…" if rest else scheme
    if scheme not in ("http", "https") or not rest:
        raise BadRequest(
            "MLFLOW_TRACKING_URI is not the URI of a tracking server",
            got=scheme if scheme in OTHER_SCHEMES else None,
            allowed="http://host:port or https://…",
            remedy="correct it, or the Airflow connection recall_mlflow",
        )
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    address = authority.rpartition("@")[2]
    host, _, port = (
        (address, "", "")
        if address.endswith("]")
        else address.rpartition(":")
        if ":" in address
        else (address, "", "")
    )
    sound = re.fullmatch(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", host) and (
        not port or (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536)
    )
    if "@" in rest[len(authority) :] or not sound or re.search(r"[\s\x00-\x1f\x7f]", rest):
        raise BadRequest(
            "MLFLOW_TRACKING_URI names no host and port that can be read",
            allowed="http://host:port, with user:password@ where it asks for them",
            remedy="percent-encode the password (@ is %40, / is %2F), or set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        )
    return f"{scheme}://{address}"


@contextlib.contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turn what MLflow raises into the errors of the contract: `Unreachable`, which is retried,
    when its server is away or at fault.
    """
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except (requests.exceptions.RequestException, MlflowException) as error:
        meant = _meaning(error)
        if meant is None:
            raise
        raise meant from None  # a cause names the URI, and with it the password


def _meaning(error: Exception) -> RecallError | None:
    """The error of the contract that an error of MLflow stands for; None where it is a fault of
    ours.
    """
    import requests

    text, code = str(error), getattr(error, "error_code", None)
    where = {"got": without_login(os.environ.get("MLFLOW_TRACKING_URI", "").strip())}
    if REFUSED.search(text) or code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return BadRequest(
            "MLflow refused the user or the password, or does not let this user do that",
            **where,
            remedy="correct MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the "
            "Airflow connection recall_mlflow",
        )
    if "must be in the 'active' state" in text:
        return _deleted(text)
    if code == "RESOURCE_DOES_NOT_EXIST":
        return BadRequest(
            f"MLflow does not have what is asked for any more "
            f"({text.partition(': ')[2][:200] or text[:200]})",
            remedy="it was deleted for good: start the training again",
        )
    if (
        isinstance(error, requests.exceptions.RequestException)
        or AWAY.search(text)
        or code in FAULTS
    ):
        return Unreachable(
            f"MLflow does not answer ({type(error).__name__})",
            **where,
            remedy="start it, or see its log; the task retries",
        )
    return None


def _deleted(text: str) -> BadRequest:
    """What MLflow says of a deleted run or experiment."""
    what = re.search(r"The (run|experiment) (\w+)", text)
    kind, id = what.groups() if what else ("run", "")
    return BadRequest(
        f"the MLflow {kind} {id} was deleted",
        remedy=f"restore it (`mlflow {kind}s restore --{kind}-id {id}`), or start the training "
        "again: it begins a run of its own"
        + ("" if kind == "run" else " in the experiment that `experiment` names"),
    )
