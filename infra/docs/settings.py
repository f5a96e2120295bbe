"""Write `settings.md` and the data of the trigger forms from the dataclasses of every stage.

`python3 -m infra.docs.settings` (make settings) needs the standard library only. Tests hold both
files against the sources, so that neither can lag behind:

    infra/docs/settings.md              the page: the environment's table and every request
    dags/recall/forms/settings.json     what a form offers: stage → dataclass → setting → its facts
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dags.recall.environments import ENVIRONMENTS
from infra.environments.names import ROOT
from infra.settings.table import TABLE
from tasks.core.cli.request import meaning

PAGE = Path(__file__).with_name("settings.md")
FORM_DATA = ROOT / "dags" / "recall" / "forms" / "settings.json"
HEAD = """# Settings

Made by `make settings` from the dataclasses in `tasks/<stage>/settings.py` and the table in
`infra/settings`; do not edit. A request is one JSON object with these fields; Airflow's forms show
the same names, defaults and bounds. What is unknown, of a wrong type or out of bounds is refused
with all faults at once.
`python -m tasks.<stage> <verb> --help` prints the same in a terminal. **bold**: must be given.
"""
JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", tuple: "array"}


def stages() -> list[str]:
    """The stages that have settings."""
    return [stage for stage in ENVIRONMENTS if (ROOT / "tasks" / stage / "settings.py").is_file()]


def requests(stage: str) -> Iterator[type]:
    """The requests of a stage, in the order of their names."""
    module = importlib.import_module(f"tasks.{stage}.settings")
    for _, kind in inspect.getmembers(module, inspect.isclass):
        if kind.__module__ == module.__name__ and kind.__name__.endswith("Request"):
            yield kind


def page() -> str:
    """The text of `settings.md`."""
    parts = [
        HEAD,
        "\n## The environment\n\n| variable | allowed | default | meaning |\n|---|---|---|---|\n",
    ]
    parts += [
        f"| `{variable.name}` | {_cell(variable.kind.allowed)} | "
        f"{_cell(variable.default or 'none')} | {_cell(variable.text)} |\n"
        for variable in TABLE
    ]
    for stage in stages():
        parts.append(f"\n## {stage}\n")
        for kind in requests(stage):
            summary = (inspect.getdoc(kind) or "").splitlines()[0]
            parts.append(
                f"\n### {kind.__name__}\n\n{summary}\n\n"
                "| field | allowed | default | meaning |\n|---|---|---|---|\n"
                + "\n".join(rows(kind))
                + "\n"
            )
    return "".join(parts)


def rows(kind: type, prefix: str = "") -> Iterator[str]:
    """One line a field; those of a nested dataclass under its name."""
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        name, hint = prefix + field.name, hints[field.name]
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield from rows(hint, f"{name}.")
            continue
        default = _default(field)
        required = default is dataclasses.MISSING
        low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
        bounds = "" if low is None and high is None else f"{_shown(low)} to {_shown(high)}"
        yield (
            f"| {f'**`{name}`**' if required else f'`{name}`'} "
            f"| {_describe_bounds(hint, bounds)} | {'' if required else _shown(default)} "
            f"| {_cell(meaning(field, hint))} |"
        )


def form_data() -> str:
    """The text of `settings.json`: every setting that has a title, by stage and dataclass."""
    data: dict[str, dict[str, dict[str, Any]]] = {}
    for stage in stages():
        for kind in requests(stage):
            for dataclass in (kind, *_nested_types(kind)):
                if facts := _facts(dataclass):
                    data.setdefault(stage, {})[dataclass.__name__] = facts
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _nested_types(kind: type) -> Iterator[type]:
    for hint in get_type_hints(kind).values():
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            yield hint
            yield from _nested_types(hint)


def _facts(kind: type) -> dict[str, dict[str, Any]]:
    """Setting → its facts, as a form needs them; without what a base class has."""
    hints, own = get_type_hints(kind), inspect.get_annotations(kind)
    return {
        field.name: _fact(field, hints[field.name])
        for field in dataclasses.fields(kind)
        if field.metadata.get("title") and field.name in own
    }


def _fact(field: dataclasses.Field[Any], hint: Any) -> dict[str, Any]:
    metadata, plain = field.metadata, _without_none(hint)
    empty, default = metadata["empty"], _default(field)
    fact = {
        "type": JSON_TYPES[str if get_origin(plain) is Literal else get_origin(plain) or plain],
        "default": None if default is dataclasses.MISSING else default,
        "title": metadata["title"],
        "section": metadata["section"],
        "description": metadata["text"] + (f" Empty: {empty}." if empty else ""),
    }
    if get_origin(plain) is Literal:
        fact["choices"] = list(get_args(plain))
    for bound in ("minimum", "maximum"):
        if metadata[bound] is not None:
            fact[bound] = metadata[bound]
    return fact


def _default(field: dataclasses.Field[Any]) -> Any:
    """The default; MISSING where there is none."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _without_none(hint: Any) -> Any:
    if type(None) not in get_args(hint):
        return hint
    return next(argument for argument in get_args(hint) if argument is not type(None))


def _describe_bounds(hint: Any, bounds: str) -> str:
    if type(None) in get_args(hint):
        return f"{_describe_bounds(_without_none(hint), bounds)}, or none"
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    name = (
        hint.__name__
        if isinstance(hint, type) and not get_args(hint)
        else str(hint).replace("typing.", "")
    )
    return _cell(f"{name}, {bounds}" if bounds else name)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool) and value > 9999:
        return f"`{value:,}`".replace(",", " ")
    return _cell(f"`{value}`")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    argparse.ArgumentParser(
        prog="python3 -m infra.docs.settings", description=(__doc__ or "").splitlines()[0]
    ).parse_args()
    text = page()
    PAGE.write_text(text)
    FORM_DATA.write_text(form_data())
    fields = text.count("| `") + text.count("| **`")
    print(
        f"settings.md, {FORM_DATA.relative_to(ROOT)}: {len(stages())} stages, {fields} fields",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
