"""Waiting for what comes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(passed: Callable[[], Any], seconds: float = 30.0, every: float = 0.05) -> Any:
    """What `passed` gives once it gives anything; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := passed()):
        assert time.monotonic() < deadline, f"it has not come within {seconds:g} s"
        time.sleep(every)
    return found
