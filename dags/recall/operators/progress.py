"""What a running task says of how far it is, where everybody can read it: in Airflow's store of
task states, under the key `progress`.
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

KEY = "progress"
EVERY, AWAY = 10.0, 60.0  # seconds after one was written, and after one could not be
KEPT = timedelta(days=1)


class Shown(threading.Thread):
    """Writes the newest line that it is given, in a thread of its own: neither the stage nor what
    it says to the log waits for Airflow's API.

    Args:
        store: the context's `task_state_store`; None: nothing is written.
    """

    def __init__(self, store: Any, log: Any) -> None:
        super().__init__(daemon=True)
        self.store, self.log = store, log
        self._newest, self._told = "", False
        self._new, self._over = threading.Event(), threading.Event()

    def show(self, text: str) -> None:
        """Have this line written soon, unless a newer one comes before."""
        self._newest = text
        self._new.set()

    def run(self) -> None:
        while self._new.wait() and not self._over.is_set():
            self._new.clear()
            self._over.wait(EVERY if self._write(self._newest) else AWAY)

    def _write(self, text: str) -> bool:
        try:
            self.store.set(KEY, text, retention=KEPT)
            return True
        except Exception as error:  # whatever it is: a task does not end for want of an audience
            if not self._told:
                self.log.warning("how far this task is cannot be shown: %s; it goes on", error)
            self._told = True
            return False

    def __enter__(self) -> Shown:
        if self.store is not None:
            self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._over.set()
        self._new.set()
        if self.is_alive():
            self.join()  # what is on its way must not arrive after the task's end
