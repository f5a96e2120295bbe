"""The batch verdict: a Great Expectations suite over the figures of the batch.

Rows are judged one by one in Spark; Great Expectations judges the batch as a whole, on one row of figures that Spark
aggregated, so its cost does not grow with the data. A suite is a JSON file in Great Expectations' own form; `meta.level` of
an expectation says whether it can fail the batch or only warn.
"""

from __future__ import annotations

import importlib
import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.core.errors import BadRequest, RefusedData

SUITES = Path(__file__).with_name("expectations")
LEVELS = ("fail", "warn")
UNKNOWN = "no history yet"


@dataclass(frozen=True)
class Check:
    """What was expected of a figure and what was seen; `observed` is None, and nothing is held against it, where the data
    is too young for the figure."""

    figure: str
    level: str
    about: str
    expected: str
    observed: float | None
    met: bool

    def __str__(self) -> str:
        observed = f": {UNKNOWN}" if self.observed is None else f" is {self.observed:.6g}"
        return f"{self.figure}{observed}, expected {self.expected}"


def load(name: str) -> dict:
    """A suite by its name or by the path of its file.

    Raises:
        BadRequest: there is none, it is not JSON, or an expectation lacks its type, its figure or its level.
    """
    path = Path(name) if "/" in name else SUITES / f"{name}.json"
    if not path.is_file():
        raise BadRequest("expectations: there is no such suite", got=name,
                         allowed=f"one of {', '.join(sorted(p.stem for p in SUITES.glob('*.json')))}, or the path of a JSON file")
    try:
        suite = json.loads(path.read_text())
        expectations = suite["expectations"]
        for at, one in enumerate(expectations):
            if not isinstance(one["type"], str) or not one["kwargs"]["column"] or one["meta"]["level"] not in LEVELS:
                raise ValueError(f"expectation {at}: meta.level must be one of {', '.join(LEVELS)}")
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"expectations: {path} is not a suite ({error!r})",
                         allowed='{"expectations": [{"type", "kwargs": {"column", …}, "meta": {"level", "about"}}]}') from None
    return suite


def preload() -> threading.Thread:
    """Start importing Great Expectations (seconds of Python) while Spark starts (seconds of Java)."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # nothing of the data's shape leaves the machine
    thread = threading.Thread(target=importlib.import_module, args=("great_expectations",), daemon=True)
    thread.start()
    return thread


def judge(figures: dict, suite: dict) -> list[Check]:
    """Every expectation of the suite against the figures, in the suite's order.

    Args:
        figures: by name: a number, or None where there is not enough history for one; anything else is no figure.

    Raises:
        BadRequest: the suite speaks of a figure or of an expectation that does not exist.
    """
    numbers = {name: value for name, value in figures.items() if value is None or isinstance(value, (int, float))}
    for one in suite["expectations"]:
        if one["kwargs"]["column"] not in numbers:
            raise BadRequest("expectations: there is no such figure", got=one["kwargs"]["column"],
                             allowed=f"one of {', '.join(numbers)}")
    results = _validate(numbers, suite)
    return [_check(one, numbers[one["kwargs"]["column"]], results.get(nth)) for nth, one in enumerate(suite["expectations"])]


def _validate(numbers: dict, suite: dict) -> dict:
    """What Great Expectations says of the expectations whose figures are known, by their place in the suite.

    All of the suite is built first, so that what cannot be understood is found on the first day, not when there is history.
    """
    preload().join()
    import great_expectations as gx
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    placed = [one | {"meta": one["meta"] | {"nth": nth}} for nth, one in enumerate(suite["expectations"])]
    _build(gx, placed)
    expectations = [one for one in placed if numbers[one["kwargs"]["column"]] is not None]
    if not expectations:
        return {}
    known = pd.DataFrame([{name: value for name, value in numbers.items() if value is not None}])
    asset = context.data_sources.add_pandas("figures").add_dataframe_asset("batch")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": known})
    results = batch.validate(_build(gx, expectations)).results  # in an order of its own
    return {result.expectation_config.meta["nth"]: result for result in results}


def _build(gx, asked: list[dict]):
    built = gx.ExpectationSuite(name="suite", expectations=asked)
    if len(built.expectations) != len(asked):  # what it does not understand, it drops without a word
        understood = {one.expectation_type for one in built.expectations}
        strange = [one["type"] for one in asked if one["type"] not in understood]
        raise BadRequest("expectations: Great Expectations does not understand all of the suite", got=strange or asked,
                         remedy="correct the type or the kwargs; its own message stands in the log")
    return built


def _check(asked: dict, observed: float | None, result) -> Check:
    meta, expected = asked["meta"], _expected(asked["type"], asked["kwargs"])
    known = (None, True) if observed is None else (float(observed), _met(result))
    return Check(asked["kwargs"]["column"], meta["level"], meta.get("about", ""), expected, *known)


def _met(result) -> bool:
    config, told = result.expectation_config, result.exception_info or {}
    if told.get("raised_exception") or any(isinstance(one, dict) and one.get("raised_exception") for one in told.values()):
        raise BadRequest(f"expectations: {config.type} cannot be evaluated", got=config.kwargs, remedy="correct the suite")
    return bool(result.success)


def _expected(type: str, kwargs: dict) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None and high is None:
        rest = {name: value for name, value in kwargs.items() if name != "column"}
        return f"{type.removeprefix('expect_column_').replace('_', ' ')} {json.dumps(rest)}"
    return f"{low:g} to {high:g}" if None not in (low, high) else (f"at least {low:g}" if high is None else f"at most {high:g}")


def decide(checks: list[Check]) -> list[str]:
    """The warnings, when nothing fails.

    Raises:
        RefusedData: an expectation of level `fail` is not met.
    """
    failed = [check for check in checks if not check.met and check.level == "fail"]
    if failed:
        raise RefusedData("the batch is refused: " + "; ".join(f"{check} ({check.about})" for check in failed),
                          remedy="look at the source of this day; nothing was written and nothing downstream starts")
    return [str(check) for check in checks if not check.met]


def plain(checks: list[Check]) -> list[dict]:
    """For the manifest."""
    return [asdict(check) for check in checks]
