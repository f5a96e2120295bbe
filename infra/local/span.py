"""The first and the last day of a data set, told from its files before anything heavy starts."""

from __future__ import annotations

import datetime
import glob
import re
import sys
import tomllib
from pathlib import Path

from infra.local.times import Times, Untold, extremes

DAY = "{day}"
GLOB = {"**": ".*", "*": "[^/]*", "?": "[^/]", DAY: r"(\d{4}-\d{2}-\d{2})"}
Days = tuple[datetime.date, datetime.date]
RATING = ("user", "item", "rating", "timestamp")
# The layouts with a name, as their readers in tasks/ingest/sources describe them.
KNOWN = {
    "movielens-100k": (Times("u.data", delimiter="\t", columns=RATING, kind="csv"), Times("ml-100k.inter", "timestamp:float", "\t", kind="csv")),
    "movielens-latest": (Times("ratings.csv"),),
    "movielens-1m": (Times("ratings.dat", delimiter="::", columns=RATING, kind="csv", encoding="latin-1"),),
    "ordered-csv": (Times("ratings_with_order.csv"),),
    "anime": (Times("rating.csv", field=None),),
}
FORMATS = (*KNOWN, "own")


def days(format: str, place: Path) -> Days:
    """The first and the last day (UTC) of the interactions in a folder of a known layout, or of `own` data by its TOML file.

    Raises:
        Untold: the rows have no times, or only Spark can read them.
        SystemExit: the files are not there, or the TOML file does not say which they are.
    """
    if format == "own":
        return _days(place.parent, _described(place))
    there = [times for times in KNOWN[format] if (place / times.path).is_file()]
    if not there:
        raise SystemExit(f"local: {place} holds no {' or '.join(times.path for times in KNOWN[format])}, as {format} does; correct SOURCE or FORMAT")
    return _days(place, there[0])


def _described(place: Path) -> Times:
    try:
        told = tomllib.loads(place.read_text("utf-8"))["interactions"]
        return Times(str(told["path"]), told.get("timestamp"), told.get("delimiter"), tuple(told.get("columns", ())), told.get("format"),
                     told.get("clock", "seconds"), told.get("encoding", "utf-8"))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SystemExit(f"local: {place} does not describe a data set ({error!r}); it needs [interactions] with a path, "
                         "see \"Your own data\" in the README") from None


def _days(base: Path, times: Times) -> Days:
    if "://" in times.path:
        raise Untold(f"{times.path} is not on this machine")
    if DAY in times.path:
        return _named(base, times.path)
    if times.field is None:
        raise Untold("its rows have no times")
    files = _files(base, times.path)
    print(f"local: reading the days of {', '.join(path.name for path in files[:3])}{', …' if len(files) > 3 else ''}", file=sys.stderr, flush=True)
    moments = [moment for path in files for moment in extremes(path, times)]
    if not moments:
        raise Untold(f"no row has a time in {times.field!r} that can be read as {times.clock}")
    return _day(min(moments)), _day(max(moments))


def _named(base: Path, pattern: str) -> Days:
    """The days that stand in the names of folders or files."""
    digits = "-".join("[0-9]" * length for length in (4, 2, 2))
    wanted = re.compile("".join(GLOB.get(part) or re.escape(part) for part in re.split(r"(\*\*|\*|\?|\{day\})", pattern)))
    found = {match[1] for name in glob.glob(pattern.replace(DAY, digits), root_dir=base, recursive=True) if (match := wanted.match(name))}
    if not found:
        raise SystemExit(f"local: there is no {base / pattern} with a day (YYYY-MM-DD) in place of {DAY}")
    return datetime.date.fromisoformat(min(found)), datetime.date.fromisoformat(max(found))


def _files(base: Path, pattern: str) -> list[Path]:
    place = base / pattern
    found = place.rglob("*") if place.is_dir() else (base / name for name in glob.glob(pattern, root_dir=base, recursive=True))
    files = sorted(one for one in found if one.is_file() and not one.name.startswith((".", "_")))
    if not files:
        raise SystemExit(f"local: there is no file at {place}")
    return files


def _day(moment: float) -> datetime.date:
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).date()
