"""The keys of a family in Redis: what publishing writes and the reader reads.

    recall:families                         set of the families that ever went live
    recall:{<family>}:live                  hash: generation, load, fence, previous, previous_load,
                                            version, day, store, since, by, why, ticket
    recall:{<family>}:fence                 the fencing number; only grows
    recall:{<family>}:claims                hash load → the fence under which it was claimed last
    recall:{<family>}:loads                 hash load → JSON: generation, state, plan (which keys,
                                            in which form), counts, started
    recall:{<family>}:audit                 list of JSON, newest first: what went live or was rolled
                                            back, when, by whom, why
    recall:{<family>}:<load>:manifest       hash, written when all buckets are there, deleted before
                                            the first of them goes
    recall:<family>:<load>:items:<b>        hash item id → vector (d), of `dtype` float32 or float16
    recall:<family>:<load>:users:<b>        hash user id → query vector (d), likewise
    recall:<family>:<load>:seen:<b>         hash user id → int32: how many rows are liked, those
                                            oldest first, the others
    recall:<family>:<load>:top:<b>          hash user id → the items recommended to them, best
                                            first, unseen ones only, in the form `top`

A load is one attempt to bring a generation into Redis, `<generation>.<number>`: only one process
ever writes under its name, and what stands there is never changed. So a value that is there is
right; only one that is missing needs a look at the manifest.

All numbers are little-endian. A field stands in bucket b = crc32(id) mod the number of buckets in
the manifest (`buckets.items`, …), so any client finds it in one read. The braces keep the small
keys of a family in one slot of a cluster, where one script can switch them; buckets have none and
are shared by all nodes.
"""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from tasks.core.cli.errors import BadRequest

BUCKET_KINDS = ("items", "users", "seen", "top")
DTYPES = {"float32": "<f4", "float16": "<f2"}
FAMILIES = "recall:families"
SCHEMA = 2
FAMILY = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def family_name(value: str) -> str:
    """The value, if it can name a family in keys, in the registry and in the names of files.

    Raises:
        BadRequest: it cannot.
    """
    if not FAMILY.fullmatch(value):
        raise BadRequest(
            "not a family",
            got=value,
            allowed="up to 64 lower-case letters, digits, '_' and '-', starting with a letter",
        )
    return value


def announced_families(client: Any) -> list[str]:
    """The families that ever went live, in order; what stands among them and cannot be the name of
    one is none.

    Args:
        client: of redis-py.
    """
    return sorted(
        name
        for one in client.smembers(FAMILIES)
        if FAMILY.fullmatch(name := one.decode(errors="replace"))
    )


@dataclasses.dataclass(frozen=True)
class FamilyKeys:
    """The key names of one family."""

    family: str

    def __post_init__(self) -> None:
        family_name(self.family)

    @property
    def live(self) -> str:
        return self._control("live")

    @property
    def fence(self) -> str:
        return self._control("fence")

    @property
    def claims(self) -> str:
        return self._control("claims")

    @property
    def loads(self) -> str:
        return self._control("loads")

    @property
    def audit(self) -> str:
        return self._control("audit")

    def manifest(self, load: str) -> str:
        return self._control(f"{load}:manifest")

    def _control(self, name: str) -> str:
        return f"recall:{{{self.family}}}:{name}"

    def bucket(self, load: str, kind: str, number: int) -> str:
        return f"recall:{self.family}:{load}:{kind}:{number}"

    def buckets(self, load: str, plan: dict[str, Any]) -> Iterator[str]:
        """Every bucket key that a plan (kind → {fields, buckets}) speaks of."""
        for kind in BUCKET_KINDS:
            for number in range(plan[kind]["buckets"]):
                yield self.bucket(load, kind, number)


def bucket_of(id: bytes, buckets: int) -> int:
    """The bucket of an id."""
    return zlib.crc32(id) % buckets


def unpack_seen(value: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Liked rows, oldest first, and all rows; both int32."""
    numbers = np.frombuffer(value, "<i4")
    return numbers[1 : 1 + numbers[0]], numbers[1:]


def unpack_vector(value: bytes, dtype: str = "float32") -> np.ndarray:
    """float32 (d)."""
    return np.frombuffer(value, DTYPES[dtype]).astype(np.float32, copy=False)
