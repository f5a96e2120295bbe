"""Checks of what a service asks, before anything is read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np

from tasks.core.cli.errors import BadRequest
from tasks.core.data.user_attributes import UserAttributes, Value
from tasks.retrieve.channels import POPULAR, SIMILAR

ID = "id"  # the column of the table of users that names them
Channels = Sequence[str] | Mapping[str, int]
WHOLE_NUMBERS = (int, np.integer)
LONGEST_WHOLE = 2048  # bits
NUMBERS = (int, float, np.integer, np.floating)


def check_count(k: int) -> int:
    """A number of items; refuse what is none."""
    if isinstance(k, bool) or not isinstance(k, WHOLE_NUMBERS) or k < 1:
        raise BadRequest(
            "k is how many items are wanted", got=k, allowed="a whole number, 1 or more"
        )
    return int(k)


def check_history(history: Sequence[str] | None) -> list[str] | None:
    """A history as ids; a single text would be taken for a list of its letters, and a set has no
    order.
    """
    if history is None:
        return None
    held = (
        history.tolist() if hasattr(history, "tolist") else history
    )  # an array of numpy, a column of pandas
    if isinstance(held, (str, bytes, bytearray, Mapping, Set)) or not isinstance(held, Iterable):
        raise BadRequest(
            "a history is a list of item ids", got=history, allowed='["50", "172"], oldest first'
        )
    return [check_id("an item's id", id) for id in held]


def check_id(what: str, value: object) -> str:
    """An id as text: a text, or a whole number as its digits.

    Raises:
        BadRequest: another type, which no id was read from; nothing; half a character, which no
            server and no file can hold.
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
    if isinstance(value, int) and value.bit_length() > LONGEST_WHOLE:
        raise BadRequest(
            f"{what} is a number too long to be one",
            got=f"{value.bit_length()} bits",
            allowed=f"at most {LONGEST_WHOLE}",
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
    """What is known of somebody beside a history: the attributes given, and of a user whose query
    is made anew also the id.

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
    given = {_name(name): _value(name, value) for name, value in (attributes or {}).items()}
    if attributes is None and (user is None or not fresh):
        return None
    return UserAttributes.of_one({**given, **({} if user is None else {ID: user})})


def _name(name: object) -> str:
    if not isinstance(name, str) or not name:
        raise BadRequest("the name of an attribute is no text", got=name, allowed='{"age": "25"}')
    return _encodable("the name of an attribute", str(name))


def _value(name: str, value: object) -> Value:
    """A value that holds something: nothing (None, NaN, an empty text or list) would pass for an
    attribute that is known.
    """
    several = value.tolist() if isinstance(value, np.ndarray) else value
    parts: list[Any] = list(several) if isinstance(several, (list, tuple)) else [several]
    for one in parts:
        if not isinstance(one, (str, bool, np.bool_, *NUMBERS)):
            raise BadRequest(
                f"attribute {name}: not a value",
                got=f"{one!r} ({type(one).__name__})",
                allowed="a text, a number, or a list of texts",
                remedy=None if one is not None else "leave out what is not known",
            )
        if one == "" or (isinstance(one, (float, np.floating)) and not math.isfinite(one)):
            raise BadRequest(
                f"attribute {name}: holds nothing",
                got=one,
                allowed="a text, a finite number, or a list of texts",
                remedy="leave out what is not known",
            )
        _encodable(f"attribute {name!r}", _digits(f"attribute {name!r}", one))
    if not parts:
        raise BadRequest(
            f"attribute {name}: holds nothing",
            got=value,
            allowed="a text, a number, or a list of texts",
            remedy="leave out what is not known",
        )
    plain: list[Any] = [
        bool(one)
        if isinstance(one, np.bool_)
        else str(one)
        if isinstance(one, WHOLE_NUMBERS) and not isinstance(one, bool)
        else one
        for one in parts
    ]
    return plain if isinstance(several, (list, tuple)) else plain[0]


def check_channels(channels: Channels, k: int) -> list[str]:
    """The names of channels, each once; their quotas must leave no more than k."""
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
    """A title as a person types it."""
    if not isinstance(title, str):
        raise BadRequest(
            "a title is a text",
            got=title if title is not None else "None",
            allowed='"Fargo (1996)"',
        )
    return title


def family_name(family: object) -> str | None:
    """The name of one family, or None for all."""
    if family is not None and not isinstance(family, str):
        raise BadRequest(
            "a family is named by a text", got=family, allowed='"item2vec", or None for all'
        )
    return family
