"""Form fields made from the settings of the stages, which `make settings` writes to
`settings.json` beside this file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from airflow.sdk import Param

from recall.forms.params import choice, names, number, optional_text, required_text, switch

# stage → dataclass → setting → type, default, bounds, choices, title, section, description
SETTINGS = json.loads(Path(__file__).with_name("settings.json").read_text())


def stage_params(
    stage: str, dataclass: str, fields: tuple[str, ...] | None = None, **changes: dict[str, Any]
) -> dict[str, Param]:
    """The form fields of a stage's settings.

    Args:
        stage: such as `item2vec`.
        dataclass: the name of the request, or of a part of it, that holds the settings.
        fields: which settings the form offers, in this order; None: every one that has a title, in
            the order of the sources.
        changes: setting → what the form has differently: another `default`, a `note` after the
            description, a `pattern` or `examples`.

    Example:
        >>> list(stage_params("publish", "LoadRequest", ("dtype",), dtype={"default": "float16"}))
        ['dtype']
    """
    if fields is None:
        fields = tuple(SETTINGS.get(stage, {}).get(dataclass, {}))
    return {
        name: param(SETTINGS[stage][dataclass][name] | changes.get(name, {})) for name in fields
    }


def param(field: dict[str, Any]) -> Param:
    """One form field. Without a default, or with an empty text as default, it may be left empty."""
    default = None if field["default"] == "" else field["default"]
    shown = (
        " ".join(part for part in (field["description"], field.get("note")) if part),
        field["section"],
        field["title"],
    )
    if "choices" in field:
        return choice(default, field["choices"], *shown)
    if field["type"] == "boolean":
        return (
            choice(None, ["true", "false"], *shown)
            if default is None
            else switch(*shown, on=default)
        )
    if field["type"] == "array":
        return names(*shown)
    if field["type"] == "string":
        schema = {name: field[name] for name in ("pattern", "examples") if name in field}
        if default is None:
            return optional_text(*shown, **schema)
        return required_text(default, *shown, **schema)
    return number(
        default, field["minimum"], field["maximum"], *shown, whole=field["type"] == "integer"
    )


def default_from(variable: str) -> dict[str, float]:
    """The change that takes a number's default from the environment, where it is set."""
    value = os.environ.get(variable)
    return {"default": float(value)} if value else {}
