"""The data set the local stack works on: SOURCE of `make run`, else the one before, else MovieLens
100K.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
import re
from pathlib import Path
from urllib.parse import unquote, urlparse

from infra.local import data, source_preview, supervisor
from infra.local.source_preview import DaysUnknown, Span
from infra.local.state import Local

NAMED = ("RECALL_DATASET", "RECALL_FORMAT", "RECALL_LOCATION")
DAYS = ("RECALL_FIRST_DAY", "RECALL_LAST_DAY")
RULES = ("RECALL_EXPECTATIONS",)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
Settings = dict[str, str]


@dataclasses.dataclass(frozen=True)
class Source:
    """The data set that a stack works on.

    Attributes:
        settings: its RECALL_* settings. Of data that has ended, both ends of its days; of data that
            grows, the day after the newest as the first one that the schedule makes, and no last
            one.
        first, newest: the days (YYYY-MM-DD) that are there.
    """

    settings: Settings
    first: str
    newest: str

    @property
    def grows(self) -> bool:
        """Whether further days are to be expected."""
        return "RECALL_LAST_DAY" not in self.settings


def source(local: Local) -> Source:
    """The source that SOURCE or the settings name, remembered until `make clean`."""
    kept, source_given = remembered_source(local), _by_source() or _spelt_out()
    if source_given and kept and any(source_given[name] != kept[name] for name in NAMED):
        raise SystemExit(
            f"local: this stack works on {_told(kept)}; its models cannot be compared with "
            f"those of {_told(source_given)}. "
            "`make clean` first forgets them, RECALL_STATE=another/folder keeps both"
        )
    one = source_given or (
        {name: kept[name] for name in NAMED} if kept.get("asked") else _movielens_100k()
    )
    rules = _rules(local, kept)
    given = _given_days(kept)
    span = _span(one, given)
    grows = span.grows and "RECALL_LAST_DAY" not in given
    days = (
        {"RECALL_FIRST_DAY": _after(span.newest)}
        if grows
        else {"RECALL_FIRST_DAY": span.first, "RECALL_LAST_DAY": span.newest}
    )
    _remember(
        local,
        {
            **one,
            **rules,
            **given,
            **({"asked": "yes"} if source_given or kept.get("asked") else {}),
        },
    )
    return Source({**one, **rules, **days}, span.first, span.newest)


def _rules(local: Local, kept: Settings) -> Settings:
    """The rules that are set, else those that are remembered."""
    rules = {name: value for name in RULES if (value := os.environ.get(name, kept.get(name)))}
    before = {name: kept[name] for name in RULES if name in kept}
    if kept and supervisor.read(local) and rules != before:
        raise SystemExit(
            f"local: the stack runs with other {' or '.join(RULES)}; `make stop`, then this again"
        )
    return rules


def _given_days(kept: Settings) -> Settings:
    """The first and last day that are set, else those that are remembered."""
    return {
        name: value
        for name in DAYS
        if (
            value := os.environ.get(name.removeprefix("RECALL_"))
            or os.environ.get(name)
            or kept.get(name)
        )
    }


def remembered_source(local: Local) -> Settings:
    """The source of the stack in this state folder; empty before its first start."""
    path = local.home / "source.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def _remember(local: Local, kept: Settings) -> None:
    """Days are only kept where a person gave them: data grows."""
    path = local.home / "source.json"
    path.with_suffix(".new").write_text(json.dumps(kept, indent=1))
    path.with_suffix(".new").replace(path)


def _by_source() -> Settings | None:
    """SOURCE: the TOML file of your own data, or with FORMAT the folder of a known layout."""
    if not (given := os.environ.get("SOURCE")):
        return None
    format = os.environ.get("FORMAT") or ("own" if given.endswith(".toml") else "")
    path = Path(given).expanduser().resolve()
    if format not in source_preview.FORMATS:
        raise SystemExit(
            f"run: SOURCE is {given!r} and FORMAT is {format!r}; expected a .toml file, or a "
            f"folder with FORMAT one of "
            f"{', '.join(one for one in source_preview.FORMATS if one != 'own')}"
        )
    if not (path.is_file() if format == "own" else path.is_dir()):
        raise SystemExit(
            f"run: SOURCE is {given!r}, but there is no "
            f"{'file' if format == 'own' else 'folder'} {path}"
        )
    dataset = os.environ.get("DATASET") or (path.stem if format == "own" else path.name)
    if not NAME.fullmatch(dataset):
        raise SystemExit(
            f"run: {dataset!r} cannot name a data set; give DATASET=name, up to 128 letters, "
            f"digits, '.', '_' and '-'"
        )
    return dict(zip(NAMED, (dataset, format, path.as_uri()), strict=True))


def _spelt_out() -> Settings | None:
    """The settings as they are named outside the local stack."""
    if not os.environ.get("RECALL_LOCATION"):
        return None
    if missing := [name for name in NAMED if not os.environ.get(name)]:
        raise SystemExit(f"local: RECALL_LOCATION is set, so {', '.join(missing)} must be set too")
    if os.environ["RECALL_FORMAT"] not in source_preview.FORMATS:
        raise SystemExit(
            f"local: RECALL_FORMAT is {os.environ['RECALL_FORMAT']!r}, expected one of "
            f"{', '.join(source_preview.FORMATS)}"
        )
    return {name: os.environ[name] for name in NAMED}


def _movielens_100k() -> Settings:
    return dict(
        zip(NAMED, ("ml-100k", "movielens-100k", data.movielens_100k().as_uri()), strict=True)
    )


def _span(one: Settings, given: Settings) -> Span:
    """First and last day: as given, else as the files tell, else the one day that is asked for."""
    first, last = (
        value and day_of(name.removeprefix("RECALL_"), value)
        for name, value in zip(DAYS, map(given.get, DAYS), strict=True)
    )
    if first and last:
        return Span(first, last, daily=False)
    try:
        found = source_preview.days(one["RECALL_FORMAT"], _path(one))
        return Span(first or found.first, last or found.newest, found.daily)
    except DaysUnknown as reason:
        if day := os.environ.get("DAY"):
            return Span(first or day_of("DAY", day), last or day_of("DAY", day), daily=False)
        raise SystemExit(
            f"run: the days of {_told(one)} cannot be told here: {reason}. Name them with "
            f"FIRST_DAY=YYYY-MM-DD LAST_DAY=YYYY-MM-DD, "
            "or one of them with DAY=YYYY-MM-DD"
        ) from None


def _after(day: str) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=1)).isoformat()


def day_of(name: str, text: str) -> str:
    """The day that a person gave under this name, as YYYY-MM-DD; ends with a message when it is
    none.
    """
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise SystemExit(f"run: {name} is {text!r}, expected YYYY-MM-DD") from None


def _path(one: Settings) -> Path:
    return Path(unquote(urlparse(one["RECALL_LOCATION"]).path))


def _told(one: Settings) -> str:
    return f"{one['RECALL_DATASET']} ({one['RECALL_FORMAT']}, {_path(one)})"
