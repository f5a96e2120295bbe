"""Write `settings.md` from the environment's table and the dataclasses of every stage: `python3 -m
infra.docs.settings` (make settings). Standard library only.

A test holds the file against the sources, so that the reference cannot lag behind.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

from dags.recall.environments import ENVIRONMENTS
from infra.environments.names import ROOT
from infra.settings.table import TABLE

TARGET = Path(__file__).with_name("settings.md")
HEAD = """# Settings

Made by `make settings` from the dataclasses in `tasks/<stage>/settings.py` and the table in
`infra/settings`; do not edit. A request is one JSON object with these fields; Airflow's forms show
the same names, defaults and bounds. What is unknown, of a wrong type or out of bounds is refused
with all faults at once.
`python -m tasks.<stage> <verb> --help` prints the same in a terminal. **bold**: must be given.
"""


def requests(stage: str) -> Iterator[type]:
    """The requests of a stage, in the order of its source."""
    module = importlib.import_module(f"tasks.{stage}.settings")
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ == module.__name__ and kind.__name__.endswith("Request"):
            yield kind


def stages() -> list[str]:
    return [stage for stage in ENVIRONMENTS if (ROOT / "tasks" / stage / "settings.py").is_file()]


def rows(kind: type, prefix: str = "") -> Iterator[str]:
    """One line a field; those of a nested dataclass under its name."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        name, hint = prefix + field.name, hints[field.name]
        if dataclasses.is_dataclass(hint):
            yield from rows(hint, f"{name}.")
            continue
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        default = (
            ""
            if required
            else _shown(
                field.default
                if field.default is not dataclasses.MISSING
                else field.default_factory()
            )
        )
        low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
        bounds = "" if low is None and high is None else f"{_shown(low)} to {_shown(high)}"
        shown = f"**`{name}`**" if required else f"`{name}`"
        yield (
            f"| {shown} | {_allowed(hint, bounds)} | {default} | "
            f"{_cell(field.metadata.get('text', ''))} |"
        )


def _allowed(hint: object, bounds: str) -> str:
    if type(None) in get_args(hint):
        hint = next(one for one in get_args(hint) if one is not type(None))
        return f"{_allowed(hint, bounds)}, or none"
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    name = (
        hint.__name__
        if isinstance(hint, type) and not get_args(hint)
        else str(hint).replace("typing.", "")
    )
    return _cell(f"{name}, {bounds}" if bounds else name)


def _shown(value: object) -> str:
    return (
        ""
        if value is None
        else _cell(
            f"`{value:,}`".replace(",", " ")
            if isinstance(value, int) and not isinstance(value, bool) and value > 9999
            else f"`{value}`"
        )
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def reference() -> str:
    """The whole page."""
    parts = [
        HEAD,
        "\n## The environment\n\n| variable | allowed | default | meaning |\n|---|---|---|---|\n",
    ]
    parts += [
        f"| `{one.name}` | {_cell(one.kind.allowed)} | {_cell(one.default or 'none')} | "
        f"{_cell(one.text)} |\n"
        for one in TABLE
    ]
    for stage in stages():
        parts.append(f"\n## {stage}\n")
        for kind in requests(stage):
            parts.append(
                f"\n### {kind.__name__}\n\n{inspect.getdoc(kind).splitlines()[0]}\n\n| field | "
                f"allowed | default | meaning |\n|---|---|---|---|\n" + "\n".join(rows(kind)) + "\n"
            )
    return "".join(parts)


def main() -> int:
    argparse.ArgumentParser(
        prog="python3 -m infra.docs.settings", description=__doc__.splitlines()[0]
    ).parse_args()
    text = reference()
    TARGET.write_text(text)
    print(
        f"settings.md: {len(stages())} stages, {text.count('| `') + text.count('| **`')} fields",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
