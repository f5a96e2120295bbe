"""The requests of the index stage."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class BuildRequest:
    """Build the index of a candidate."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    family: str = setting(REQUIRED, "The family of the model.")
    candidate: str | None = setting(
        None, "URI of the candidate; null: the champion in the registry."
    )
    snapshot: str | None = setting(
        None,
        "URI of the snapshot whose catalogue and users are served; null: the one the "
        "candidate learned from.",
    )
    factory: str = setting(
        "auto",
        "FAISS factory string; `Flat` is exact, `auto` chooses by size.",
        title="Index",
        section="Index",
        details="Also IVF256,Flat, HNSW32, LSH256, SQ8 and PQ16.",
    )
    memory_mib: float | None = setting(
        None,
        "What the index may weigh; `auto` compresses as far as it must.",
        title="Memory, MiB",
        section="Index",
        empty="no bound",
        minimum=0.001,
        maximum=10_000_000,
    )
    cold_items: Literal["leave-out", "metadata"] = setting(
        "leave-out",
        "Items the model does not know: left out, or given a vector predicted "
        "from their genres, at the popularity of the least-liked items.",
        title="Cold items",
        section="Index",
    )
    threads: int = setting(2, "Threads that train and fill the index.", minimum=1, maximum=64)


@dataclasses.dataclass(frozen=True)
class BundleRequest:
    """Tune and probe an index and write a generation."""

    store: str = setting(REQUIRED, "Root URI of the store.")
    index: str = setting(REQUIRED, "URI of the index.")
    version: str | None = setting(None, "Version of the registered model that this is.")
    search: str = setting(
        "",
        "Of the index, as `nprobe=16` or `efSearch=64`.",
        title="Search parameters",
        section="Index",
        empty="tuned on real users' queries",
        details="nprobe is of IVF, efSearch of HNSW; they are tuned to wanted_recall.",
    )
    wanted_recall: float = setting(
        0.99,
        "Recall@50 that the search parameters are tuned to.",
        title="Wanted recall",
        section="Index",
        minimum=0.0,
        maximum=1.0,
    )
    minimum_recall: float = setting(
        0.98,
        "Recall@50 against exact search below which nothing goes live.",
        title="Minimum recall",
        section="Index",
        minimum=0.0,
        maximum=1.0,
    )
    probes: int = setting(
        2000,
        "Users whose queries probe the index; as many others at most tune it.",
        minimum=1,
        maximum=1_000_000,
    )
    top: int = setting(
        100,
        "Items precomputed for each user, unseen ones only.",
        title="Precomputed list",
        section="Redis",
        minimum=1,
        maximum=1000,
    )
    threads: int = setting(
        2, "Threads that precompute these lists; the probe uses one.", minimum=1, maximum=64
    )
    seed: int = setting(0, "Which users probe and tune.", minimum=0)
