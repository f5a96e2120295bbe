"""Addresses, paths and limits of the console, from the environment or from Airflow's connections.
Each is read when it is needed.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 0.9  # for a source that may be down: the page answers within a second


class NotFound(Exception):
    """Nothing has this name."""


class Unavailable(Exception):
    """A service does not answer, or is not set up; its panel shows the text."""


def store() -> Path:
    """The folder of the store: RECALL_CONSOLE_STORE where the store itself is in a bucket and
    mounted, else RECALL_STORE.

    Raises:
        Unavailable: it is not set, or no folder of this machine.
    """
    uri = os.environ.get("RECALL_CONSOLE_STORE") or os.environ.get("RECALL_STORE", "")
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise Unavailable(
            f"RECALL_STORE is {uri or 'not set'}; the console reads a folder, "
            f"file:///srv/recall: mount a bucket and name its folder in "
            "RECALL_CONSOLE_STORE"
        )
    folder = Path(unquote(parts.path))
    if not folder.is_dir():
        raise Unavailable(
            f"there is no folder {folder}; nothing was written yet, or the store is not "
            f"mounted where the API server runs"
        )
    return folder


def dataset() -> str:
    """The name of the data set, from RECALL_DATASET."""
    return os.environ.get("RECALL_DATASET", "ml-100k")


def document_bytes() -> int:
    """The largest file of the store that is read or sent, from RECALL_DOCUMENT_MB."""
    try:
        return int(float(os.environ.get("RECALL_DOCUMENT_MB") or 16) * 2**20)
    except ValueError:
        raise Unavailable(
            f"RECALL_DOCUMENT_MB is {os.environ['RECALL_DOCUMENT_MB']!r}; a number of "
            f"megabytes is wanted"
        ) from None


def target_hours() -> float:
    """How old what is live may be, in hours after the end of its day, from
    RECALL_FRESHNESS_HOURS.
    """
    try:
        return float(os.environ.get("RECALL_FRESHNESS_HOURS") or 48)
    except ValueError:
        raise Unavailable(
            f"RECALL_FRESHNESS_HOURS is {os.environ['RECALL_FRESHNESS_HOURS']!r}; a number of "
            f"hours is wanted"
        ) from None


def is_replayed() -> bool:
    """Whether the data set has ended and is replayed: its newest day, not the clock, then gives the
    ages.
    """
    return bool(os.environ.get("RECALL_LAST_DAY"))


def interpreter() -> Path:
    """The Python of the environment that the reader runs in."""
    return (
        Path(os.environ.get("RECALL_ENVIRONMENTS") or ROOT / ".recall" / "environments")
        / "serve"
        / "bin"
        / "python"
    )


def airflow_path() -> str:
    """The path that Airflow stands behind: empty, or as `/airflow`."""
    from airflow.configuration import conf

    return urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")


def connection(name: str):
    """An Airflow connection, or None where there is none."""
    from airflow.exceptions import AirflowNotFoundException
    from airflow.models.connection import Connection

    try:
        return Connection.get_connection_from_secrets(name)
    except AirflowNotFoundException:
        return None


def mlflow() -> tuple[str, tuple[str, str] | None]:
    """The address of the tracking server, and user and password if it wants them.

    Raises:
        Unavailable: the connection recall_mlflow is not set.
    """
    at = connection("recall_mlflow")
    if at is None:
        raise Unavailable("there is no Airflow connection recall_mlflow")
    address = f"{at.schema or at.conn_type or 'http'}://{at.host}" + (
        f":{at.port}" if at.port else ""
    )
    return address, (at.login, at.password or "") if at.login else None


def mlflow_page() -> str:
    """The address by which a browser knows MLflow."""
    return (os.environ.get("RECALL_MLFLOW_PAGE") or mlflow()[0]).rstrip("/")


def redis_url() -> str:
    """Where what is live is asked for.

    Raises:
        Unavailable: the connection recall_redis is not set, or is no URL; Airflow's own
            message would show a piece of the password.
    """
    try:
        at = connection("recall_redis")
    except ValueError:
        raise Unavailable(
            "the Airflow connection recall_redis is no URL; percent-encode its password (@ is "
            "%40, / %2F, [ %5B)"
        ) from None
    if at is None:
        raise Unavailable("there is no Airflow connection recall_redis")
    return at.get_uri()
