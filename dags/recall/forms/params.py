"""The kinds of fields that a trigger form has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Param

END = r"$(?!\n)"  # where Python's $ would let a last line break pass; a browser reads it the same
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}" + END
MAX_TEXT = 4096  # characters: as long as a path can be


def number(
    default: float | None,
    minimum: float,
    maximum: float,
    text: str,
    section: str,
    title: str,
    *,
    whole: bool,
) -> Param:
    """A bounded number, `whole` or with a fraction; without a default it may be left empty."""
    kind = "integer" if whole else "number"
    return Param(
        default,
        type=["null", kind] if default is None else kind,
        minimum=minimum,
        maximum=maximum,
        description_md=text,
        section=section,
        title=title,
    )


def choice(
    default: str | None, values: Sequence[str], text: str, section: str, title: str
) -> Param:
    """One of these values; without a default it may be left empty."""
    shown = {"description_md": text, "section": section, "title": title}
    if default is None:
        return Param(
            None,
            type=["null", "string"],
            enum=[None, *values],
            values_display={"null": "–"},
            **shown,
        )
    return Param(default, type="string", enum=list(values), **shown)


def switch(text: str, section: str, title: str, *, on: bool = False) -> Param:
    """Off, unless it is `on` or switched on."""
    return Param(on, type="boolean", description_md=text, section=section, title=title)


def optional_text(text: str, section: str, title: str, **schema: Any) -> Param:
    """A text that may be left empty."""
    return Param(
        None,
        type=["null", "string"],
        description_md=text,
        section=section,
        title=title,
        maxLength=MAX_TEXT,
        **schema,
    )


def required_text(default: str | None, text: str, section: str, title: str, **schema: Any) -> Param:
    """A text that may not be left empty; without a default it must be filled in."""
    value = {} if default is None else {"default": default}
    return Param(
        **value, type="string", description_md=text, section=section, title=title, **schema
    )


def names(text: str, section: str, title: str) -> Param:
    """A list of names that may be left empty."""
    return Param(
        None,
        type=["null", "array"],
        items={"type": "string"},
        description_md=text,
        section=section,
        title=title,
    )
