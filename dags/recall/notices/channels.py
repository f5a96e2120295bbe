"""Where notices go: the Airflow connection `recall_notices` says so by its type.

| type | goes to | of the connection |
|---|---|---|
| none, or `generic` | the task's log | |
| `smtp`, `email` | e-mail | host, port, login, password; extra: `to` (addresses), `from_email`,
`disable_ssl`, `disable_tls` | | `http`, `https` | a webhook, as JSON with a `text` that chat
programs show | the address; a password becomes a bearer token |
"""

from __future__ import annotations

import logging

import httpx
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

from recall.notices.messages import Told

NAME, PATIENCE_SECONDS = "recall_notices", 10.0
QUIET = ("promotion", "rollback")
log = logging.getLogger(__name__)


class Mail(SmtpHook):
    """The provider's hook on a connection that was read already, and not for long: a notice may not
    hold up a worker.
    """

    timeout = int(PATIENCE_SECONDS)
    smtp_retry_limit = 0

    def __init__(self, at: Connection) -> None:
        super().__init__(at.conn_id)
        self.at = at

    def get_connection(self, conn_id: str) -> Connection:  # type: ignore[override]
        return self.at


def send(told: Told, at: Connection | None) -> str:
    """Send a notice by this connection, or to the log where there is none; returns which channel
    that was.

    Raises:
        ValueError: the connection is of another type, or names no address.
        httpx.HTTPError, OSError, AirflowException: the channel does not take it.
    """
    kind = at.conn_type if at else "log"
    if kind in ("log", "generic"):
        log.log(logging.INFO if told.kind in QUIET else logging.WARNING, "notice: %s", told.text())
        return "log"
    if kind in ("smtp", "email"):
        _mail(at, told)
    elif kind in ("http", "https"):
        _post(at, told)
    else:
        raise ValueError(
            f"the connection {NAME} is of the type {kind!r}; allowed are smtp, http and https, "
            f"or no connection at all for the log"
        )
    return kind


def connection() -> Connection | None:
    """The connection, or None where there is none. In a task."""
    try:
        return Connection.get(NAME)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None


async def connection_of_triggerer() -> Connection | None:
    """The same, in the triggerer."""
    try:
        return await Connection.async_get(NAME)
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None


def _mail(at: Connection, told: Told) -> None:
    to = at.extra_dejson.get("to")
    if not to:
        raise ValueError(
            f'the connection {NAME} names nobody to write to: put {{"to": '
            f'["oncall@example.com"]}} into its extra'
        )
    with Mail(at) as hook:
        hook.send_email_smtp(
            to=to,
            from_email=at.extra_dejson.get("from_email") or "recallflow@localhost",
            subject=f"[recall] {told.title}",
            html_content=told.html(),
        )


def _post(at: Connection, told: Told) -> None:
    host = at.host or ""
    address = (
        host
        if "://" in host
        else f"{at.schema if at.schema in ('http', 'https') else at.conn_type}://{host}"
    )
    if at.port:
        scheme, _, rest = address.partition("://")
        place, slash, path = rest.partition("/")
        address = f"{scheme}://{place}:{at.port}{slash}{path}"
    address += at.extra_dejson.get("path", "")
    headers = {"Authorization": f"Bearer {at.password}"} if at.password else {}
    httpx.post(
        address, json=told.plain(), headers=headers, timeout=PATIENCE_SECONDS
    ).raise_for_status()
