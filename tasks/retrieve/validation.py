"""Checks of the arguments of a call, before anything is read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.core.data.user_attributes import UserAttributes, Value
from tasks.retrieve.channels import POPULAR, SIMILAR

ID = "id"  # column of the table of users
Channels = Sequence[str] | Mapping[str, int]
WHOLE_NUMBERS = (int, np.integer)
MAX_ID_BITS = 2048  # of a whole number
NUMBERS = (int, float, np.integer, np.floating)


def check_count(k: int) -> int:
    """A number of items, checked."""
    if isinstance(k, bool) or not isinstance(k, WHOLE_NUMBERS) or k < 1:
        raise BadRequest(
            "k is how many items are wanted", got=k, allowed="a whole number, 1 or more"
        )
    return int(k)


def check_history(history: Sequence[str] | None) -> list[str] | None:
    """A history as ids.

    A single text is refused, since it would be taken for a list of its letters, and so is a set,
    which has no order.
    """
    if history is None:
        return None
    # An array of numpy and a column of pandas have `tolist`.
    ids = history.tolist() if hasattr(history, "tolist") else history
    if isinstance(ids, (str, bytes, bytearray, Mapping, Set)) or not isinstance(ids, Iterable):
        raise BadRequest(
            "a history is a list of item ids", got=history, allowed='["50", "172"], oldest first'
        )
    return [check_id("an item's id", id) for id in ids]


def check_id(what: str, value: object) -> str:
    """An id as text: a text, or a whole number as its digits.

    Raises:
        BadRequest: another type, an empty text, or half a character, which cannot be encoded.
    """
    if isinstance(value, bool) or not isinstance(value, (str, *WHOLE_NUMBERS)):
        raise BadRequest(
            f"{what} is neither a text nor a whole number",
            got=value if value is not None else "None",
            allowed='"50" or 50',
        )
    if value == "":
        raise BadRequest(f"{what} is empty", got=value, allowed='"50" or 50')
    return _encodable(what, _digits(what, value))


def _digits(what: str, value: object) -> str:
    if isinstance(value, int) and value.bit_length() > MAX_ID_BITS:
        raise BadRequest(
            f"{what} is a number too long to be one",
            got=f"{value.bit_length()} bits",
            allowed=f"at most {MAX_ID_BITS}",
        )
    return str(value)


def _encodable(what: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadRequest(
            f"{what} is no text", got=value, allowed="characters that UTF-8 has"
        ) from None
    return value


def check_attributes(
    user: str | None, fresh: bool, attributes: Mapping[str, Value] | None
) -> UserAttributes | None:
    """Attributes of a user, with the id of a user whose query is computed anew; None without any.

    Args:
        fresh: a history is given as well.

    Raises:
        BadRequest: not names with values, or a value that is neither text nor number nor a list of
            these.
    """
    if attributes is not None and not isinstance(attributes, Mapping):
        raise BadRequest(
            "attributes are names with values",
            got=attributes,
            allowed='{"age": "25", "gender": "F"}',
        )
    values = {_name(name): _value(name, value) for name, value in (attributes or {}).items()}
    if attributes is None and (user is None or not fresh):
        return None
    return UserAttributes.of_one({**values, **({} if user is None else {ID: user})})


def _name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise BadRequest("the name of an attribute is no text", got=name, allowed='{"age": "25"}')
    return _encodable("the name of an attribute", str(name))


def _value(name: str, value: object) -> Value:
    """The value of an attribute, as plain Python.

    An empty one (None, NaN, an empty text or list) is refused, since it would pass for a known one.
    """
    several = value.tolist() if isinstance(value, np.ndarray) else value
    parts: list[Any] = list(several) if isinstance(several, (list, tuple)) else [several]
    for part in parts:
        if not isinstance(part, (str, bool, np.bool_, *NUMBERS)):
            raise BadRequest(
                f"attribute {name}: not a value",
                got=f"{part!r} ({type(part).__name__})",
                allowed="a text, a number, or a list of texts",
                remedy=None if part is not None else "leave out what is not known",
            )
        if part == "" or (isinstance(part, (float, np.floating)) and not math.isfinite(part)):
            raise BadRequest(
                f"attribute {name}: holds nothing",
                got=part,
                allowed="a text, a finite number, or a list of texts",
                remedy="leave out what is not known",
            )
        _encodable(f"attribute {name!r}", _digits(f"attribute {name!r}", part))
    if not parts:
        raise BadRequest(
            f"attribute {name}: holds nothing",
            got=value,
            allowed="a text, a number, or a list of texts",
            remedy="leave out what is not known",
        )
    plain = [_plain(part) for part in parts]
    return plain if isinstance(several, (list, tuple)) else plain[0]


def _plain(value: Any) -> Any:
    """A value without types of numpy; whole numbers as texts."""
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, WHOLE_NUMBERS) and not isinstance(value, bool):
        return str(value)
    return value


def check_channels(channels: Channels, k: int) -> list[str]:
    """The names of channels, each once; quotas may add up to k at most."""
    if isinstance(channels, (str, bytes, bytearray)) or not isinstance(channels, Iterable):
        raise BadRequest(
            "channels are a list of names",
            got=channels,
            allowed=f'["item2vec", "{SIMILAR}", "{POPULAR}"]',
        )
    listed = list(channels)
    if wrong := [name for name in listed if not isinstance(name, str)]:
        raise BadRequest(
            "a channel is named by a text",
            got=wrong[0] if wrong[0] is not None else "None",
            allowed=f"names of families, {SIMILAR}, {POPULAR}",
        )
    names = list(dict.fromkeys(listed))
    if not names:
        raise BadRequest(
            "no channel is named",
            allowed=f"names of families, {SIMILAR}, {POPULAR}; or None for all families",
        )
    if isinstance(channels, Mapping):
        if not all(
            isinstance(quota, WHOLE_NUMBERS) and not isinstance(quota, bool) and quota >= 0
            for quota in channels.values()
        ):
            raise BadRequest(
                "a quota is a whole number of items",
                got=dict(channels),
                allowed="0 or more for each channel",
            )
        if sum(channels.values()) > k:
            raise BadRequest(
                "the quotas are of more items than are wanted",
                got=dict(channels),
                allowed=f"{k} together",
                remedy="raise k",
            )
    return names


def title_text(title: object) -> str:
    """A title, checked to be a text."""
    if not isinstance(title, str):
        raise BadRequest(
            "a title is a text",
            got=title if title is not None else "None",
            allowed='"Fargo (1996)"',
        )
    return title


def family_name(family: object) -> str | None:
    """The name of a family, or None for all, checked."""
    if family is not None and not isinstance(family, str):
        raise BadRequest(
            "a family is named by a text", got=family, allowed='"item2vec", or None for all'
        )
    return family
