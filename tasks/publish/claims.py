"""Who may write the keys of a generation: the holder of its newest claim, checked with every batch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from itertools import islice

import redis
from redis.exceptions import WatchError

from tasks.core.errors import Conflict, Unreachable
from tasks.core.keys import Names
from tasks.publish.scripts import CLAIM, FINISH

TRIES = 50
KEYS_AT_ONCE = 500


class Claim:
    """The right to write one generation's keys, lost as soon as somebody else claims it."""

    def __init__(self, client: redis.Redis, names: Names, generation: str, fence: int) -> None:
        self.client, self.names, self.generation, self.fence = client, names, generation, fence

    @classmethod
    def take(cls, client: redis.Redis, names: Names, generation: str, entry: dict) -> "Claim":
        """Claim a generation; its entry in the registry says from now on what is happening to it, and which keys it may have."""
        fence = client.eval(CLAIM, 3, names.fence, names.claims, names.generations, generation, json.dumps(entry))
        return cls(client, names, generation, int(fence))

    @classmethod
    def held(cls, client: redis.Redis, names: Names, generation: str) -> "Claim":
        """The newest claim, whoever took it: for a task that goes on where the one before it ended."""
        return cls(client, names, generation, int(client.hget(names.claims, generation) or 0))

    def run(self, fill: Callable[[redis.client.Pipeline], object]) -> list:
        """Send commands that take effect only if the claim still holds, all at once.

        Raises:
            Conflict: somebody claimed the generation in the meantime; nothing of this batch was written.
        """
        for _ in range(TRIES):
            try:
                with self.client.pipeline(transaction=True) as pipe:
                    pipe.watch(self.names.claims)
                    self._check(pipe.hget(self.names.claims, self.generation))
                    pipe.multi()
                    fill(pipe)
                    return pipe.execute()
            except WatchError:  # another generation was claimed; or the connection broke, which the next try tells
                continue
        raise Unreachable(f"{self.names.family} is claimed by others without pause", remedy="see which publishers are running")

    def delete(self, keys: Iterable[str]) -> int:
        """Delete keys in batches; returns how many there were."""
        keys, gone = iter(keys), 0
        while batch := list(islice(keys, KEYS_AT_ONCE)):
            gone += self.run(lambda pipe: pipe.unlink(*batch))[0]
        return gone

    def note(self, entry: dict) -> None:
        """Replace the generation's entry in the registry."""
        self.run(lambda pipe: pipe.hset(self.names.generations, self.generation, json.dumps(entry)))

    def finish(self, entry: dict, manifest: dict) -> None:
        """Write the manifest and the entry in one step: from here on the generation is whole."""
        fields = [part for pair in manifest.items() for part in pair]
        names = self.names
        if not self.client.eval(FINISH, 3, names.claims, names.generations, names.manifest(self.generation), self.generation,
                                self.fence, json.dumps(entry), *fields):
            self._check(None)

    def forget(self) -> None:
        """Remove the generation from the registry."""
        self.run(lambda pipe: (pipe.hdel(self.names.generations, self.generation), pipe.hdel(self.names.claims, self.generation)))

    def _check(self, holder: bytes | None) -> None:
        if holder is None or int(holder) != self.fence:
            raise Conflict(f"generation {self.generation} of {self.names.family} was claimed by somebody newer",
                           got=f"fence {self.fence}", allowed=f"fence {int(holder or 0)}",
                           remedy="let the newer publisher finish; nothing live was touched")


def entries(client: redis.Redis, names: Names) -> dict[str, dict]:
    """Every generation that Redis may hold keys of: its state, its plan, when it was started."""
    return {generation.decode(): json.loads(text) for generation, text in client.hgetall(names.generations).items()}


def live(client: redis.Redis, names: Names) -> dict[str, str]:
    """The pointer, empty when nothing is live."""
    return {name.decode(): value.decode() for name, value in client.hgetall(names.live).items()}


def manifest(client: redis.Redis, names: Names, generation: str) -> dict[str, str]:
    """A generation's manifest in Redis, empty when it is not whole there."""
    return {name.decode(): value.decode() for name, value in client.hgetall(names.manifest(generation)).items()}
