"""The notifier that tasks carry."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any

from airflow.sdk import BaseNotifier

log = logging.getLogger(__name__)


class Notice(BaseNotifier):
    """Tells people what became of a task.

    Args:
        kind: failure, hold, ask, promotion or rollback.
        only: whether there is anything to tell; None: always.
    """

    def __init__(self, kind: str, only: Callable[[Any], bool] | None = None) -> None:
        super().__init__()
        self.kind, self.only = kind, only

    def notify(self, context: Any) -> None:
        """Tell it, whatever happens to the telling."""
        from recall.notices import channels, messages

        if self.only is None or self.only(context):
            deliver(self.kind, lambda: messages.of_task(self.kind, context), channels.connection)

    def __repr__(self) -> str:
        return f"Notice({self.kind!r})"


def deliver(kind: str, say: Callable[[], Any], by: Callable[[], Any]) -> str | None:
    """Send what `say` makes by the connection that `by` finds; returns the channel.

    Where that goes wrong it is None, and the log has the notice and the reason, but no address:
    that may hold a secret.
    """
    from airflow.sdk._shared.secrets_masker import redact

    from recall.notices import channels

    said = None
    try:
        said = say()
        said = dataclasses.replace(
            said, **redact(dataclasses.asdict(said))
        )  # whatever Airflow knows as a secret
        return channels.send(said, by())
    except Exception as error:  # a notice never fails what it speaks of
        why = (
            type(error).__name__
            if "http" in type(error).__module__
            else f"{type(error).__name__}: {redact(str(error))}"
        )
        log.warning(
            "the notice of a %s could not be sent (%s)%s",
            kind,
            why,
            f"; it said: {said.text()}" if said else "",
        )
        return None
