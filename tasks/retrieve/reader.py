"""The reader: recommendations and similar items from what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tasks.core.connection import answering, connect
from tasks.core.errors import BadRequest
from tasks.core.keys import FAMILIES
from tasks.core.store import Store
from tasks.retrieve.answers import Answer, Hit, Item, Source
from tasks.retrieve.channels import POPULAR, SIMILAR, Known, Ranked, proposed
from tasks.retrieve.follow import Followed
from tasks.retrieve.held import Held
from tasks.retrieve.merge import by_quota, reciprocal_rank
from tasks.retrieve.titles import find

ALL = "all"
DEPTH = 100  # items of each channel that are merged, at least
Channels = Sequence[str] | Mapping[str, int]


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

    def recommend(self, user: str | None = None, k: int = 10, *, history: Sequence[str] | None = None,
                  channels: Channels | None = None) -> Answer:
        """Items for a user, for anybody whose history is given, or for a user who has just done more; what was seen is left out.

        Args:
            user: an id. A user without a stored vector gets the popular items, and the answer's source says so.
            history: item ids, oldest first; with `user`, what they did since the last publication. Ids that no family knows are
                told in `unknown`. An empty history, or one of unknown ids only, gives the popular items.
            channels: names of families, `similar` (items like the newest liked ones) and `popular`, merged by reciprocal rank;
                or name → how many items each is to give at least, filled up to k by reciprocal rank. None: all live families.

        >>> reader.recommend("42", k=20, channels={"gru4rec": 10, "item2vec": 5, "similar": 3, "popular": 2})  # doctest: +SKIP
        """
        if user is None and history is None:
            raise BadRequest("recommend for a user or for a history", got="neither", allowed="one of them, or both")
        with answering(self.client):
            names = self._channels(channels, k)
            families = [name for name in names if name not in (SIMILAR, POPULAR)]
            held, values = self._held(self._names() if len(families) < len(names) else families, ("users", "seen"), user)
            given = [str(id) for id in history or ()]
            known = _known(held, values, given, fresh=history is not None)
            unknown = tuple(id for id in given if not any(id in h.rows for h in held.values()))
            depth = k if len(names) == 1 else max(k, DEPTH)
            lists = {name: ranked for name in names if (ranked := proposed(name, held, known, depth))}
            source: Source = "history" if history is not None else "user"
            if not lists or list(lists) == [POPULAR]:
                lists, source = {POPULAR: proposed(POPULAR, held, known, depth)}, "popular"
            quotas = channels if isinstance(channels, Mapping) else None
            return _answer(held, lists, k, source, _history(held, known), unknown, quotas)

    def precomputed(self, user: str, k: int = 10, *, family: str | None = None) -> Answer:
        """The list that the last publication made for a user: one read, no search. Unknown users get no hits.

        Args:
            family: one family, or None for all of them merged.
        """
        with answering(self.client):
            self._positive(k)
            held, values = self._held(self._names(family), ("top",), str(user))
            lists = {}
            for one, h in held.items():
                rows = h.top(values[one][0]) if values[one][0] else np.zeros(0, np.int32)
                lists[one] = [(h.folder.item_ids[row], 1 / rank) for rank, row in enumerate(rows.tolist(), 1)]
            return _answer(held, {one: ranked for one, ranked in lists.items() if ranked}, k, "precomputed", ())

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
            self._positive(k)
            held, _ = self._held(self._names(family))
            if item is None:
                item = self._best(held, title)
            held = {one: h for one, h in held.items() if item in h.rows}
            if not held:
                raise BadRequest("no live model knows this item", got=item,
                                 remedy="it is new, or was never liked; ask by title to see what is there")
            lists = {}
            for one, h in held.items():
                rows, scores = h.similar(h.rows.get(item), k if len(held) == 1 else max(k, DEPTH))
                lists[one] = [(h.folder.item_ids[row], score) for row, score in zip(rows.tolist(), scores.tolist())]
            first = next(iter(held.values()))
            return _answer(held, lists, k, "similar", (first.item(first.rows.get(item)),))

    def find(self, title: str, family: str | None = None) -> list[Item]:
        """Items whose title matches, best first: whole title, its beginning, a part of it; then by popularity."""
        with answering(self.client):
            return _find(self._held(self._names(family))[0], title)

    def someone(self, family: str | None = None) -> str:
        """The id of a user to try with: the first that a live model has a vector for."""
        with answering(self.client):
            return next(iter(self._held(self._names(family))[0].values())).folder.user_ids[0]

    def knows(self, item: str, family: str | None = None) -> bool:
        """Whether a live model knows this item id."""
        with answering(self.client):
            return any(item in held.rows for held in self._held(self._names(family))[0].values())

    def generations(self) -> dict[str, str]:
        """family → id of the generation that is live now."""
        with answering(self.client):
            return {one: held.id for one, held in self._held(self._names())[0].items()}

    def _held(self, families: Sequence[str], kinds: tuple[str, ...] = (), user: str | None = None) -> tuple[dict[str, Held], dict[str, list]]:
        """Each family's generation, and what stands there of a user under these kinds."""
        def fill(pipe, held: Held) -> None:
            for kind in kinds if user is not None else ():
                pipe.hget(held.bucket(kind, user.encode()), user)

        held, values = {}, {}
        for one in families:
            held[one], values[one] = self._follow(one).ask(fill)
        return held, values

    def _channels(self, channels: Channels | None, k: int) -> list[str]:
        self._positive(k)
        names = self._names() if channels is None or ALL in channels else list(dict.fromkeys(channels))
        if not names:
            raise BadRequest("no channel is named", allowed=f"names of families, {SIMILAR}, {POPULAR}; or None for all families")
        if isinstance(channels, Mapping) and not all(isinstance(quota, int) and quota >= 0 for quota in channels.values()):
            raise BadRequest("a quota is a number of items", got=dict(channels), allowed="0 or more for each channel")
        return names

    def _names(self, family: str | None = None) -> list[str]:
        if family not in (None, ALL):
            return [family]
        names = self._families or sorted(name.decode() for name in self.client.smembers(FAMILIES))
        if not names:
            raise BadRequest("nothing is live", remedy="publish a model first")
        return names

    @staticmethod
    def _positive(k: int) -> None:
        if k < 1:
            raise BadRequest("k is how many items are wanted", got=k, allowed="1 or more")

    def _follow(self, family: str) -> Followed:
        return self._followed.setdefault(family, Followed(self.client, self.store, family))

    def _best(self, held: dict[str, Held], title: str | None) -> str:
        if title is None:
            raise BadRequest("similar to what", allowed="an item's id or a title")
        found = _find(held, title)
        if not found:
            raise BadRequest("no live model knows a title like this", got=title, remedy="try fewer words of it")
        return found[0].id


def _known(held: Mapping[str, Held], values: Mapping[str, list], given: list[str], fresh: bool) -> Known:
    """What the families know together: one of them may be a day older than the others, so what any of them saw is seen by all."""
    vectors, liked, seen = {}, {}, {}
    for one, h in held.items():
        vector, rows = values[one] or (None, None)
        liked[one], seen[one] = h.seen(rows)
        if vector is not None and not fresh:
            vectors[one] = h.vector(vector)
    if len(held) > 1:
        ids = list({held[one].folder.item_ids[row] for one, rows in seen.items() for row in rows.tolist()})
        seen = {one: h.rows.known(ids) for one, h in held.items()}
    if given:
        more = {one: h.rows.known(given) for one, h in held.items()}
        liked = {one: np.concatenate([liked[one], more[one]]) for one in held}
        seen = {one: np.concatenate([seen[one], more[one]]) for one in held}
    return Known(vectors, liked, seen)


def _history(held: Mapping[str, Held], known: Known) -> tuple[Item, ...]:
    """What was liked, newest first, as the first family that knows of any tells it."""
    longest = max(held, key=lambda one: len(known.liked[one]))
    return tuple(map(held[longest].item, known.liked[longest][::-1].tolist()))


def _find(held: Mapping[str, Held], title: str) -> list[Item]:
    found: dict[str, tuple] = {}
    for h in held.values():
        for level, row in find(h, title):
            item = h.item(row)
            found.setdefault(item.id, (level, -int(h.popularity[row]), item))
    return [item for _, _, item in sorted(found.values(), key=lambda match: match[:2])]


def _answer(held: Mapping[str, Held], lists: Mapping[str, Ranked], k: int, source: Source, history: tuple[Item, ...],
            unknown: tuple[str, ...] = (), quotas: Mapping[str, int] | None = None) -> Answer:
    """One channel's list as it is; several merged."""
    if len(lists) == 1:
        [(name, ranked)] = lists.items()
        merged = [(id, score, (name,)) for id, score in ranked[:k]]
    else:
        ids = {name: [id for id, _ in ranked] for name, ranked in lists.items()}
        merged = by_quota(ids, quotas, k) if quotas else reciprocal_rank(ids)[:k]
    hits = tuple(Hit(_item(held, id, names), float(score), names) for id, score, names in merged)
    return Answer(hits, {one: h.id for one, h in held.items()}, source, history, unknown)


def _item(held: Mapping[str, Held], id: str, names: tuple[str, ...]) -> Item:
    for one in (*(name for name in names if name in held), *held):
        if (row := held[one].rows.get(id)) >= 0:
            return held[one].item(row)
    raise KeyError(id)
