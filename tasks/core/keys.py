"""The keys of a family in Redis: what publishing writes and the reader reads.

    recall:families                              set of the families that ever went live
    recall:{<family>}:live                       hash, generation, fence, previous, version, day, store, since, by, why, ticket
    recall:{<family>}:fence                      the fencing number; only grows
    recall:{<family>}:claims                     hash generation → the fence of whoever may write its keys now
    recall:{<family>}:generations                hash generation → JSON: state, plan (fields and buckets a kind), counts, started
    recall:{<family>}:audit                      list of JSON, newest first: what went live or was rolled back, when, by whom, why
    recall:{<family>}:<generation>:manifest      hash, written when all buckets are there, deleted before the first of them goes
    recall:<family>:<generation>:items:<b>       hash item id → float32 (d), the candidate vector
    recall:<family>:<generation>:users:<b>       hash user id → float32 (d), the query vector
    recall:<family>:<generation>:seen:<b>        hash user id → int32: how many rows are liked, those oldest first, the others

All numbers are little-endian. A field stands in bucket b = crc32(id) mod the number of buckets in the manifest (`buckets.items`,
…), so any client finds it in one read. The braces keep the small keys of a family in one slot of a cluster, where one script can
switch them; buckets have none and are shared by all nodes.
"""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections.abc import Iterator

import numpy as np

from tasks.core.errors import BadRequest

KINDS = ("items", "users", "seen")
FAMILIES = "recall:families"
SCHEMA = 1
FAMILY = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclasses.dataclass(frozen=True)
class Names:
    """The key names of one family."""

    family: str

    def __post_init__(self) -> None:
        if not FAMILY.fullmatch(self.family):
            raise BadRequest("not a family", got=self.family, allowed="lower-case letters, digits, '_' and '-'")

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
    def generations(self) -> str:
        return self._control("generations")

    @property
    def audit(self) -> str:
        return self._control("audit")

    def manifest(self, generation: str) -> str:
        return self._control(f"{generation}:manifest")

    def _control(self, name: str) -> str:
        return f"recall:{{{self.family}}}:{name}"

    def bucket(self, generation: str, kind: str, number: int) -> str:
        return f"recall:{self.family}:{generation}:{kind}:{number}"

    def buckets(self, generation: str, plan: dict) -> Iterator[str]:
        """Every bucket key that a plan (kind → {fields, buckets}) speaks of."""
        for kind in KINDS:
            for number in range(plan[kind]["buckets"]):
                yield self.bucket(generation, kind, number)


def bucket_of(id: bytes | memoryview, buckets: int) -> int:
    """The bucket of an id."""
    return zlib.crc32(id) % buckets


def pack_seen(rows: np.ndarray, liked: int) -> bytes:
    """A user's rows, of which the first `liked` are liked, as one value."""
    return np.concatenate([[liked], rows]).astype("<i4").tobytes()


def unpack_seen(value: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Liked rows, oldest first, and all rows; both int32."""
    numbers = np.frombuffer(value, "<i4")
    return numbers[1:1 + numbers[0]], numbers[1:]


def unpack_vector(value: bytes) -> np.ndarray:
    """float32 (d)."""
    return np.frombuffer(value, "<f4")
