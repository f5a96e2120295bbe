"""The requests of the publish stage."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class LoadRequest:
    """Load a generation."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    generation: str = setting(REQUIRED, "URI of the generation.")
    dtype: Literal["float32", "float16"] = setting(
        "float32",
        "How vectors are stored in Redis; the index keeps float32.",
        title="Vectors",
        section="Redis",
    )
    bucket_fields: int = setting(
        64,
        "Fields of a hash on average. Half of the server's `hash-max-listpack-entries` or "
        "less: stored compactly.",
        title="Fields a bucket",
        section="Redis",
        minimum=1,
        maximum=100_000,
    )
    batch_fields: int = setting(
        2000,
        "Fields sent at a time; two such batches are on their way at most.",
        minimum=1,
        maximum=100_000,
    )
    allow_eviction: bool = setting(
        False,
        "Load into a server that may evict what is live when it is full.",
        title="Allow eviction",
        section="Redis",
    )


@dataclasses.dataclass(frozen=True)
class VerifyRequest:
    """Compare a loaded generation with its folder."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    generation: str = setting(REQUIRED, "URI of the generation.")
    share: float = setting(
        1.0,
        "Share of the buckets that is read back; the counts of all of them are compared.",
        minimum=0.0,
        maximum=1.0,
    )
    seed: int = setting(0, "Which buckets these are.", minimum=0)


@dataclasses.dataclass(frozen=True)
class GoLiveRequest:
    """Switch readers to a verified generation."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    generation: str = setting(REQUIRED, "URI of the generation.")
    by: str = setting(REQUIRED, "Who does this: a person, or the DAG.")
    why: str = setting(REQUIRED, "The reason, one sentence.")


@dataclasses.dataclass(frozen=True)
class SweepRequest:
    """Delete what nobody needs."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    family: str = setting(REQUIRED, "The family.")
    abandoned_after_hours: float = setting(
        6.0,
        "A generation newer than the live one is taken for given up after so long.",
        minimum=0.0,
        maximum=720.0,
    )


@dataclasses.dataclass(frozen=True)
class RollbackRequest:
    """Switch readers back."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    family: str = setting(REQUIRED, "The family.")
    by: str = setting(REQUIRED, "Who does this.")
    why: str = setting(REQUIRED, "The reason, one sentence.")
    to: str | None = setting(None, "Id of a kept generation; null: the one before the live one.")
    ticket: str = setting(
        "",
        "What asked for this (the DAG run): asked again with the same ticket, it finds the "
        "rollback done.",
    )


@dataclasses.dataclass(frozen=True)
class StatusRequest:
    """Ask what is live."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    family: str | None = setting(None, "The family; null: all.")
