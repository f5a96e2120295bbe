"""The base of every family's `fit` request."""

from __future__ import annotations

import dataclasses
from typing import Any

from tasks.core.cli.request import setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrackedRequest:
    """The seed of one training and where it is recorded; a family's `FitRequest` adds what it
    learns from.
    """

    seed: int = setting(
        0, "Of everything that the training draws at random.", minimum=0, maximum=2**31 - 1
    )
    track: bool = setting(
        True, "Record the training in MLflow and register the model as challenger."
    )
    experiment: str = setting("recall", "MLflow experiment.")
    origin: dict[str, Any] = setting({}, "Who asked: dag_id, run_id, task_id, url.")
