"""Blocking reads, in threads of the console's own, and never for longer than the page waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from recall_console.settings import TIMEOUT_SECONDS, Unavailable

THREADS, MAX_WAITING = 8, 32  # reads at a time, and reads that wait for a thread
# A disk that hangs holds these threads, and none of Airflow's own.
READERS = ThreadPoolExecutor(THREADS, thread_name_prefix="recall-console")
SLOTS = threading.BoundedSemaphore(THREADS + MAX_WAITING)


async def run_blocking(read: Callable[..., Any], *arguments: Any) -> Any:
    """The result of a blocking read, in a thread.

    A read that takes too long keeps its slot until it ends: a disk that hangs cannot pile up reads.

    Raises:
        Unavailable: it takes longer than the page waits, or too many wait already.
    """
    if not SLOTS.acquire(blocking=False):
        raise Unavailable("too many reads of the store are waiting; look again in a moment")
    try:
        future = READERS.submit(read, *arguments)
    except RuntimeError:  # the server is shutting down
        SLOTS.release()
        raise
    future.add_done_callback(lambda _: SLOTS.release())
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(future)), TIMEOUT_SECONDS)
    except TimeoutError:
        raise Unavailable(
            f"the store or Airflow's database does not answer within {TIMEOUT_SECONDS:g} s"
        ) from None
