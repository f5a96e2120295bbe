"""The requests of the index stage."""

from __future__ import annotations

import dataclasses

from tasks.core.request import REQUIRED, setting


@dataclasses.dataclass(frozen=True)
class BuildRequest:
    """Build the index of a candidate."""

    store: str = setting(REQUIRED, "root URI of the store")
    family: str = setting(REQUIRED, "the family of the model")
    candidate: str | None = setting(None, "URI of the candidate; null: the champion in the registry")
    factory: str = setting("Flat", "FAISS factory string: Flat (exact), IVF256,Flat, HNSW32, LSH256, SQ8, PQ16, …")
    search: str = setting("", "FAISS search parameters kept in the index, as nprobe=16 (IVF) or efSearch=64 (HNSW)")
    threads: int = setting(2, "threads that train and fill the index", minimum=1, maximum=64)


@dataclasses.dataclass(frozen=True)
class BundleRequest:
    """Probe an index and write a generation."""

    store: str = setting(REQUIRED, "root URI of the store")
    index: str = setting(REQUIRED, "URI of the index")
    snapshot: str | None = setting(None, "URI of the snapshot whose users are served; null: the one the candidate learned from")
    version: str | None = setting(None, "version of the registered model that this is")
    minimum_recall: float = setting(0.98, "recall@50 against exact search below which nothing goes live", minimum=0.0,
                                    maximum=1.0)
    probes: int = setting(2000, "users whose queries probe the index", minimum=1, maximum=1_000_000)
    seed: int = setting(0, "which users these are", minimum=0)
