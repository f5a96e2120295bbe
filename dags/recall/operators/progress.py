"""Publishes a task's progress in Airflow's store of task states, under the key `progress`."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

KEY = "progress"
# Seconds until the next write, after one that succeeded and after one that failed.
INTERVAL_SECONDS, RETRY_SECONDS = (
    10.0,
    60.0,
)  # seconds after one was written, and after one could not be
RETENTION = timedelta(days=1)


class ProgressWriter(threading.Thread):
    """Writes the newest line of progress, in a thread of its own, so that neither the stage nor its
    log waits for Airflow's API.

    Args:
        store: the context's `task_state_store`; None: nothing is written.
    """

    def __init__(self, store: Any, log: Any) -> None:
        super().__init__(daemon=True)
        self.store, self.log = store, log
        self._newest, self._warned = "", False
        self._new, self._over = threading.Event(), threading.Event()

    def show(self, text: str) -> None:
        """Write this line soon, unless a newer one comes first."""
        self._newest = text
        self._new.set()

    def run(self) -> None:
        while self._new.wait() and not self._over.is_set():
            self._new.clear()
            self._over.wait(INTERVAL_SECONDS if self._write(self._newest) else RETRY_SECONDS)

    def _write(self, text: str) -> bool:
        try:
            self.store.set(KEY, text, retention=RETENTION)
            return True
        except (
            Exception
        ) as error:  # whatever it is: a task does not fail because its progress cannot be shown
            if not self._warned:
                self.log.warning("how far this task is cannot be shown: %s; it goes on", error)
            self._warned = True
            return False

    def __enter__(self) -> ProgressWriter:
        if self.store is not None:
            self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._new.set()
        if self.is_alive():
            self.join()  # a write under way must not arrive after the task's end
