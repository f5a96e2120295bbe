"""The live families, each followed while its pointer moves."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

from tasks.core.cli.errors import BadRequest, Corrupt, RecallError
from tasks.core.serving.redis_client import Client, decode_hash
from tasks.core.serving.redis_keys import FamilyKeys, announced_families
from tasks.core.store.store import Store
from tasks.retrieve.loaded_generation import LoadedGeneration
from tasks.retrieve.pointer_follower import Fill, PointerFollower

LOGGER = logging.getLogger("recall_reader")
ALL = "all"
MAX_TEXT_CHARACTERS = 2000  # of a field of a pointer
FUSED = "fused"  # made of the others; answers alone where it is live and no family is named


class Families:
    """The live generation of each family.

    Args:
        client: the server.
        store: the store of the generations; None: the one that the publisher wrote to.
        wanted: families to read when a call names none; None: all that ever went live.
    """

    def __init__(self, client: Client, store: Store | None, wanted: Sequence[str] | None) -> None:
        if isinstance(wanted, (str, bytes)) or not all(
            isinstance(name, str) for name in wanted or ()
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
        """The family that is named, or all.

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
        """Read the families that answer: the named one, the fusion where it is live, or all.

        Arguments and result are those of `read`.
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
        """Read the generation of each family, and the stored values of a user.

        Args:
            kinds: kinds of values to read.
            needed: families without which there is no answer. Any other one that is not live, or
                cannot be opened, is left out as long as one answers.

        Returns:
            family → its generation; family → the user's value of each kind, None where there is
            none.

        Raises:
            BadRequest: a needed family is not live, or none is.
            Corrupt: a needed family, or every one, cannot be opened.
        """

        fill = None if user is None else _reads(kinds, user)
        generations: dict[str, LoadedGeneration] = {}
        values: dict[str, list[Any]] = {}
        first_error: RecallError | None = None
        for family in names:
            try:
                generations[family], values[family] = self._follower(family).ask(fill)
            except (BadRequest, Corrupt) as error:
                if family in needed:
                    raise
                first_error = first_error or error
                self._leave_out(family, error)
        if not generations:
            raise first_error or self._nothing()
        return generations, values

    def _follower(self, family: str) -> PointerFollower:
        if family not in self._followed:
            follower = PointerFollower(self.client, self.store, family)
            self._followed.setdefault(family, follower)
        return self._followed[family]

    def _leave_out(self, family: str, error: RecallError) -> None:
        """Log why a family has no part in the answers, once for each reason in a row."""
        if self._left_out.get(family) != str(error):
            self._left_out[family] = str(error)
            LOGGER.warning("retrieve.left_out family=%s because=%r", family, str(error))

    def pointers(self) -> dict[str, dict[str, Any] | None]:
        """The pointer of each family; None where nothing is live now."""
        names = self.wanted or announced_families(self.client)
        with self.client.pipeline(transaction=False) as pipe:
            for family in names:
                pipe.hgetall(FamilyKeys(family).live)
            answers = pipe.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception) and "WRONGTYPE" not in str(answer):
                raise answer
        return {
            family: None if isinstance(answer, Exception) else _pointer(decode_hash(answer))
            for family, answer in zip(names, answers, strict=True)
        }

    def loaded(self) -> list[tuple[str, str, str, int]]:
        """Family, generation, version and number of switches of each loaded family."""
        return [
            (family, generation.id, generation.version, follower.switches)
            for family, follower in sorted(dict(self._followed).items())
            if (generation := follower.generation)
        ]


def _reads(kinds: tuple[str, ...], user: str) -> Fill:
    """Commands that read the values of a user."""

    def fill(pipe: Any, generation: LoadedGeneration) -> None:
        for kind in kinds:
            pipe.hget(generation.bucket(kind, user.encode()), user)

    return fill


def _pointer(fields: dict[str, str]) -> dict[str, Any] | None:
    """A pointer from its fields in Redis, long texts cut; None without any field."""
    if not fields:
        return None
    live = {name: text[:MAX_TEXT_CHARACTERS] for name, text in fields.items()}
    return {
        "generation": live.get("generation") or live.get("load", ""),
        "version": live.get("version") or None,
        "day": live.get("day"),
        "since": _number(live.get("since")),
        "by": live.get("by"),
        "why": live.get("why"),
        "previous": live.get("previous") or None,
        "fence": _number(live.get("fence"), int),
    }


def _number(text: str | None, kind: type = float) -> float | int | None:
    """The number that a text holds, or None."""
    try:
        return (
            kind(text)
            if text is not None and len(text) < 40 and math.isfinite(float(text))
            else None
        )
    except ValueError:
        return None
