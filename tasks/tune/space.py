"""Search spaces: the settings that a study may choose, read from a TOML file."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any, TypeGuard

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import parse, setting
from tasks.core.serving.redis_keys import family_name


@dataclasses.dataclass(frozen=True)
class Range:
    """One setting: a number from `low` to `high`, or one of `choices`.

    The number is whole when both bounds are written whole.
    """

    low: float | None = setting(None, "least")
    high: float | None = setting(None, "greatest")
    log: bool = setting(False, "small values as finely as large ones")
    choices: list[str] = setting([], "names to choose from")
    start: Any = setting(
        None, "the first trial's; the family's own default, so that a study never ends below it"
    )


@dataclasses.dataclass(frozen=True)
class Space:
    """A search space: setting → its distribution, and setting → its value in the first trial."""

    choices: dict[str, BaseDistribution]
    start: dict[str, float | int | str]


def read_space(family: str, file: str | None = None) -> Space:
    """The search space of a family.

    Raises:
        BadRequest: no such file, not TOML, an impossible range, or a start outside its range.
    """
    path = (
        Path(file) if file else Path(__file__).with_name("spaces") / f"{family_name(family)}.toml"
    )
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadRequest(
            f"the search space {path} cannot be read ({error.strerror})", remedy="name a TOML file"
        ) from None
    except ValueError as error:
        raise BadRequest(
            f"the search space {path} is not TOML ({error})", remedy="correct the line"
        ) from None
    if not content:
        raise BadRequest(f"the search space {path} is empty", allowed="one table a setting")
    ranges = {name: _range(f"{path}: {name}", table) for name, table in content.items()}
    choices = {
        name: _distribution(f"{path}: {name}", range_, content[name])
        for name, range_ in ranges.items()
    }
    start = {
        name: _start(f"{path}: {name}", range_.start, choices[name])
        for name, range_ in ranges.items()
        if range_.start is not None
    }
    return Space(choices, start)


def _range(where: str, content: object) -> Range:
    try:
        return parse(Range, content)
    except BadRequest as error:
        raise BadRequest(f"{where}: {error}") from None


def _start(where: str, start: object, choices: BaseDistribution) -> float | int | str:
    if not _inside(start, choices):
        raise BadRequest(f"{where}: the start is not in the range", got=start, allowed=str(choices))
    return start


def _inside(start: object, choices: BaseDistribution) -> TypeGuard[float | int | str]:
    if isinstance(choices, CategoricalDistribution):
        return start in choices.choices
    kinds = int if isinstance(choices, IntDistribution) else (int, float)
    return (
        isinstance(start, kinds)
        and not isinstance(start, bool)
        and choices.low <= start <= choices.high
    )


def _distribution(where: str, range_: Range, content: dict) -> BaseDistribution:
    low, high = range_.low, range_.high
    if range_.choices and low is None and high is None and not range_.log:
        return CategoricalDistribution(tuple(range_.choices))
    if (
        range_.choices
        or low is None
        or high is None
        or not math.isfinite(high - low)
        or not low < high
        or (range_.log and low <= 0)
    ):
        raise BadRequest(
            f"{where}: no such range",
            got=content,
            allowed="choices, or low below high, and above 0 with log",
        )
    whole = all(isinstance(content[name], int) for name in ("low", "high"))
    return (
        IntDistribution(int(low), int(high), log=range_.log)
        if whole
        else FloatDistribution(low, high, log=range_.log)
    )
