"""Who may write the keys of a load: the process that began it, until somebody newer claims it; and
what the registry says of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

from tasks.core.cli.errors import Conflict
from tasks.core.serving.redis_client import Client, decoded
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.publish.lua_scripts import CLAIM, FINISH, RECLAIM

BATCH_KEYS = 1000


class Claim:
    """The right to write under one load's name, lost as soon as somebody else claims it."""

    def __init__(self, client: Client, names: FamilyKeys, load: str, fence: int) -> None:
        self.client, self.names, self.load, self.fence = client, names, load, fence

    @classmethod
    def begin(cls, client: Client, names: FamilyKeys, generation: str, entry: dict) -> Claim:
        """A new load; from now on its entry in the registry says what is happening, and which keys
        there may be.
        """
        load, fence = client.eval(
            CLAIM, 3, names.fence, names.claims, names.loads, generation, json.dumps(entry)
        )
        return cls(client, names, load.decode(), int(fence))

    @classmethod
    def again(cls, client: Client, names: FamilyKeys, load: str) -> Claim | None:
        """A load that is whole, under a new number; None when it has just been deleted."""
        fence = client.eval(RECLAIM, 3, names.fence, names.claims, names.manifest(load), load)
        return cls(client, names, load, int(fence)) if fence else None

    def check(self) -> None:
        """Go on only while nobody newer has claimed this load.

        Raises:
            Conflict: somebody has.
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
        """Write the manifest and the entry in one step: from here on the load is whole."""
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
    """Delete keys in batches; returns how many there were."""
    keys, gone = iter(keys), 0
    while batch := list(islice(keys, BATCH_KEYS)):
        with client.pipeline(transaction=False) as pipe:
            for key in batch:
                pipe.unlink(key)
            gone += sum(pipe.execute())
    return gone


def load_entries(client: Client, names: FamilyKeys) -> dict[str, dict]:
    """Every load that Redis may hold keys of, the one claimed last first, deleted ones at the end;
    `fence` says under which number.
    """
    claims = {load.decode(): int(fence) for load, fence in client.hgetall(names.claims).items()}
    found = {load.decode(): json.loads(text) for load, text in client.hgetall(names.loads).items()}
    order = sorted(
        found, key=lambda load: (found[load]["state"] == "deleting", -claims.get(load, 0))
    )
    return {load: {**found[load], "fence": claims.get(load, 0)} for load in order}


def read_pointer(client: Client, names: FamilyKeys) -> dict[str, str]:
    """The pointer, empty when nothing is live."""
    return decoded(client.hgetall(names.live))


def read_manifest(client: Client, names: FamilyKeys, load: str) -> dict[str, str]:
    """A load's manifest in Redis, empty when it is not whole there."""
    return decoded(client.hgetall(names.manifest(load)))


def whole_load(client: Client, names: FamilyKeys, generation: str) -> str | None:
    """The load of a generation that has a manifest and was claimed last."""
    mine = (
        load
        for load, entry in load_entries(client, names).items()
        if entry["generation"] == generation
    )
    return next((load for load in mine if client.exists(names.manifest(load))), None)
