"""The batch verdict: a Great Expectations suite over the figures of the batch.

Rows are judged one by one in Spark; Great Expectations judges the batch as a whole, on one row of
figures that Spark aggregated, so its cost does not grow with the data. A suite is a JSON file in
Great Expectations' own form; `meta.level` of an expectation says whether it can fail the batch or
only warn, and `meta.first`, where it is given, what it does instead on the first snapshot of a data
set.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.ingest.assess import great_expectations
from tasks.ingest.assess.great_expectations import preload

__all__ = ["Check", "as_dicts", "check", "load", "preload", "refuse_or_warn"]

SUITES = Path(__file__).parents[1] / "expectations"
LEVELS = ("fail", "warn")
UNKNOWN = "no history yet"


@dataclass(frozen=True)
class Check:
    """An expectation of one figure, and the figure.

    `observed` is None, and `met` true, if the data is too young for the figure.
    """

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
        BadRequest: there is none, it is not JSON, or an expectation lacks its type, its figure or
            its level.
    """
    path = Path(name) if "/" in name else SUITES / f"{name}.json"
    if not path.is_file():
        raise BadRequest(
            "expectations: there is no such suite",
            got=name,
            allowed=f"one of {', '.join(sorted(p.stem for p in SUITES.glob('*.json')))}, or "
            f"the path of a JSON file",
        )
    try:
        suite = json.loads(path.read_text())
        expectations = suite["expectations"]
        for at, one in enumerate(expectations):
            if (
                not isinstance(one["type"], str)
                or not one["kwargs"]["column"]
                or not {*_levels(one["meta"])} <= {*LEVELS}
            ):
                raise ValueError(
                    f"expectation {at}: meta.level and meta.first must be of {', '.join(LEVELS)}"
                )
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(
            f"expectations: {path} is not a suite ({error!r})",
            allowed='{"expectations": [{"type", "kwargs": {"column", …}, "meta": {"level", '
            '"about"}}]}',
        ) from None
    return suite


def _levels(meta: dict) -> tuple[str, str]:
    """On any day, and on the first snapshot of a data set."""
    return meta["level"], meta.get("first", meta["level"])


def check(figures: dict, suite: dict, first: bool = False) -> list[Check]:
    """Every expectation of the suite against the figures, in the suite's order.

    Args:
        figures: by name: a number, or None where there is not enough history for one; anything else
            is no figure.
        first: this is the first snapshot of the data set.

    Raises:
        BadRequest: the suite speaks of a figure or of an expectation that does not exist.
    """
    numbers = {
        name: value
        for name, value in figures.items()
        if value is None or isinstance(value, (int, float))
    }
    for one in suite["expectations"]:
        if one["kwargs"]["column"] not in numbers:
            raise BadRequest(
                "expectations: there is no such figure",
                got=one["kwargs"]["column"],
                allowed=f"one of {', '.join(numbers)}",
            )
    met = great_expectations.validate(numbers, suite)
    checks = []
    for nth, one in enumerate(suite["expectations"]):
        figure, meta = one["kwargs"]["column"], one["meta"]
        number = numbers[figure]
        observed, is_met = (None, True) if number is None else (float(number), met[nth])
        checks.append(
            Check(
                figure,
                _levels(meta)[first],
                meta.get("about", ""),
                _describe_expectation(one["type"], one["kwargs"]),
                observed,
                is_met,
            )
        )
    return checks


def _describe_expectation(type: str, kwargs: dict) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None and high is None:
        rest = {name: value for name, value in kwargs.items() if name != "column"}
        return f"{type.removeprefix('expect_column_').replace('_', ' ')} {json.dumps(rest)}"
    return (
        f"{low:g} to {high:g}"
        if None not in (low, high)
        else (f"at least {low:g}" if high is None else f"at most {high:g}")
    )


def refuse_or_warn(checks: list[Check]) -> list[str]:
    """The warnings, when nothing fails.

    Raises:
        RefusedData: an expectation of level `fail` is not met.
    """
    failed = [check for check in checks if not check.met and check.level == "fail"]
    if failed:
        raise RefusedData(
            "the batch is refused: " + "; ".join(f"{check} ({check.about})" for check in failed),
            remedy="look at the source of this day; nothing was written and nothing downstream "
            "starts",
        )
    return [str(check) for check in checks if not check.met]


def as_dicts(checks: list[Check]) -> list[dict]:
    """For the manifest."""
    return [asdict(check) for check in checks]
