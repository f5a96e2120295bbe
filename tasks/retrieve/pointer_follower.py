"""Follower of a family's pointer: no answer fails or mixes two generations while the pointer moves.

The keys of a load are written once and never changed, so a value that is found is right. A sweep
deletes the manifest first, so a value that is missing never existed if the manifest exists
afterwards; if it does not, the query is repeated on the generation that is live by then. When the
pointer has moved, one caller opens the new generation; the others use the old one meanwhile, which
stays whole in Redis as the one before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from tasks.core.cli.errors import BadRequest, Corrupt, RecallError
from tasks.core.serving.redis_client import Client, decode_hash, redis_errors
from tasks.core.serving.redis_keys import SCHEMA, FamilyKeys
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.retrieve.loaded_generation import LoadedGeneration

LOGGER = logging.getLogger("recall_reader")
MAX_TRIES = 20
# Errors of reading files that somebody altered
FOREIGN_CONTENT_ERRORS = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)
MAX_LOAD_NAME_CHARACTERS = 300  # a longer name is cut, and found nowhere
RETRY_SECONDS = 5.0  # before a generation that could not be opened is tried again
Fill = Callable[[Any, LoadedGeneration], object]  # adds commands to a pipeline of redis-py


class PointerFollower:
    """The live generation of one family.

    Args:
        client: the server.
        store: the store of the generations; None: the one that the manifest in Redis names.
        family: its name.
    """

    def __init__(self, client: Client, store: Store | None, family: str) -> None:
        self.client, self.store, self.names = client, store, FamilyKeys(family)
        self.generation: LoadedGeneration | None = None
        self.switches = 0  # times another generation took over
        self._lock = threading.Lock()
        self._refused: dict[str, float] = {}  # load → when it could not be opened

    def ask(self, fill: Fill | None = None) -> tuple[LoadedGeneration, list[Any]]:
        """A generation that is whole at this moment, and the replies to the commands of `fill`.

        Raises:
            BadRequest: nothing of the family is live.
            Corrupt: the live generation cannot be opened, and no older one is loaded.
        """
        for _ in range(MAX_TRIES):
            generation = self.generation or self._open(self._pointer(), wait=True)
            if generation is None:
                continue
            with redis_errors(self.client), self.client.pipeline(transaction=False) as pipe:
                pipe.hget(self.names.live, "load")
                if fill:
                    fill(pipe, generation)
                live, *replies = pipe.execute()
                manifest = self.names.manifest(generation.load)
                whole = None not in replies or self.client.exists(manifest) == 1
            load = self._named(live)
            if whole and (load == generation.load or not self._open(load, wait=False)):
                return generation, replies
            if not whole:
                self._open(self._pointer(), wait=True, again=generation)
        raise Corrupt(
            f"the live generation of {self.names.family} is not whole in Redis",
            got=self._pointer(),
            remedy="load and verify it again, or roll back",
        )

    def _pointer(self) -> str:
        with redis_errors(self.client):
            return self._named(self.client.hget(self.names.live, "load"))

    def _named(self, live: bytes | None) -> str:
        if live is None:
            raise self._nothing()
        return live[:MAX_LOAD_NAME_CHARACTERS].decode(errors="replace")

    def _nothing(self) -> BadRequest:
        return BadRequest(
            f"nothing of {self.names.family} is live",
            remedy=f"publish it: trigger the DAG publish_{self.names.family}",
        )

    def _open(
        self, load: str, wait: bool, again: LoadedGeneration | None = None
    ) -> LoadedGeneration | None:
        """Open a load; None when another caller is opening one, or an older one must serve.

        Args:
            wait: wait for another caller, and raise errors instead of serving an older one.
            again: the loaded generation, which is no longer whole.
        """
        if not self._lock.acquire(blocking=wait):
            return None
        try:
            if self.generation and self.generation.load == load and self.generation is not again:
                return self.generation
            refused = self._refused.get(load, -RETRY_SECONDS)
            if not wait and time.monotonic() - refused < RETRY_SECONDS:
                return None
            before, self.generation = self.generation, self._read(load)
            self.switches += (
                before is not None
                and self.generation is not None
                and before.id != self.generation.id
            )
            return self.generation
        except RecallError as error:
            if wait:
                raise
            self._refused = {load: time.monotonic()}
            LOGGER.warning(
                "retrieve.refused family=%s load=%s reason=%r serving=%s",
                self.names.family,
                load,
                str(error),
                self.generation and self.generation.id,
            )
            return None
        finally:
            self._lock.release()

    def _read(self, load: str) -> LoadedGeneration | None:
        with redis_errors(self.client):
            manifest = decode_hash(self.client.hgetall(self.names.manifest(load)))
        if not manifest:  # the pointer has moved on since it was read, and this one was swept
            return self.generation
        if (schema := manifest.get("schema", "0")) != str(SCHEMA):
            newer = schema.isascii() and schema.isdigit() and int(schema[:9]) > SCHEMA
            raise Corrupt(
                f"Redis was loaded by {'a newer' if newer else 'an older'} version",
                got=f"schema {schema}",
                allowed=f"schema {SCHEMA}",
                remedy="upgrade this reader" if newer else "publish again",
            )
        try:
            return LoadedGeneration(self._folder(load, manifest), manifest)
        except FOREIGN_CONTENT_ERRORS as error:
            raise Corrupt(
                f"the folder of the live generation {load[:100]} of {self.names.family} is not "
                "what the pipeline writes",
                got=f"{type(error).__name__}: {error}",
                remedy="publish it again; until then an older one, or another family, answers",
            ) from error

    def _folder(self, load: str, manifest: dict[str, str]) -> Artefact:
        generation = load.rpartition(".")[0]
        if self.store:
            artefact = self.store.find("generations", self.names.family, generation)
        else:
            root, *_, name = ["", *manifest.get("store", "").rsplit("/", 3)][-4:]
            artefact = Store(root).find("generations", self.names.family, name) if root else None
        if artefact is None:
            raise Corrupt(
                f"the folder of the live generation {generation} of {self.names.family} is not "
                "in the store",
                remedy="mount the store where it was published, or name it by RECALL_STORE",
            )
        return artefact
