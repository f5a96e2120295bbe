"""Following the pointer of a family while it moves, so that no answer fails and none mixes two generations.

Every question is one transaction: the pointer, the data of the generation held, and that generation's manifest. Sweeping deletes
the manifest before anything else, so data read while the manifest stands is whole. When the pointer has moved, one caller opens
the new generation; until that is done the others go on with the old one, which stays whole in Redis as the one before.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import redis

from tasks.core.errors import BadRequest, Corrupt, RecallError
from tasks.core.keys import Names
from tasks.core.log import log
from tasks.core.manifest import Artefact
from tasks.core.store import Store
from tasks.retrieve.held import Held

TRIES = 20
RETRY_SECONDS = 5.0  # before a generation that could not be opened is tried again
Fill = Callable[[redis.client.Pipeline, Held], object]


class Followed:
    """What is live of one family.

    Args:
        client: the server.
        store: where generations lie; None: where the pointer says.
        family: its name.
    """

    def __init__(self, client: redis.Redis, store: Store | None, family: str) -> None:
        self.client, self.store, self.names = client, store, Names(family)
        self._held: Held | None = None
        self._lock, self._refused = threading.Lock(), {}

    def ask(self, fill: Fill | None = None) -> tuple[Held, list]:
        """A generation that is whole at this moment, and the replies to the commands that `fill` puts into the pipeline for it.

        Raises:
            BadRequest: nothing of the family is live.
            Corrupt: what is live cannot be opened, and nothing older is held.
        """
        for _ in range(TRIES):
            held = self._held or self._open(self._pointer(), wait=True)
            if held is None:
                continue
            with self.client.pipeline(transaction=True) as pipe:
                pipe.hget(self.names.live, "generation")
                pipe.hget(self.names.manifest(held.id), "generation")
                if fill:
                    fill(pipe, held)
                live, told, *replies = pipe.execute()
            whole = told is not None and told.decode() == held.id
            if live is None:
                raise self._nothing()
            if live.decode() == held.id and whole:
                return held, replies
            if not self._open(live.decode(), wait=not whole) and whole:
                return held, replies
        raise Corrupt(f"the live generation of {self.names.family} is not whole in Redis", got=self._pointer(),
                      remedy="load and verify it again, or roll back")

    def _pointer(self) -> str:
        live = self.client.hget(self.names.live, "generation")
        if live is None:
            raise self._nothing()
        return live.decode()

    def _nothing(self) -> BadRequest:
        return BadRequest(f"nothing of {self.names.family} is live",
                          remedy=f"publish it: trigger the DAG publish_{self.names.family}")

    def _open(self, generation: str, wait: bool) -> Held | None:
        """Hold this generation; None when another caller is opening one, or when it cannot be had and an older one serves."""
        if not self._lock.acquire(blocking=wait):
            return None
        try:
            if self._held and self._held.id == generation:
                return self._held
            if time.monotonic() - self._refused.get(generation, -RETRY_SECONDS) < RETRY_SECONDS and not wait:
                return None
            self._held = self._read(generation)
            return self._held
        except RecallError as error:
            if wait:
                raise
            self._refused = {generation: time.monotonic()}
            log("retrieve.refused", family=self.names.family, generation=generation, reason=str(error), serving=self._held.id)
            return None
        finally:
            self._lock.release()

    def _read(self, generation: str) -> Held | None:
        manifest = {name.decode(): value.decode() for name, value in self.client.hgetall(self.names.manifest(generation)).items()}
        if not manifest:  # the pointer has moved on since it was read, and this one was swept
            return self._held
        return Held(self._folder(generation, manifest["store"]), manifest)

    def _folder(self, generation: str, uri: str) -> Artefact:
        if self.store:
            artefact = self.store.find("generations", self.names.family, generation)
        else:
            place = Path(uri.removeprefix("file://"))
            artefact = Store(place.parents[2].as_uri()).find("generations", self.names.family, place.name)
        if artefact is None:
            raise Corrupt(f"the folder of the live generation {generation} of {self.names.family} is not in the store",
                          remedy="mount the store where it was published, or name it by RECALL_STORE")
        return artefact
