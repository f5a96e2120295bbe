"""Claims: the right to write the keys of a load, and the registry of loads in Redis."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

from tasks.core.cli.errors import Conflict
from tasks.core.serving.redis_client import Client, decode_hash
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.publish.lua_scripts import CLAIM, FINISH, RECLAIM

BATCH_KEYS = 1000  # deleted in one pipeline


class Claim:
    """The right of a process to write the keys of a load, until a newer process claims the load."""

    def __init__(self, client: Client, names: FamilyKeys, load: str, fence: int) -> None:
        self.client, self.names, self.load, self.fence = client, names, load, fence

    @classmethod
    def begin(cls, client: Client, names: FamilyKeys, generation: str, entry: dict) -> Claim:
        """Claim a new load, whose entry in the registry says its state and its plan."""
        load, fence = client.eval(
            CLAIM, 3, names.fence, names.claims, names.loads, generation, json.dumps(entry)
        )
        return cls(client, names, load.decode(), int(fence))

    @classmethod
    def again(cls, client: Client, names: FamilyKeys, load: str) -> Claim | None:
        """Claim a whole load anew, under a new fence; None when it has just been deleted."""
        fence = client.eval(RECLAIM, 3, names.fence, names.claims, names.manifest(load), load)
        return cls(client, names, load, int(fence)) if fence else None

    def check(self) -> None:
        """Check that the claim still holds.

        Raises:
            Conflict: a newer process has claimed this load.
        """
        holder = self.client.hget(self.names.claims, self.load)
        if holder is None or int(holder) != self.fence:
            raise Conflict(
                f"load {self.load} of {self.names.family} was taken over by somebody newer",
                got=f"fence {self.fence}",
                allowed=f"fence {int(holder or 0)}",
                remedy="let the newer publisher finish; nothing live was touched",
            )

    def finish(self, entry: dict, manifest: dict) -> None:
        """Write the manifest and the entry in one step, after which the load is whole."""
        fields = [part for pair in manifest.items() for part in pair]
        names = self.names
        if not self.client.eval(
            FINISH,
            3,
            names.claims,
            names.loads,
            names.manifest(self.load),
            self.load,
            self.fence,
            json.dumps(entry),
            *fields,
        ):
            self.check()

    def forget(self) -> None:
        """Remove the load from the registry."""
        self.client.hdel(self.names.loads, self.load)
        self.client.hdel(self.names.claims, self.load)


def delete_keys(client: Client, keys: Iterable[str]) -> int:
    """Delete keys in batches; returns the number of those that existed."""
    keys, deleted = iter(keys), 0
    while batch := list(islice(keys, BATCH_KEYS)):
        with client.pipeline(transaction=False) as pipe:
            for key in batch:
                pipe.unlink(key)
            deleted += sum(pipe.execute())
    return deleted


def load_entries(client: Client, names: FamilyKeys) -> dict[str, dict]:
    """Load → its entry and `fence`, of every load that Redis may hold keys of.

    The load that was claimed last comes first; loads being deleted come last.
    """
    claims = {load.decode(): int(fence) for load, fence in client.hgetall(names.claims).items()}
    entries = {
        load.decode(): json.loads(text) for load, text in client.hgetall(names.loads).items()
    }
    order = sorted(
        entries, key=lambda load: (entries[load]["state"] == "deleting", -claims.get(load, 0))
    )
    return {load: {**entries[load], "fence": claims.get(load, 0)} for load in order}


def read_pointer(client: Client, names: FamilyKeys) -> dict[str, str]:
    """The pointer, empty when nothing is live."""
    return decode_hash(client.hgetall(names.live))


def whole_load(client: Client, names: FamilyKeys, generation: str) -> str | None:
    """The load of a generation that has a manifest; of several, the one that was claimed last."""
    loads = (
        load
        for load, entry in load_entries(client, names).items()
        if entry["generation"] == generation
    )
    return next((load for load in loads if client.exists(names.manifest(load))), None)
