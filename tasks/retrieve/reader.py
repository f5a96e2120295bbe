"""The reader: recommendations and similar items from what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tasks.core.attributes import Attributes, Value, texts
from tasks.core.connection import answering, connect
from tasks.core.errors import BadRequest
from tasks.core.keys import FAMILIES, unpack_seen, unpack_vector
from tasks.core.store import Store
from tasks.retrieve.answers import Answer, Hit, Item, Source
from tasks.retrieve.follow import Followed
from tasks.retrieve.held import Held, Ranked
from tasks.retrieve.merge import reciprocal_rank
from tasks.retrieve.titles import find

ALL = "all"
DEPTH = 100  # items of each family that are merged, at least


class Reader:
    """Reads what is live; safe to share between threads, and follows every publication and rollback without a restart.

    Args:
        redis_url: redis://user:password@host:port/0; None: RECALL_REDIS_URL.
        store: root URI of the store with the generations; None: where the publisher wrote them.
        families: those to merge when a call names none; None: all that ever went live.
        timeout_seconds: longest wait for Redis.

    Every call may raise `Unreachable` (Redis does not answer), `BadRequest` (nothing is live, k below 1) and `Corrupt` (what is
    live differs from its digest, or folder and Redis are not the same generation). A k beyond the catalogue gives all there is.
    """

    def __init__(self, redis_url: str | None = None, store: str | None = None, families: Sequence[str] | None = None,
                 timeout_seconds: float = 5.0) -> None:
        self.client = connect(redis_url, timeout_seconds)
        self.store = Store(store) if store else None
        self._families, self._followed = list(families) if families else None, {}

    def similar(self, item: str | None = None, k: int = 10, *, title: str | None = None, family: str | None = None) -> Answer:
        """Items like one item, by cosine.

        Args:
            item: its id, or instead of it
            title: as `find` understands it; the best match is taken, and is the `history` of the answer.
            family: one family, or None for all of them merged.

        Raises:
            BadRequest: no family asked knows the item.
        """
        with answering(self.client):
            held = self._ask(family, k)
            if item is None:
                item = self._best(held, title)
            lists = {one: h.similar(h.rows[item], max(k, DEPTH)) for one, h in held.items() if item in h.rows}
            if not lists:
                raise BadRequest("no live model knows this item", got=item,
                                 remedy="it is new, or was never liked; ask by title to see what is there")
            return _answer({one: held[one] for one in lists}, lists, k, "similar", _items(held, [item]))

    def recommend(self, user: str | None = None, k: int = 10, *, history: Sequence[str] | None = None,
                  attributes: Mapping[str, Value] | None = None, family: str | None = None) -> Answer:
        """Items for a user, or for anybody whose history or attributes are given; what they have seen is left out.

        Args:
            user: an id. A user without a stored vector gets the popular items, and the answer's source says so.
            history: item ids, oldest first, of someone who need not be known; ids that no family knows are told in `unknown`.
                An empty history, or one of unknown ids only, gives the popular items, unless a family knows an attribute.
            attributes: column of the table of users → value, as {"age": "25"}, of somebody who need not be known; names and values
                that no live family has learned play no part.
            family: one family, or None for all of them merged.
        """
        if (user is None) == (history is None and attributes is None):
            raise BadRequest("recommend for a user, or for a history or attributes", got="both" if user is not None else "neither",
                             allowed="one of them")
        told = _checked(attributes)
        with answering(self.client):
            if user is not None:
                return self._for_user(str(user), k, family)
            return self._for_history([str(id) for id in history or ()], k, family, told)

    def find(self, title: str, family: str | None = None) -> list[Item]:
        """Items whose title matches, best first: whole title, its beginning, a part of it; then by popularity."""
        with answering(self.client):
            return self._find(self._ask(family, 1), title)

    def someone(self, family: str | None = None) -> str:
        """The id of a user to try with: the first that a live model has a vector for."""
        with answering(self.client):
            return next(iter(self._ask(family, 1).values())).folder.user_ids[0]

    def knows(self, item: str, family: str | None = None) -> bool:
        """Whether a live model knows this item id."""
        with answering(self.client):
            return any(item in held.rows for held in self._ask(family, 1).values())

    def generations(self) -> dict[str, str]:
        """family → id of the generation that is live now."""
        with answering(self.client):
            return {one: held.id for one, held in self._ask(None, 1).items()}

    def _for_user(self, user: str, k: int, family: str | None) -> Answer:
        id = user.encode()

        def fill(pipe, held: Held) -> None:
            for kind in ("users", "seen"):
                pipe.hget(held.bucket(kind, id), id)

        vectors, seen, liked, held = {}, {}, {}, {}
        for one in self._names(family, k):
            held[one], (vector, rows) = self._follow(one).ask(fill)
            liked[one], seen[one] = unpack_seen(rows) if rows else (np.zeros(0, np.int32),) * 2
            if vector is not None:
                vectors[one] = unpack_vector(vector)
        history = next((tuple(map(held[one].item, rows[::-1].tolist())) for one, rows in liked.items() if len(rows)), ())
        seen = _seen_by_any(held, seen)
        if not vectors:
            return self._popular(held, seen, k, history)
        lists = {one: held[one].nearest(query, _depth(held, k), seen[one]) for one, query in vectors.items()}
        return _answer({one: held[one] for one in lists}, lists, k, "user", history)

    def _for_history(self, ids: list[str], k: int, family: str | None, attributes: Attributes | None) -> Answer:
        held = self._ask(family, k)
        rows = {one: h.known(ids) for one, h in held.items()}
        unknown = tuple(id for id in ids if not any(id in h.rows for h in held.values()))
        history = _items(held, [id for id in reversed(ids) if id not in unknown])
        asked = {one: held[one].encode(r, attributes) for one, r in rows.items()}
        lists = {one: held[one].nearest(query, _depth(held, k), rows[one]) for one, query in asked.items() if query is not None}
        if not lists:
            return self._popular(held, rows, k, history, unknown)
        return _answer({one: held[one] for one in lists}, lists, k, "history" if history else "attributes", history, unknown)

    def _popular(self, held: dict[str, Held], seen: dict[str, np.ndarray], k: int, history: tuple[Item, ...],
                 unknown: tuple[str, ...] = ()) -> Answer:
        lists = {one: h.popular(_depth(held, k), seen[one]) for one, h in held.items()}
        return _answer(held, lists, k, "popular", history, unknown)

    def _ask(self, family: str | None, k: int) -> dict[str, Held]:
        return {one: self._follow(one).ask()[0] for one in self._names(family, k)}

    def _names(self, family: str | None, k: int) -> list[str]:
        if k < 1:
            raise BadRequest("k is how many items are wanted", got=k, allowed="1 or more")
        if family not in (None, ALL):
            return [family]
        names = self._families or sorted(name.decode() for name in self.client.smembers(FAMILIES))
        if not names:
            raise BadRequest("nothing is live", remedy="publish a model first")
        return names

    def _follow(self, family: str) -> Followed:
        return self._followed.setdefault(family, Followed(self.client, self.store, family))

    def _best(self, held: dict[str, Held], title: str | None) -> str:
        if title is None:
            raise BadRequest("similar to what", allowed="an item's id or a title")
        found = self._find(held, title)
        if not found:
            raise BadRequest("no live model knows a title like this", got=title, remedy="try fewer words of it")
        return found[0].id

    @staticmethod
    def _find(held: dict[str, Held], title: str) -> list[Item]:
        found: dict[str, tuple] = {}
        for h in held.values():
            for level, row in find(h, title):
                item = h.item(row)
                found.setdefault(item.id, (level, -int(h.popularity[row]), item))
        return [item for _, _, item in sorted(found.values(), key=lambda match: match[:2])]


def _checked(attributes: Mapping[str, Value] | None) -> Attributes | None:
    """The attributes of one user.

    Raises:
        BadRequest: a value is neither text nor number nor a list of these.
    """
    for name, value in (attributes or {}).items():
        try:
            texts(value)
        except TypeError as error:
            raise BadRequest(f"attribute {name}: not a value", got=str(error), allowed="a text, a number, or a list of texts") from None
    return Attributes.of_one(attributes) if attributes else None


def _depth(held: dict[str, Held], k: int) -> int:
    return k if len(held) == 1 else max(k, DEPTH)


def _seen_by_any(held: dict[str, Held], seen: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The union of what the families know as seen, in the rows of each: one of them may be a day older than the others."""
    if len(held) == 1:
        return seen
    ids = list({held[one].folder.item_ids[row] for one, rows in seen.items() for row in rows.tolist()})
    return {one: h.known(ids) for one, h in held.items()}


def _items(held: dict[str, Held], ids: Sequence[str]) -> tuple[Item, ...]:
    return tuple(next(h.item(h.rows[id]) for h in held.values() if id in h.rows) for id in ids)


def _answer(held: dict[str, Held], lists: dict[str, Ranked], k: int, source: Source, history: tuple[Item, ...],
            unknown: tuple[str, ...] = ()) -> Answer:
    """One family's list as it is; several merged by reciprocal rank."""
    generations = {one: h.id for one, h in held.items()}
    if len(lists) == 1:
        [(one, (rows, scores))] = lists.items()
        hits = [Hit(held[one].item(row), float(score), (one,)) for row, score in zip(rows[:k].tolist(), scores[:k].tolist())]
        return Answer(tuple(hits), generations, source, history, unknown)
    ids = {one: [held[one].folder.item_ids[row] for row in rows.tolist()] for one, (rows, _) in lists.items()}
    merged = reciprocal_rank(ids)[:k]
    hits = [Hit(held[names[0]].item(held[names[0]].rows[id]), score, names) for id, score, names in merged]
    return Answer(tuple(hits), generations, source, history, unknown)
