"""The families that are live, each followed while its pointer moves."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from tasks.core.cli.errors import BadRequest, Corrupt, RecallError
from tasks.core.serving.redis_client import Client, decoded
from tasks.core.serving.redis_keys import FamilyKeys, announced_families
from tasks.core.store.store import Store
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.pointer_follower import PointerFollower

LOGGER = logging.getLogger("recall_reader")
ALL = "all"
MAX_TEXT_CHARACTERS = 2000  # characters of a pointer's text that are told
FUSED = "fused"  # made of the others: it answers alone where it is live and no family is named


class Families:
    """What is live, family by family.

    Args:
        client: the server.
        store: where generations lie; None: where the publisher wrote them.
        wanted: those to take when a call names none; None: all that ever went live.
    """

    def __init__(self, client: Client, store: Store | None, wanted: Sequence[str] | None) -> None:
        if isinstance(wanted, (str, bytes)) or not all(
            isinstance(one, str) for one in wanted or ()
        ):
            raise BadRequest(
                "families are a list of names",
                got=wanted,
                allowed='["item2vec", "gru4rec"]; or None for all',
            )
        self.client, self.store, self.wanted = client, store, list(wanted) if wanted else None
        self._followed: dict[str, PointerFollower] = {}
        self._left_out: dict[str, str] = {}

    def names(self, family: str | None = None) -> list[str]:
        """The one that is named, or all.

        Raises:
            BadRequest: nothing has ever gone live.
        """
        if family is not None and family != ALL:
            return [family]
        names = self.wanted or announced_families(self.client)
        if not names:
            raise self._nothing()
        return names

    @staticmethod
    def _nothing() -> BadRequest:
        return BadRequest("nothing is live", remedy="publish a model first")

    def answering(
        self, family: str | None = None, kinds: tuple[str, ...] = (), user: str | None = None
    ) -> tuple[dict[str, LoadedGeneration], dict[str, list[Any]]]:
        """Of those that make an answer what `read` gives: the family that is named, the fusion
        alone where it is live, or all.
        """
        if family is not None and family != ALL:
            return self.read([family], kinds, user, [family])
        names = self.names()
        if self.wanted is None and FUSED in names:
            try:
                return self.read([FUSED], kinds, user)
            except (BadRequest, Corrupt):
                if not (names := [name for name in names if name != FUSED]):
                    raise
        return self.read(names, kinds, user)

    def read(
        self,
        names: Sequence[str],
        kinds: tuple[str, ...] = (),
        user: str | None = None,
        needed: Sequence[str] = (),
    ) -> tuple[dict[str, LoadedGeneration], dict[str, list[Any]]]:
        """Of each family the generation that answers, and what stands there of a user under these
        kinds (None: nothing).

        Args:
            needed: those without which there is no answer. The others are left out where nothing of
                them is live or can be opened, as long as one answers.

        Raises:
            BadRequest: nothing is live of one that is needed, or of any.
            Corrupt: what is live of it cannot be opened.
        """

        def fill(pipe: Any, generation: LoadedGeneration) -> None:
            if user is not None:
                for kind in kinds:
                    pipe.hget(generation.bucket(kind, user.encode()), user)

        held: dict[str, LoadedGeneration] = {}
        values: dict[str, list[Any]] = {}
        first: RecallError | None = None
        for one in names:
            try:
                followed = self._followed.get(one) or self._followed.setdefault(
                    one, PointerFollower(self.client, self.store, one)
                )
                held[one], values[one] = followed.ask(fill)
            except (BadRequest, Corrupt) as error:
                if one in needed:
                    raise
                first = first or error
                self._leave_out(one, error)
        if not held:
            raise first or self._nothing()
        return held, values

    def _leave_out(self, family: str, error: RecallError) -> None:
        """Tell once why a family has no part in the answers, and again when the reason is another
        one.
        """
        if self._left_out.get(family) != str(error):
            self._left_out[family] = str(error)
            LOGGER.warning("retrieve.left_out family=%s because=%r", family, str(error))

    def pointers(self) -> dict[str, dict[str, Any] | None]:
        """What the pointer of each family says; None where nothing is live now."""
        names = self.wanted or announced_families(self.client)
        with self.client.pipeline(transaction=False) as pipe:
            for one in names:
                pipe.hgetall(FamilyKeys(one).live)
            answers = pipe.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception) and "WRONGTYPE" not in str(answer):
                raise answer
        found = [
            {}
            if isinstance(answer, Exception)
            else {name: text[:MAX_TEXT_CHARACTERS] for name, text in decoded(answer).items()}
            for answer in answers
        ]
        return {
            one: {
                "generation": live.get("generation") or live.get("load", ""),
                "version": live.get("version") or None,
                "day": live.get("day"),
                "since": _number(live.get("since")),
                "by": live.get("by"),
                "why": live.get("why"),
                "previous": live.get("previous") or None,
                "fence": _number(live.get("fence"), int),
            }
            if live
            else None
            for one, live in zip(names, found, strict=True)
        }

    def in_hand(self) -> list[tuple[str, str, str, int]]:
        """Family, generation, version and number of switches of each family that a generation is
        held of; nothing is read.
        """
        return [
            (one, followed.held.id, followed.held.version, followed.switches)
            for one, followed in sorted(dict(self._followed).items())
            if followed.held
        ]


def _number(text: str | None, kind: type = float) -> float | int | None:
    """What a pointer says as a number; None where it says none."""
    try:
        return (
            kind(text)
            if text is not None and len(text) < 40 and math.isfinite(float(text))
            else None
        )
    except ValueError:
        return None
