"""Sends notifications to the channel that the Airflow connection `recall_notices` names by its
type.

no connection, or `generic`    the task's log
`smtp`, `email`                an e-mail: host, port, login, password; in the extra `to`
                               (addresses), `from_email`, `disable_ssl`, `disable_tls`
`http`, `https`                a webhook: JSON with a `text` that chat programs show, to the
                               connection's address; a password becomes a bearer token
"""

from __future__ import annotations

import logging

import httpx
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from recall.notices.messages import Notification

CONNECTION, TIMEOUT_SECONDS = "recall_notices", 10.0
INFO_KINDS = ("promotion", "rollback")
log = logging.getLogger(__name__)


class MailHook(SmtpHook):
    """The provider's hook on a connection that is read already, with a short timeout: a
    notification must not hold up a worker.
    """

    timeout = int(TIMEOUT_SECONDS)
    smtp_retry_limit = 0

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.conn_id)
        self.read_connection = connection

    def get_connection(self, conn_id: str) -> Connection:
        return self.read_connection


def send(notification: Notification, connection: Connection | None) -> str:
    """Send a notification by this connection, or to the log where there is none.

    Returns the channel: log, smtp, email, http or https.

    Raises:
        ValueError: the connection is of another type, or names no address.
        httpx.HTTPError, OSError, AirflowException: the channel does not take it.
    """
    kind = connection.conn_type if connection else "log"
    if connection is None or kind in ("log", "generic"):
        log.log(
            logging.INFO if notification.kind in INFO_KINDS else logging.WARNING,
            "notice: %s",
            notification.text(),
        )
        return "log"
    if kind in ("smtp", "email"):
        _mail(connection, notification)
    elif kind in ("http", "https"):
        _post(connection, notification)
    else:
        raise ValueError(
            f"the connection {CONNECTION} is of the type {kind!r}; allowed are smtp, http and "
            "https, or no connection at all for the log"
        )
    return kind


def connection() -> Connection | None:
    """In a task: the connection; None where there is none."""
    try:
        return Connection.get(CONNECTION)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None


async def connection_in_triggerer() -> Connection | None:
    """In the triggerer: the connection; None where there is none."""
    try:
        return await Connection.async_get(CONNECTION)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None


def _mail(connection: Connection, notification: Notification) -> None:
    to = connection.extra_dejson.get("to")
    if not to:
        raise ValueError(
            f'the connection {CONNECTION} names nobody to write to: put {{"to": '
            f'["oncall@example.com"]}} into its extra'
        )
    with MailHook(connection) as hook:
        hook.send_email_smtp(
            to=to,
            from_email=connection.extra_dejson.get("from_email") or "recallflow@localhost",
            subject=f"[recall] {notification.title}",
            html_content=notification.html(),
        )


def _post(connection: Connection, notification: Notification) -> None:
    host = connection.host or ""
    scheme = connection.schema if connection.schema in ("http", "https") else connection.conn_type
    address = host if "://" in host else f"{scheme}://{host}"
    if connection.port:
        scheme, _, rest = address.partition("://")
        netloc, slash, path = rest.partition("/")
        address = f"{scheme}://{netloc}:{connection.port}{slash}{path}"
    address += connection.extra_dejson.get("path", "")
    headers = {"Authorization": f"Bearer {connection.password}"} if connection.password else {}
    httpx.post(
        address, json=notification.to_json(), headers=headers, timeout=TIMEOUT_SECONDS
    ).raise_for_status()
