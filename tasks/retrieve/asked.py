"""Checks of what a service asks, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.core.attributes import Attributes, Value, texts
from tasks.core.errors import BadRequest
from tasks.retrieve.channels import POPULAR, SIMILAR

ID = "id"  # the column of the table of users that names them
Channels = Sequence[str] | Mapping[str, int]


def positive(k: int) -> None:
    """Refuse a k that is no number of items."""
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise BadRequest("k is how many items are wanted", got=k, allowed="1 or more")


def ids(history: Sequence[str] | None) -> list[str] | None:
    """A history as ids; a single text would be taken for a list of its letters."""
    if isinstance(history, (str, bytes)):
        raise BadRequest("a history is a list of item ids", got=history, allowed="[\"50\", \"172\"], oldest first")
    return None if history is None else [text("an item's id", id) for id in history]


def text(what: str, value: object) -> str:
    """An id as text.

    Raises:
        BadRequest: it holds half a character, so that no server and no file can hold it.
    """
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise BadRequest(f"{what} is no text", got=value, allowed="characters that UTF-8 has") from None
    return str(value)


def told(user: str | None, fresh: bool, attributes: Mapping[str, Value] | None) -> Attributes | None:
    """What is known of somebody beside a history: the attributes given, and of a user whose query is made anew also the id.

    Args:
        fresh: a history is given as well.

    Raises:
        BadRequest: not names with values, or a value that is neither text nor number nor a list of these.
    """
    if attributes is not None and not isinstance(attributes, Mapping):
        raise BadRequest("attributes are names with values", got=attributes, allowed='{"age": "25", "gender": "F"}')
    for name, value in (attributes or {}).items():
        try:
            for one in (name, *texts(value)):
                text(f"attribute {name!r}", one)
        except TypeError as error:
            raise BadRequest(f"attribute {name}: not a value", got=str(error), allowed="a text, a number, or a list of texts") from None
    if attributes is None and (user is None or not fresh):
        return None
    return Attributes.of_one({**(attributes or {}), **({} if user is None else {ID: user})})


def named(channels: Channels, k: int) -> list[str]:
    """The names of channels, each once; their quotas must leave no more than k."""
    if isinstance(channels, (str, bytes)):
        raise BadRequest("channels are a list of names", got=channels, allowed=f"[\"item2vec\", \"{SIMILAR}\", \"{POPULAR}\"]")
    names = list(dict.fromkeys(channels))
    if not names:
        raise BadRequest("no channel is named", allowed=f"names of families, {SIMILAR}, {POPULAR}; or None for all families")
    if isinstance(channels, Mapping):
        if not all(isinstance(quota, int) and quota >= 0 for quota in channels.values()):
            raise BadRequest("a quota is a number of items", got=dict(channels), allowed="0 or more for each channel")
        if sum(channels.values()) > k:
            raise BadRequest("the quotas are of more items than are wanted", got=dict(channels), allowed=f"{k} together", remedy="raise k")
    return names
