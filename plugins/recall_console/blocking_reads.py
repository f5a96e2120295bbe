"""Blocking reads, in threads of the console's own, and never for longer than the page waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from recall_console.settings import PATIENCE, Away

READERS = ThreadPoolExecutor(
    8, thread_name_prefix="recall-console"
)  # a disk that hangs holds these, and none of Airflow's own threads
AT_ONCE = 32  # reads that wait for one of them


async def within(read: Callable[..., Any], *given: Any) -> Any:
    """What a blocking read returns, in a thread.

    Raises:
        Away: it takes longer than the page waits, or too many wait already.
    """
    if READERS._work_queue.qsize() > AT_ONCE:
        raise Away("too many reads of the store are waiting; look again in a moment")
    try:
        return await asyncio.wait_for(
            asyncio.get_running_loop().run_in_executor(READERS, read, *given), PATIENCE
        )
    except TimeoutError:
        raise Away(
            f"the store or Airflow's database does not answer within {PATIENCE:g} s"
        ) from None
