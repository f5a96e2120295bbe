"""The reader: recommendations and similar items from what is live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.core.cli.errors import BadRequest
from tasks.core.data.user_attributes import Value
from tasks.core.serving.redis_client import connect, redis_errors
from tasks.core.store.store import Store
from tasks.retrieve import title_search
from tasks.retrieve.answer_builder import build_answer, with_member_shares
from tasks.retrieve.answers import Answer, Item, Source
from tasks.retrieve.channels import POPULAR, SIMILAR, channel_items, with_ids
from tasks.retrieve.families import Families
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.metrics import Metrics, counted
from tasks.retrieve.user_state import UserState
from tasks.retrieve.validation import (
    Channels,
    check_attributes,
    check_channels,
    check_count,
    check_history,
    check_id,
    family_name,
    title_text,
)

MIN_CHANNEL_ITEMS = 100  # items of each channel that are merged, at least


class Reader:
    """Reads what is live; safe to share between threads, and follows every publication and rollback
    without a restart.

    Args:
        redis_url: redis://user:password@host:port/0; None: RECALL_REDIS_URL.
        store: root URI of the store with the generations; None: where the publisher wrote them.
        families: those to merge when a call names none; None: the fusion alone where it is live,
            else all that are. One of which nothing is live, or cannot be opened, is left out as
            long as another answers, unless the call names it.
        timeout_seconds: longest wait for Redis.

    Every call may raise `Unreachable` (Redis does not answer), `BadRequest` (nothing is live, k
    below 1, an id that is neither a text nor a whole number) and `Corrupt` (what is
    live differs from its digest, or folder and Redis are not the same generation). A k beyond the
    catalogue gives all there is.
    """

    def __init__(
        self,
        redis_url: str | None = None,
        store: str | None = None,
        families: Sequence[str] | None = None,
        timeout_seconds: float = 5.0,
    ) -> None:
        self.client = connect(
            redis_url, timeout_seconds / 2
        )  # what is not answered is asked once more
        self._live = Families(self.client, Store(store) if store else None, families)
        self.counts = Metrics()

    @counted
    def recommend(
        self,
        user: str | None = None,
        k: int = 10,
        *,
        history: Sequence[str] | None = None,
        attributes: Mapping[str, Value] | None = None,
        channels: Channels | None = None,
    ) -> Answer:
        """Items for a user, for anybody whose history or attributes are given, or for a user who
        has just done more. What was seen is left out, unless the data set was ingested with
        `recommend_seen`.

        Args:
            user: an id, as text or as a whole number. A user without a stored vector gets the
                popular items, and the answer's source says so.
            history: item ids, oldest first; with `user`, what they did since the last publication.
                Ids that no family knows are told in `unknown`. An empty history, or one of unknown
                ids only, gives the popular items, unless a family knows an attribute.
            attributes: column of the table of users → value, as {"age": "25"}, of somebody who need
                not be known; names and values that no live family has learned play no part. What is
                not known is left out: None, NaN and "" are refused.
            channels: names of families, `similar` (items like the newest liked ones) and `popular`,
                merged by reciprocal rank; or name → how many items each is to give at least, filled
                up to k by reciprocal rank. None: `fused` alone where it is live, which weighs the
                others by what they are worth; else all live families.

        >>> shares = {"gru4rec": 10, "item2vec": 5, "similar": 3, "popular": 2}
        >>> reader.recommend("42", k=20, channels=shares)  # doctest: +SKIP
        """
        k = check_count(k)
        given, wanted = (
            check_history(history),
            None if channels is None else check_channels(channels, k),
        )
        user = None if user is None else check_id("a user's id", user)
        about = check_attributes(user, given is not None, attributes)
        if user is None and given is None and about is None:
            raise BadRequest(
                "recommend for a user, a history or attributes",
                got="none of them",
                allowed="one of them, or several",
            )
        with redis_errors(self.client):
            held, values = self._asked(wanted, user)
            names = wanted or list(held)
            known, depth = (
                UserState.of(held, values, given, about),
                k if len(names) == 1 else max(k, MIN_CHANNEL_ITEMS),
            )
            lists = {
                name: ranked
                for name in names
                if (ranked := channel_items(name, held, known, depth))
            }
            liked = known.history(held)
            source: Source = (
                "user" if given is None and about is None else "history" if liked else "attributes"
            )
            if not lists or list(lists) == [POPULAR]:
                lists, source = {POPULAR: channel_items(POPULAR, held, known, depth)}, "popular"
            unknown = tuple(
                id for id in given or () if not any(id in h.rows for h in held.values())
            )
            return with_member_shares(
                build_answer(
                    held,
                    lists,
                    k,
                    source,
                    liked,
                    unknown,
                    channels if isinstance(channels, Mapping) else None,
                ),
                held,
                known,
            )

    @counted
    def precomputed(self, user: str, k: int = 10, *, family: str | None = None) -> Answer:
        """The list that the last publication made for a user, at most as long as it was made: one
        read, no search.

        Args:
            user: an id; an unknown one gets no hits.
            family: one family, or None for the fusion where it is live, else all of them merged.
        """
        k = check_count(k)
        with redis_errors(self.client):
            held, values = self._live.answering(
                family_name(family), ("top",), check_id("a user's id", user)
            )
            lists = {
                one: with_ids(h, h.top(values[one][0])) for one, h in held.items() if values[one][0]
            }
            return build_answer(held, lists, k, "precomputed")

    @counted
    def similar(
        self,
        item: str | None = None,
        k: int = 10,
        *,
        title: str | None = None,
        family: str | None = None,
    ) -> Answer:
        """Items like one item, by cosine.

        Args:
            item: its id, or instead of it
            title: as `find` understands it; the best match is taken, and is the `history` of the
                answer.
            family: one family, or None for the fusion where it is live, else all of them merged.

        Raises:
            BadRequest: no family asked knows the item, or what it is like: it was never liked
                beside another.
        """
        k = check_count(k)
        if (item is None) == (title is None):
            raise BadRequest(
                "similar to what",
                got="neither" if item is None else "both",
                allowed="an item's id or a title",
            )
        with redis_errors(self.client):
            held, _ = self._live.answering(family_name(family))
            id = (
                title_search.best_match(held, title_text(title))
                if item is None
                else check_id("an item's id", item)
            )
            held = {one: h for one, h in held.items() if id in h.rows}
            if not held:
                raise BadRequest(
                    "no live model knows this item",
                    got=id,
                    remedy="it is not in the catalogue, is new, or is liked too rarely for any "
                    "of them; ask by title to see what is there",
                )
            depth = k if len(held) == 1 else max(k, MIN_CHANNEL_ITEMS)
            lists = {
                one: ranked
                for one, h in held.items()
                if (ranked := with_ids(h, *h.similar(h.rows.get(id), depth)))
            }
            if not lists:
                raise BadRequest(
                    "no live model can say what this item is like: it was hardly ever liked "
                    "beside another, and no genre tells",
                    got=id,
                    remedy="ask again when more users have met it; `popular` counts it",
                )
            first = next(iter(held.values()))
            return build_answer(held, lists, k, "similar", (first.item(first.rows.get(id)),))

    def find(self, title: str, family: str | None = None) -> list[Item]:
        """Items whose title matches, best first: whole title, its beginning, a part of it; then by
        popularity.
        """
        with redis_errors(self.client):
            return title_search.find_items(self._all(family), title_text(title))

    def someone(self, family: str | None = None) -> str:
        """The id of a user to try with: the first that a live model has a vector for."""
        with redis_errors(self.client):
            return next(iter(self._all(family).values())).folder.user_ids[0]

    def knows(self, item: str, family: str | None = None) -> bool:
        """Whether a live model knows this item id."""
        with redis_errors(self.client):
            id = check_id("an item's id", item)
            return any(id in held.rows for held in self._all(family).values())

    def generations(self) -> dict[str, str]:
        """family → id of the generation that is live now."""
        with redis_errors(self.client):
            return {one: held.id for one, held in self._all().items()}

    def _asked(
        self, channels: Sequence[str] | None, user: str | None
    ) -> tuple[dict[str, LoadedGeneration], dict[str, list[Any]]]:
        """What these channels read, and what stands there of the user's vector and history."""
        kinds = ("users", "seen")
        if channels is None:
            return self._live.answering(None, kinds, user)
        families = [name for name in channels if name not in (SIMILAR, POPULAR)]
        names = (
            families
            if len(families) == len(channels)
            else list(dict.fromkeys([*self._live.names(), *families]))
        )
        return self._live.read(names, kinds, user, families)

    def _all(self, family: str | None = None) -> dict[str, LoadedGeneration]:
        """The family that is named, or every one that can be read."""
        name = family_name(family)
        return self._live.read(self._live.names(name), needed=[name] if name else ())[0]

    def live(self) -> dict[str, dict[str, Any] | None]:
        """family → what its pointer says: generation, version, day, since (seconds since 1970), by,
        why, previous, fence; None: nothing.
        """
        with redis_errors(self.client):
            return self._live.pointers()

    def metrics(self) -> str:
        """Latency, refusals and the generation of each family that has answered, as text for
        Prometheus; nothing is read for it.
        """
        return self.counts.text(self._live.in_hand())
