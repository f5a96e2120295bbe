"""The reader: recommendations and similar items from the live generations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.core.cli.errors import BadRequest
from tasks.core.data.user_attributes import Value
from tasks.core.serving.redis_client import connect, redis_errors
from tasks.core.store.store import Store
from tasks.retrieve import title_search
from tasks.retrieve.answer_builder import build_answer, with_evidence, with_member_shares
from tasks.retrieve.answers import Answer, Item
from tasks.retrieve.channels import POPULAR, SIMILAR, channel_items, with_ids
from tasks.retrieve.families import Families
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.metrics import Metrics, count_calls
from tasks.retrieve.query import Query
from tasks.retrieve.user_state import UserState
from tasks.retrieve.validation import (
    Channels,
    check_count,
    check_id,
    family_name,
    title_text,
)

MIN_CHANNEL_ITEMS = 100  # of each channel, to merge


class Reader:
    """Reader of the live generations.

    It follows every publication and rollback without a restart, and may be shared by threads.

    Args:
        redis_url: redis://user:password@host:port/0; None: RECALL_REDIS_URL.
        store: root URI of the store with the generations; None: where the publisher wrote them.
        families: families to merge when a call names none; None: the fusion alone where it is
            live, else all live ones. A family that is not live, or cannot be opened, is left out
            as long as another answers, unless the call names it.
        timeout_seconds: longest wait for Redis.

    Every call may raise `Unreachable` (Redis does not answer), `BadRequest` (nothing is live, k
    below 1, an id that is neither a text nor a whole number) and `Corrupt` (a live generation
    differs from its digest, or its folder and Redis are not the same generation). A k beyond the
    catalogue returns the whole catalogue.
    """

    def __init__(
        self,
        redis_url: str | None = None,
        store: str | None = None,
        families: Sequence[str] | None = None,
        timeout_seconds: float = 5.0,
    ) -> None:
        # A command without a reply is sent once more, so each of the two waits half the time.
        self.client = connect(redis_url, timeout_seconds / 2)
        self._live = Families(self.client, Store(store) if store else None, families)
        self.counts = Metrics()

    @count_calls
    def recommend(
        self,
        user: str | None = None,
        k: int = 10,
        *,
        history: Sequence[str] | None = None,
        attributes: Mapping[str, Value] | None = None,
        channels: Channels | None = None,
    ) -> Answer:
        """Items for a user, or for anybody with a history or attributes.

        Seen items are left out, unless the data set was ingested with `recommend_seen`.

        Args:
            user: an id, as text or as a whole number. A user without a stored vector gets the
                popular items, and the answer's source says so.
            history: item ids, oldest first; with `user`, those since the last publication. Ids that
                no family knows are listed in `unknown`; without any known id or attribute, the
                popular items are returned.
            attributes: column of the table of users → value, as {"age": "25"}. Names and values
                that no live family has learned play no part; None, NaN and "" are refused.
            channels: names of families, `similar` (items like the newest liked ones) and `popular`,
                merged by reciprocal rank; or name → how many items each gives at least, filled up
                to k by reciprocal rank. None: `fused` alone where it is live, which weighs the
                others by what they are worth; else all live families.

        >>> shares = {"gru4rec": 10, "item2vec": 5, "similar": 3, "popular": 2}
        >>> reader.recommend("42", k=20, channels=shares)  # doctest: +SKIP
        """
        query = Query.of(user, k, history, attributes, channels)
        with redis_errors(self.client):
            return self._recommend(query)

    def _recommend(self, query: Query) -> Answer:
        generations, values = self._read_for(query)
        state = UserState.of(generations, values, query.history, query.attributes)
        names = query.channels or list(generations)
        depth = query.k if len(names) == 1 else max(query.k, MIN_CHANNEL_ITEMS)
        lists = {
            name: ranked
            for name in names
            if (ranked := channel_items(name, generations, state, depth))
        }
        liked = state.history(generations)
        source = query.source(bool(liked))
        if not lists or list(lists) == [POPULAR]:
            lists = {POPULAR: channel_items(POPULAR, generations, state, depth)}
            source = "popular"
        unknown = query.unknown(generations)
        answer = build_answer(generations, lists, query.k, source, liked, unknown, query.quotas)
        return with_member_shares(answer, generations, state)

    @count_calls
    def precomputed(self, user: str, k: int = 10, *, family: str | None = None) -> Answer:
        """The list that the last publication computed for a user: one read, no search.

        Args:
            user: an id; an unknown one gets no hits.
            family: one family, or None for the fusion where it is live, else all of them merged.
        """
        k = check_count(k)
        with redis_errors(self.client):
            generations, values = self._live.answering(
                family_name(family), ("top",), check_id("a user's id", user)
            )
            lists = {
                name: with_ids(generation, generation.top(values[name][0]))
                for name, generation in generations.items()
                if values[name][0]
            }
            return build_answer(generations, lists, k, "precomputed")

    @count_calls
    def similar(
        self,
        item: str | None = None,
        k: int = 10,
        *,
        title: str | None = None,
        family: str | None = None,
    ) -> Answer:
        """Items like one item, with how many users liked both: at most 100, or 50 of a catalogue of
        more than 200,000 items. Where few users liked it, its genres say what is like it.

        Args:
            item: its id.
            title: a title instead of an id, as `find` understands it; the best match is taken, and
                is the `history` of the answer.
            family: one family, or None for the fusion where it is live, else all of them merged.

        Raises:
            BadRequest: no family asked knows the item, or what is like it: it was never liked
                beside another, and has no genre.
        """
        k = check_count(k)
        if (item is None) == (title is None):
            raise BadRequest(
                "similar to what",
                got="neither" if item is None else "both",
                allowed="an item's id or a title",
            )
        with redis_errors(self.client):
            generations, _ = self._live.answering(family_name(family))
            id = (
                title_search.best_match(generations, title_text(title))
                if item is None
                else check_id("an item's id", item)
            )
            return self._similar(id, k, generations)

    def _similar(self, id: str, k: int, generations: Mapping[str, LoadedGeneration]) -> Answer:
        knowing = {
            family: generation
            for family, generation in generations.items()
            if id in generation.rows
        }
        if not knowing:
            raise BadRequest(
                "no live model knows this item",
                got=id,
                remedy="it is not in the catalogue, is new, or is liked too rarely for any "
                "of them; ask by title to see what is there",
            )
        depth = k if len(knowing) == 1 else max(k, MIN_CHANNEL_ITEMS)
        lists = {
            family: ranked
            for family, generation in knowing.items()
            if (ranked := with_ids(generation, *generation.similar(generation.rows.get(id), depth)))
        }
        if not lists:
            raise BadRequest(
                "no live model can say what this item is like: it was hardly ever liked "
                "beside another, and no genre tells",
                got=id,
                remedy="ask again when more users have met it; `popular` counts it",
            )
        first = next(iter(knowing.values()))
        answer = build_answer(knowing, lists, k, "similar", (first.item(first.rows.get(id)),))
        return with_evidence(answer, knowing, id)

    def find(self, title: str, family: str | None = None) -> list[Item]:
        """Items whose title matches, best first.

        A match of the whole title precedes one of its beginning, and that one of a part; equal
        matches are ordered by popularity.
        """
        with redis_errors(self.client):
            return title_search.find_items(self._all(family), title_text(title))

    def someone(self, family: str | None = None) -> str:
        """The id of the first user that a live model has a vector for, to try the reader with."""
        with redis_errors(self.client):
            return next(iter(self._all(family).values())).folder.user_ids[0]

    def knows(self, item: str, family: str | None = None) -> bool:
        """Whether a live model knows this item id."""
        with redis_errors(self.client):
            id = check_id("an item's id", item)
            return any(id in generation.rows for generation in self._all(family).values())

    def generations(self) -> dict[str, str]:
        """family → id of the generation that is live now."""
        with redis_errors(self.client):
            return {name: generation.id for name, generation in self._all().items()}

    def _read_for(self, query: Query) -> tuple[dict[str, LoadedGeneration], dict[str, list[Any]]]:
        """The families that a query reads, and the stored vector and rows of its user."""
        kinds = ("users", "seen")
        if query.channels is None:
            return self._live.answering(None, kinds, query.user)
        families = [name for name in query.channels if name not in (SIMILAR, POPULAR)]
        names = (
            families
            if len(families) == len(query.channels)
            else list(dict.fromkeys([*self._live.names(), *families]))
        )
        return self._live.read(names, kinds, query.user, families)

    def _all(self, family: str | None = None) -> dict[str, LoadedGeneration]:
        """The family that is named, or every one that can be read."""
        name = family_name(family)
        return self._live.read(self._live.names(name), needed=[name] if name else ())[0]

    def live(self) -> dict[str, dict[str, Any] | None]:
        """family → its pointer, or None where nothing is live.

        A pointer has generation, version, day, since (seconds since 1970), by, why, previous and
        fence.
        """
        with redis_errors(self.client):
            return self._live.pointers()

    def metrics(self) -> str:
        """Latency, refusals and the generation of each family, as text for Prometheus.

        Nothing is read for it: only families that have answered are listed.
        """
        return self.counts.text(self._live.loaded())
