"""The meaning of values, by a sample of them: the unit of times, and ids that are numbers.

Spark applies the same rules to every row (`row_checks`); here they serve to find out, and to show a
few rows before anything starts.
"""

from __future__ import annotations

import datetime
import decimal
import re
from collections import Counter
from collections.abc import Iterable

from tasks.core.cli.errors import RefusedData

# From 1980 to 2100 no two units of time can be confused: a year is written with three digits more
# in the next finer one.
FIRST_SECOND, LAST_SECOND = 315_532_800, 4_102_444_800
UNITS = {
    "seconds": 1,
    "milliseconds": 1000,
    "microseconds": 1_000_000,
    "nanoseconds": 1_000_000_000,
}
NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?([eE][-+]?[0-9]{1,2})?")
WITH_POINT = re.compile(r"[-+]?[0-9]+\.0*")
ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DIGITS = re.compile(
    r"(19[89]|20[0-9])[0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([01][0-9][0-5][0-9][0-5][0-9]|2[0-3][0-5][0-9][0-5][0-9])?"
)
FORMATS = (
    "2020-09-13, 2020-09-13T12:26:40Z, 20200913, 20200913122640, or a number of seconds, "
    "milliseconds, microseconds or nanoseconds since 1970"
)
OTHER_DIGITS = re.compile(
    r"(19[89]|20[0-9])[0-9](0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])([0-9]{4}|[0-9]{9})"
)  # without seconds, or with milliseconds
# of the times that can be told: from there on a file is written in two units, below it rows are
# wrong
MIXED = 0.05
EXACT = 2**53  # the greatest whole number below which a double holds every one
NO_VALUE = frozenset({"NaN", "nan", "null", "NULL", "None", "NA", "N/A", "<NA>", "\\N"})


def unit_of(text: str) -> str | None:
    """The unit in which one time is written; None where none would put it between 1980 and 2100."""
    if DIGITS.fullmatch(text):
        return "digits"
    if NUMBER.fullmatch(text):
        value = abs(float(text))
        return next(
            (
                unit
                for unit, size in UNITS.items()
                if FIRST_SECOND * size <= value < LAST_SECOND * size
            ),
            None,
        )
    return (
        "iso8601"
        if ISO.match(text) and not text.rstrip(". ").lower().endswith(("am", "pm", "a.m", "p.m"))
        else None
    )


def find_clock(
    file: str, texts: Iterable[str], given: str | None
) -> tuple[str, bool, tuple[str, ...]]:
    """The unit of a file's times: the unit, whether the times show it, and notes.

    Args:
        given: what the description says.

    Raises:
        RefusedData: the file is written in two units.
    """
    texts = [text for text in texts if text]
    votes = Counter(filter(None, map(unit_of, texts)))
    if not votes:
        _refuse_other_dates(file, texts)
        note = (
            (
                f"no time lies between 1980 and 2100 in any unit (the first is "
                f"{texts[0][:40]!r}): read as {given or 'seconds'}",
            )
            if texts
            else ()
        )
        return given or "seconds", False, note
    _refuse_mixed_units(file, texts, votes)
    unit = votes.most_common()[0][0]
    if given and given != unit:
        contradiction = (
            f"clock is {given!r}, but the times are written in {unit} (the first is "
            f"{texts[0][:40]}): read as {unit}"
        )
        return unit, True, (contradiction,)
    return unit, True, ()


def _refuse_mixed_units(file: str, texts: list[str], votes: Counter[str]) -> None:
    (unit, _count), *others = votes.most_common()
    if others and others[0][1] >= max(MIXED * votes.total(), 2):
        other = next(text for text in texts if unit_of(text) == others[0][0])
        raise RefusedData(
            f"{file} mixes units of time: {unit} and {others[0][0]}",
            got=f"{next(text for text in texts if unit_of(text) == unit)[:40]} and {other[:40]}",
            allowed="one unit a file",
            remedy="export it again with one unit of time, or deliver its parts as files of "
            "their own",
        )


def _refuse_other_dates(file: str, texts: list[str]) -> None:
    """Times of which none is a number, and that still look like dates."""
    other = [
        text
        for text in texts
        if OTHER_DIGITS.fullmatch(text)
        or (not NUMBER.fullmatch(text) and sum(map(str.isdigit, text)) >= 4)
    ]
    if 2 * len(other) > len(texts):
        raise RefusedData(
            f"{file}: the times are dates of a format that is not read",
            got=other[0][:60],
            allowed=FORMATS,
            remedy="export them in one of these formats, or name another column",
        )


def parse_time(text: str, clock: str) -> float | None:
    """Seconds since 1970 of one time; None where the clock does not write so."""
    try:
        if clock == "iso8601":
            when = datetime.datetime.fromisoformat(text.strip())
            return (when if when.tzinfo else when.replace(tzinfo=datetime.UTC)).timestamp()
        if clock == "digits":
            when = datetime.datetime.strptime(text, "%Y%m%d%H%M%S" if len(text) == 14 else "%Y%m%d")
            return when.replace(tzinfo=datetime.UTC).timestamp()
        return float(text) / UNITS[clock] if NUMBER.fullmatch(text) else None
    except (ValueError, OverflowError):
        return None


def are_numbers(texts: Iterable[str]) -> bool:
    """Whether a column of ids holds numbers, so that `12.0` means 12.

    All of a sample are whole numbers, or no value.

    Where most are written with a point, as a table does that once missed one, a few others do not
    count.
    """
    values = [text for text in texts if text and text not in NO_VALUE]
    numbers = [
        text for text in values if NUMBER.fullmatch(text) and (whole_number(text) or _is_huge(text))
    ]
    if not numbers or len(numbers) == len(values):
        return bool(numbers)
    return len(numbers) >= (1 - MIXED) * len(values) and 2 * sum(
        WITH_POINT.fullmatch(text) is not None for text in numbers
    ) > len(numbers)


def _is_huge(text: str) -> bool:
    return abs(float(text)) >= EXACT


def whole_number(text: str) -> str | None:
    """`12345678` for `1.2345678E7` or `12345678.0`; None for what is no whole number."""
    try:
        value = decimal.Decimal(text)
        if (
            not value.is_finite()
            or ("e" in text.lower() and abs(value) >= EXACT)
            or value != value.to_integral_value()
        ):
            return None
    except decimal.DecimalException:
        return None
    return text if re.fullmatch("[-+]?[0-9]+", text) else f"{value.to_integral_value():f}"


def normalize_id(text: str, numbers: bool) -> str:
    """An id as it is kept; empty where there is none.

    Args:
        numbers: whether its column holds numbers, see `are_numbers`.
    """
    text = text.strip()
    if not numbers:
        return text
    return "" if text in NO_VALUE else whole_number(text) or text


def format_time(second: float) -> str:
    """A moment as a person reads it, in UTC: `2020-09-13 12:26:40`."""
    try:
        return datetime.datetime.fromtimestamp(second, datetime.UTC).isoformat(
            " ", "milliseconds" if second % 1 else "seconds"
        )[:-6]
    except (ValueError, OverflowError, OSError):
        return f"{second:g} s"
