"""Great Expectations, asked about one row of figures."""

from __future__ import annotations

import importlib
import os
import threading
import time

from tasks.core.cli.errors import BadRequest

_TOOK: list[float] = []


def preload() -> threading.Thread:
    """Start to import Great Expectations, which takes seconds, while Spark starts."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # nothing of the data's shape leaves the machine
    thread = threading.Thread(target=_import, daemon=True)
    thread.start()
    return thread


def _import() -> None:
    begun = time.thread_time()
    importlib.import_module("great_expectations")
    _TOOK.append(time.thread_time() - begun)


def import_seconds() -> float:
    """Seconds of processor time that the import took."""
    return sum(_TOOK)


def validate(numbers: dict, suite: dict) -> dict[int, bool]:
    """Validate the figures: index of the expectation in the suite → whether it is met.

    Expectations of unknown figures are left out.

    All of the suite is built first, so that what cannot be understood is found on the first day,
    not when there is history.
    """
    preload().join()
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    placed = [
        one | {"meta": one["meta"] | {"nth": nth}} for nth, one in enumerate(suite["expectations"])
    ]
    _build(gx, placed)
    expectations = [one for one in placed if numbers[one["kwargs"]["column"]] is not None]
    if not expectations:
        return {}
    known = pd.DataFrame([{name: value for name, value in numbers.items() if value is not None}])
    asset = context.data_sources.add_pandas("figures").add_dataframe_asset("batch")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": known})
    results = batch.validate(_build(gx, expectations)).results  # in an order of its own
    return {result.expectation_config.meta["nth"]: _met(result) for result in results}


def _build(gx, wanted: list[dict]):
    built = gx.ExpectationSuite(name="suite", expectations=wanted)
    if len(built.expectations) != len(
        wanted
    ):  # what it does not understand, it drops without a word
        understood = {one.expectation_type for one in built.expectations}
        strange = [one["type"] for one in wanted if one["type"] not in understood]
        raise BadRequest(
            "expectations: Great Expectations does not understand all of the suite",
            got=strange or wanted,
            remedy="correct the type or the kwargs; its own message stands in the log",
        )
    return built


def _met(result) -> bool:
    config, exceptions = result.expectation_config, result.exception_info or {}
    if exceptions.get("raised_exception") or any(
        isinstance(one, dict) and one.get("raised_exception") for one in exceptions.values()
    ):
        raise BadRequest(
            f"expectations: {config.type} cannot be evaluated",
            got=config.kwargs,
            remedy="correct the suite",
        )
    return bool(result.success)
