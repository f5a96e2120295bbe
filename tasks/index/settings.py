"""The requests of the index stage."""

from __future__ import annotations

import dataclasses
from typing import Literal

from tasks.core.cli.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class BuildRequest:
    """Build the index of a candidate."""

    store: str = setting(REQUIRED, "root URI of the store")
    family: str = setting(REQUIRED, "the family of the model")
    candidate: str | None = setting(
        None, "URI of the candidate; null: the champion in the registry"
    )
    snapshot: str | None = setting(
        None,
        "URI of the snapshot whose catalogue and users are served; null: the one the candidate "
        "learned from",
    )
    factory: str = setting(
        "auto",
        "FAISS factory string: Flat (exact), IVF256,Flat, HNSW32, LSH256, SQ8, PQ16, …; auto "
        "chooses by size",
    )
    memory_mib: float | None = setting(
        None,
        "what the index may weigh, MiB, and so may that of similar items; auto compresses as "
        "far as it must; "
        "null: no bound",
        minimum=0.001,
        maximum=10_000_000,
    )
    cold_items: Literal["leave-out", "metadata"] = setting(
        "leave-out",
        "items the model does not know: left out, or placed by their genres "
        "where hardly liked items stand",
    )
    threads: int = setting(2, "threads that train and fill the index", minimum=1, maximum=64)


@dataclasses.dataclass(frozen=True)
class BundleRequest:
    """Tune and probe an index and write a generation."""

    store: str = setting(REQUIRED, "root URI of the store")
    index: str = setting(REQUIRED, "URI of the index")
    version: str | None = setting(None, "version of the registered model that this is")
    search: str = setting(
        "",
        "search parameters, as nprobe=16 (IVF) or efSearch=64 (HNSW); empty: tuned to "
        "wanted_recall",
    )
    wanted_recall: float = setting(
        0.99, "recall@50 that search parameters are tuned to", minimum=0.0, maximum=1.0
    )
    minimum_recall: float = setting(
        0.98,
        "recall@50 against exact search below which nothing goes live",
        minimum=0.0,
        maximum=1.0,
    )
    probes: int = setting(
        2000,
        "users whose queries probe the index; as many others at most tune it",
        minimum=1,
        maximum=1_000_000,
    )
    top: int = setting(
        100, "items precomputed for each user, unseen ones only", minimum=1, maximum=1000
    )
    threads: int = setting(
        2, "threads that precompute these lists; the probe uses one", minimum=1, maximum=64
    )
    seed: int = setting(0, "which users probe and tune", minimum=0)
