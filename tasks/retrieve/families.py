"""The families that are live, each followed while its pointer moves."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.core.connection import Client
from tasks.core.errors import BadRequest
from tasks.core.keys import FAMILIES, Names
from tasks.core.store import Store
from tasks.retrieve.follow import Followed
from tasks.retrieve.held import Held

ALL = "all"
FUSED = "fused"  # made of the others: it answers alone where it is live and no family is named


class Families:
    """What is live, family by family.

    Args:
        client: the server.
        store: where generations lie; None: where the publisher wrote them.
        wanted: those to take when a call names none; None: all that ever went live.
    """

    def __init__(self, client: Client, store: Store | None, wanted: Sequence[str] | None) -> None:
        if isinstance(wanted, (str, bytes)) or not all(isinstance(one, str) for one in wanted or ()):
            raise BadRequest("families are a list of names", got=wanted, allowed='["item2vec", "gru4rec"]; or None for all')
        self.client, self.store, self.wanted = client, store, list(wanted) if wanted else None
        self._followed: dict[str, Followed] = {}

    def names(self, family: str | None = None) -> list[str]:
        """The one that is named, or all.

        Raises:
            BadRequest: nothing has ever gone live.
        """
        if family not in (None, ALL):
            return [family]
        names = self.wanted or sorted(name.decode() for name in self.client.smembers(FAMILIES))
        if not names:
            raise BadRequest("nothing is live", remedy="publish a model first")
        return names

    def answering(self, family: str | None = None) -> list[str]:
        """Those that make an answer: the one that is named, the fusion alone where it is live, or all."""
        names = self.names(family)
        return [FUSED] if FUSED in names and self.wanted is None else names

    def held(self, names: Sequence[str], kinds: tuple[str, ...] = (), user: str | None = None) -> tuple[dict[str, Held], dict[str, list]]:
        """Of each family the generation that answers, and what stands there of a user under these kinds (None: nothing)."""
        def fill(pipe, held: Held) -> None:
            for kind in kinds if user is not None else ():
                pipe.hget(held.bucket(kind, user.encode()), user)

        held, values = {}, {}
        for one in names:
            followed = self._followed.get(one) or self._followed.setdefault(one, Followed(self.client, self.store, one))
            held[one], values[one] = followed.ask(fill)
        return held, values

    def pointers(self) -> dict[str, dict | None]:
        """What the pointer of each family says; None where nothing is live now."""
        names = self.wanted or sorted(name.decode() for name in self.client.smembers(FAMILIES))
        with self.client.pipeline(transaction=False) as pipe:
            for one in names:
                pipe.hgetall(Names(one).live)
            found = [{name.decode(): value.decode() for name, value in pointer.items()} for pointer in pipe.execute()]
        return {one: {"generation": live["generation"], "version": live["version"] or None, "day": live["day"], "since": float(live["since"]),
                      "by": live["by"], "why": live["why"], "previous": live["previous"] or None, "fence": int(live["fence"])} if live else None
                for one, live in zip(names, found)}

    def in_hand(self) -> list[tuple[str, str, str, int]]:
        """Family, generation, version and number of switches of each family that a generation is held of; nothing is read."""
        return [(one, followed.held.id, followed.held.version, followed.switches) for one, followed in sorted(dict(self._followed).items())
                if followed.held]
