"""A request is one JSON object; a frozen dataclass says what it may hold.

A field's bounds and texts are its metadata. The check, `--help`, the page of settings and the
trigger forms of Airflow are made from them, so a setting is written once:

    epochs: int = setting(
        10,
        "Passes over the corpus.",
        title="Epochs",
        section="Training",
        minimum=1,
        maximum=500,
    )
"""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from tasks.core.cli.errors import BadRequest, quote

T = TypeVar("T")
REQUIRED = dataclasses.MISSING


def setting(
    default: Any,
    text: str,
    *,
    title: str | None = None,
    section: str | None = None,
    empty: str | None = None,
    details: str | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Any:
    """A field of a request.

    Args:
        default: `REQUIRED` when there is none.
        text: what it means, in sentences.
        title, section: how a trigger form names it and where it shows it; a setting without them is
            in no form.
        empty: what is done where it is null or empty, a clause that forms and pages add to `text`.
        details: what is worth knowing beyond `text`; in `--help` and on the page of settings only.
        minimum, maximum: inclusive bounds of a number.
    """
    metadata = {
        "text": text,
        "title": title,
        "section": section,
        "empty": empty,
        "details": details,
        "minimum": minimum,
        "maximum": maximum,
    }
    if isinstance(default, (list, dict)) or dataclasses.is_dataclass(default):
        return dataclasses.field(default_factory=lambda: default, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def meaning(field: dataclasses.Field[Any], hint: Any) -> str:
    """The meaning of a field, with all that is written about it.

    Args:
        field: the field of a request.
        hint: its type; where None is allowed, an empty value is called null.
    """
    word = "Null" if type(None) in get_args(hint) else "Empty"
    empty, details = field.metadata.get("empty"), field.metadata.get("details")
    sentences = [field.metadata.get("text"), f"{word}: {empty}." if empty else None, details]
    return " ".join(sentence for sentence in sentences if sentence)


def parse(kind: type[T], payload: object) -> T:
    """Build `kind` from decoded JSON; every fault is named at once.

    Raises:
        BadRequest: unknown or missing fields, a wrong type, a value out of bounds.
    """
    faults: list[str] = []
    parsed = _object(kind, payload, "", faults)
    if faults:
        raise BadRequest(
            f"{kind.__name__}: " + "; ".join(faults), remedy="correct the request and send it again"
        )
    return parsed


def _object(kind: Any, payload: object, where: str, faults: list[str]) -> Any:
    if not isinstance(payload, dict):
        faults.append(f"{where or 'the request'}: got {payload!r}, expected a JSON object")
        return None
    fields, hints, values = {f.name: f for f in dataclasses.fields(kind)}, get_type_hints(kind), {}
    for name in payload.keys() - fields.keys():
        faults.append(
            f"{where}{name if name.isidentifier() and len(name) < 65 else quote(name)}: "
            f"unknown, expected one of {', '.join(sorted(fields))}"
        )
    for name, field in fields.items():
        if name in payload:
            values[name] = _value(hints[name], payload[name], f"{where}{name}", faults)
            _bounds(field, values[name], f"{where}{name}", faults)
        elif field.default is REQUIRED and field.default_factory is REQUIRED:
            faults.append(f"{where}{name}: missing")
    if faults:
        return None
    try:
        return kind(**values)
    except BadRequest as error:  # a check over several fields, in __post_init__
        faults.append(str(error))
        return None


def _value(hint: Any, value: Any, where: str, faults: list[str]) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _value(next(a for a in arguments if a is not type(None)), value, where, faults)
    if origin is Literal:
        if value not in arguments:
            faults.append(
                f"{where}: got {quote(value)}, expected one of {', '.join(map(repr, arguments))}"
            )
        return value
    if dataclasses.is_dataclass(hint):
        return _object(hint, value, f"{where}.", faults)
    if origin in (tuple, list):
        if not isinstance(value, (list, tuple)):
            faults.append(f"{where}: got {quote(value)}, expected a list")
            return ()
        return tuple(
            _value(arguments[0], one, f"{where}[{i}]", faults) for i, one in enumerate(value)
        )
    if origin is dict or hint is dict:
        if not isinstance(value, dict):
            faults.append(f"{where}: got {quote(value)}, expected a JSON object")
        return value
    return _plain(hint, value, where, faults)


def _plain(hint: type, value: Any, where: str, faults: list[str]) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > 1e300:
            faults.append(
                f"{where}: got {quote(value)}, expected a number that can be reckoned with"
            )
            return 0.0
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        faults.append(
            f"{where}: got {quote(value)} ({type(value).__name__}), expected {hint.__name__}"
        )
    elif hint is str and not (isinstance(value, str) and _text(value)):
        faults.append(f"{where}: got {quote(value)}, expected text without NUL and half characters")
    elif hint is float and value != value:
        faults.append(f"{where}: got NaN, expected a number")
    return value


def _text(value: str) -> bool:
    """Whether a file, a header and a database can hold it."""
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON may hold
        return False
    return "\0" not in value


def _bounds(field: dataclasses.Field[Any], value: Any, where: str, faults: list[str]) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return
    low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
    if (low is not None and value < low) or (high is not None and value > high):
        faults.append(
            f"{where}: got {quote(value)}, expected {'any' if low is None else low} to "
            f"{'any' if high is None else high}"
        )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def describe(kind: Any, indent: str = "  ") -> str:
    """The fields of a request as lines of text: name, type, default, bounds, meaning."""
    lines = []
    for field in dataclasses.fields(kind):
        hint = get_type_hints(kind)[field.name]
        default = (
            "required" if field.default is REQUIRED and field.default_factory is REQUIRED else None
        )
        if dataclasses.is_dataclass(hint):
            lines += [
                f"{indent}{field.name}: {meaning(field, hint)}",
                describe(hint, indent + "  "),
            ]
            continue
        if default is None:
            default = f"default {_default(field)!r}"
        low, high = field.metadata.get("minimum"), field.metadata.get("maximum")
        bounds = f", {low} to {high}" if low is not None or high is not None else ""
        name = hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
        lines.append(f"{indent}{field.name} ({name}, {default}{bounds}): {meaning(field, hint)}")
    return "\n".join(lines)
