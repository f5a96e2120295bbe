"""All faults of the settings at once: each with its name, its value, what is allowed, and where it
was read from.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from pathlib import Path

from infra.settings.table import BY_NAME, TABLE, Setting

SHOWN = 120


@dataclasses.dataclass(frozen=True)
class Source:
    """A place that settings are read from: how a person calls it, and what stands there. The first
    one that has a name wins.
    """

    name: str
    values: Mapping[str, str]


def faults(part: str, sources: list[Source]) -> list[str]:
    """All faults of the settings, one line each, in the order of the table.

    Args:
        part: who is about to start, `local` or `airflow`.
    """
    found, messages = {name: source for source in reversed(sources) for name in source.values}, []
    given = {name: source.values[name] for name, source in found.items()}
    for setting in TABLE:
        value = given.get(setting.name, "")
        if not value:
            if part in setting.required:
                messages.append(
                    f"{setting.name} is not set (looked in "
                    f"{', '.join(source.name for source in sources)}); expected "
                    f"{setting.kind.allowed}: {setting.text}"
                )
        elif not setting.kind.fits(value):
            messages.append(
                f"{setting.name} is {_shown(setting, value)}, read from "
                f"{found[setting.name].name}; expected {setting.kind.allowed}: {setting.text}"
            )
    return messages + _unknown_names(given, found) + _together(given, found)


def _shown(setting: Setting, value: str) -> str:
    if setting.secret:
        return f"a secret of {len(value)} characters"
    return repr(value) if len(value) <= SHOWN else f"{value[:SHOWN]!r}… ({len(value)} characters)"


def _unknown_names(given: Mapping[str, str], found: Mapping[str, Source]) -> list[str]:
    """Names of ours that nobody reads: a slip of the pen would otherwise be the default,
    silently.
    """
    messages = []
    for name in sorted(given):
        if name.startswith("RECALL_") and name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, 1, 0.6)
            messages.append(
                f"{name} is no setting, read from {found[name].name}; "
                + (f"is {near[0]} meant?" if near else "leave it out")
            )
    return messages


def _together(given: Mapping[str, str], found: Mapping[str, Source]) -> list[str]:
    """Faults of settings that do not go together."""
    messages, runtime = [], given.get("RECALL_RUNTIME")
    first, last = given.get("RECALL_FIRST_DAY", ""), given.get("RECALL_LAST_DAY", "")
    if first and last and first > last:
        messages.append(
            f"RECALL_FIRST_DAY is {first!r}, read from {found['RECALL_FIRST_DAY'].name}; "
            f"expected a day not after RECALL_LAST_DAY, {last}"
        )
    if runtime in ("container", "kubernetes") and not given.get("RECALL_IMAGES"):
        messages.append(
            f"RECALL_IMAGES is not set, but RECALL_RUNTIME is {runtime!r}, read from "
            f"{found['RECALL_RUNTIME'].name}; "
            f"expected {BY_NAME['RECALL_IMAGES'].kind.allowed}"
        )
    if runtime == "kubernetes" and given.get("RECALL_STORE", "").startswith(("file:", "/")):
        messages.append(
            f"RECALL_STORE is {given['RECALL_STORE']!r}, read from "
            f"{found['RECALL_STORE'].name}; expected s3://bucket/prefix, since RECALL_RUNTIME "
            f"is "
            "'kubernetes': pods share no folder"
        )
    return messages


def env_file(path: Path) -> Source:
    """The lines NAME=value of a file, as compose reads it."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (
        line.removeprefix("export ").split("=", 1)
        for line in lines
        if "=" in line and not line.startswith("#")
    )
    return Source(str(path), {name.strip(): value.strip().strip("'\"") for name, value in pairs})
