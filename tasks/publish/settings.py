"""The requests of the publish stage."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class LoadRequest:
    """Load a generation."""

    store: str = setting(REQUIRED, "root URI of the store")
    generation: str = setting(REQUIRED, "URI of the generation")
    dtype: Literal["float32", "float16"] = setting(
        "float32", "how a vector's numbers are stored in Redis; the index keeps float32"
    )
    bucket_fields: int = setting(
        64,
        "fields a bucket holds on average; half of the server's hash-max-listpack-entries or "
        "less: compact",
        minimum=1,
        maximum=100_000,
    )
    batch_fields: int = setting(
        2000,
        "fields sent at a time; two such batches are on their way at most",
        minimum=1,
        maximum=100_000,
    )
    allow_eviction: bool = setting(
        False, "load into a server that may evict what is live when it is full"
    )


@dataclasses.dataclass(frozen=True)
class VerifyRequest:
    """Compare a loaded generation with its folder."""

    store: str = setting(REQUIRED, "root URI of the store")
    generation: str = setting(REQUIRED, "URI of the generation")
    share: float = setting(
        1.0,
        "share of the buckets that is read back; the counts of all of them are compared",
        minimum=0.0,
        maximum=1.0,
    )
    seed: int = setting(0, "which buckets these are", minimum=0)


@dataclasses.dataclass(frozen=True)
class GoLiveRequest:
    """Switch readers to a verified generation."""

    store: str = setting(REQUIRED, "root URI of the store")
    generation: str = setting(REQUIRED, "URI of the generation")
    by: str = setting(REQUIRED, "who does this: a person, or the DAG")
    why: str = setting(REQUIRED, "the reason, one sentence")


@dataclasses.dataclass(frozen=True)
class SweepRequest:
    """Delete what nobody needs."""

    store: str = setting(REQUIRED, "root URI of the store")
    family: str = setting(REQUIRED, "the family")
    abandoned_after_hours: float = setting(
        6.0,
        "a generation newer than the live one is taken for given up after so long",
        minimum=0.0,
        maximum=720.0,
    )


@dataclasses.dataclass(frozen=True)
class RollbackRequest:
    """Switch readers back."""

    store: str = setting(REQUIRED, "root URI of the store")
    family: str = setting(REQUIRED, "the family")
    by: str = setting(REQUIRED, "who does this")
    why: str = setting(REQUIRED, "the reason, one sentence")
    to: str | None = setting(None, "id of a kept generation; null: the one before the live one")
    ticket: str = setting(
        "",
        "what asked for this (the DAG run): asked again with the same ticket, it finds the "
        "rollback done",
    )


@dataclasses.dataclass(frozen=True)
class StatusRequest:
    """Ask what is live."""

    store: str = setting(REQUIRED, "root URI of the store")
    family: str | None = setting(None, "the family; null: all")
