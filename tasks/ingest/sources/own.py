"""Your own data, described by a TOML file: which files, which columns, ratings or events.

    [interactions]
    path = "events/{day}/*.jsonl.gz"
    user = "uid"
    item = "sku"
    timestamp = "ts"
    event = "type"
    weights = { view = 1, purchase = 5 }

Paths are relative to the TOML file. `[items]` and `[users]` are optional. What is not set is found
out from the files, and reported.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, parse, setting
from tasks.ingest.rules import Liked
from tasks.ingest.sources.fields import column, split_names
from tasks.ingest.sources.layout import Clock, Source
from tasks.ingest.sources.named import Files, table


@dataclass(frozen=True, kw_only=True)
class Interactions(Files):
    """`[interactions]`: one row is a user's rating of, or action on, an item."""

    user: str = setting(REQUIRED, "the field of the user's id")
    item: str = setting(REQUIRED, "the field of the item's id")
    timestamp: str | None = setting(
        None, "the field of the time; none: rows follow each other as in the files"
    )
    clock: Clock | None = setting(
        None,
        "how times are written (UTC unless they say otherwise): a number of units since 1970, "
        "iso8601, or digits "
        "(20200913 or 20200913122640); none: found out",
    )
    rating: str | None = setting(None, "the field of the rating")
    rating_range: tuple[float, ...] = setting(
        (), "the least and the greatest rating that can be true"
    )
    event: str | None = setting(None, "the field of the kind of event")
    weights: dict | None = setting(None, "what each kind of event counts")
    order: str | None = setting(None, "the field of a row's place in its user's order")

    def __post_init__(self) -> None:
        if self.rating and self.event:
            raise BadRequest(
                "interactions: rating and event are both named", allowed="one of them, or neither"
            )
        if self.rating and not (
            len(self.rating_range) == 2 and self.rating_range[0] < self.rating_range[1]
        ):
            raise BadRequest(
                "interactions.rating_range: needed with a rating",
                got=list(self.rating_range),
                allowed="[least, greatest]",
            )
        if bool(self.event) != bool(self.weights):
            raise BadRequest(
                "interactions: event and weights belong together",
                got=f"event={self.event!r}, weights={self.weights!r}",
                allowed='event = "type" with weights = { view = 1, … }',
            )
        for kind, weight in (self.weights or {}).items():
            if (
                isinstance(weight, bool)
                or not isinstance(weight, (int, float))
                or not 0 < weight <= 1e6
            ):
                raise BadRequest(
                    f"interactions.weights.{kind}: not a weight",
                    got=weight,
                    allowed="above 0, up to 1,000,000",
                )


@dataclass(frozen=True, kw_only=True)
class Items(Files):
    """`[items]`: the catalogue. An interaction with an item it lacks is set aside."""

    id: str = setting(REQUIRED, "the field of the item's id")
    title: str | None = setting(None, "the field of the title; none: the id")
    genres: str | None = setting(
        None, "the field of the genres or tags: a list, or text with a separator"
    )
    separator: str = setting("|", "what separates genres in a text")


@dataclass(frozen=True, kw_only=True)
class Users(Files):
    """`[users]`: what is known of users."""

    id: str = setting(REQUIRED, "the field of the user's id")
    attributes: tuple[str, ...] = setting((), "fields that are kept, as text")


@dataclass(frozen=True)
class Own:
    """The whole file."""

    interactions: Interactions = setting(REQUIRED, "which interactions there are")
    items: Items | None = setting(None, "the catalogue")
    users: Users | None = setting(None, "what is known of users")
    liked: str | None = setting(
        None, "what counts as liked; none: any event, or a rating above the middle of its range"
    )
    recommend_seen: bool | None = setting(
        None, "whether what a user has met may be recommended again; none: the data decides"
    )


def source(path: Path) -> Source:
    """The source that a TOML file describes.

    Raises:
        BadRequest: it is no TOML, or does not say what is needed.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"{path} is no TOML file ({error})", remedy="correct it there") from None
    try:
        own = parse(Own, document)
        if own.liked:
            Liked.parse(own.liked)
        return _source(path.parent, own)
    except BadRequest as error:
        raise BadRequest(f"{path}: {error}") from None


def _source(base: Path, own: Own) -> Source:
    rows, items, users = own.interactions, own.items, own.users
    wanted = {
        "user": rows.user,
        "item": rows.item,
        "rating": rows.rating,
        "event": rows.event,
        "timestamp": rows.timestamp,
        "order": rows.order,
    }
    catalogue = {"id": items.id, "title": items.title, "genres": items.genres} if items else {}
    return Source(
        base,
        table("interactions", rows, wanted, rows.clock),
        table("items", items, catalogue) if items else None,
        table("users", users, {"id": users.id} | {name: name for name in users.attributes})
        if users
        else None,
        title=(lambda: column("title")) if items and items.title else (lambda: column("id")),
        genres=(lambda: split_names("genres", items.separator)) if items and items.genres else None,
        attributes=users.attributes if users else (),
        rating_range=(rows.rating_range[0], rows.rating_range[1]) if rows.rating_range else None,
        weights=rows.weights,
        timed=rows.timestamp is not None,
        liked=own.liked or _like_condition(rows),
        recommend_seen=own.recommend_seen,
        spelling={"separator": items.separator} if items else {},
    )


def _like_condition(rows: Interactions) -> str:
    return f"> {sum(rows.rating_range) / 2:g}" if rows.rating else "any"
