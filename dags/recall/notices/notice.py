"""The notifier that tasks carry."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

from airflow.sdk import BaseNotifier

log = logging.getLogger(__name__)


class Notice(BaseNotifier):
    """Notifies people of a task's end or question.

    Args:
        kind: failure, hold, ask, promotion or rollback.
        only: from the task's context to whether a notification is sent; None: always.
    """

    def __init__(self, kind: str, only: Callable[[Any], bool] | None = None) -> None:
        super().__init__()
        self.kind, self.only = kind, only

    def notify(self, context: Any) -> None:
        """Send the notification; an error while sending is logged, never raised."""
        from recall.notices import channels, messages

        if self.only is None or self.only(context):
            deliver(
                self.kind,
                lambda: messages.task_notification(self.kind, context),
                channels.connection,
            )

    def __repr__(self) -> str:
        return f"Notice({self.kind!r})"


def deliver(kind: str, write: Callable[[], Any], find_connection: Callable[[], Any]) -> str | None:
    """Write a notification and send it; returns the channel.

    Secrets that Airflow knows are masked. Where sending fails, the result is None and the log has
    the notification and the reason, but no address: an address may hold a secret.

    Args:
        kind: of the notification.
        write: makes the `Notification`.
        find_connection: finds the connection; None: the log.
    """
    from recall.notices import channels

    notification = None
    try:
        notification = write()
        notification = dataclasses.replace(
            notification, **mask_secrets(dataclasses.asdict(notification))
        )
        return channels.send(notification, find_connection())
    except Exception as error:  # a notification never fails the task it is about
        reason = (
            type(error).__name__
            if "http" in type(error).__module__
            else f"{type(error).__name__}: {mask_secrets({'text': str(error)})['text']}"
        )
        log.warning(
            "the notice of a %s could not be sent (%s)%s",
            kind,
            reason,
            f"; it said: {notification.text()}" if notification else "",
        )
        return None


def mask_secrets(fields: dict[str, Any]) -> dict[str, Any]:
    """The same fields without the secrets that Airflow knows."""
    from airflow.sdk.log import mask_logs

    return dict(mask_logs(log, "warning", fields))
