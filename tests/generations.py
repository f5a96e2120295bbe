"""Generations of planted worlds: candidates whose vectors are the groups themselves, written
straight into a store.
"""

from __future__ import annotations

import numpy as np

from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import Encoder, MeanEncoder, TowerEncoder
from tasks.core.store.store import Store
from tests import worlds
from tests.neighbours import by_cosine


def candidate(
    store: Store,
    world: worlds.World,
    family: str = "item2vec",
    id: str = "c1",
    day: str = worlds.DAY,
    snapshot: str = "",
    dimension: int = 8,
    seed: int = 0,
    items: int | None = None,
    cold: np.ndarray | None = None,
    encoder: Encoder | None = None,
    attributes: bool = False,
) -> str:
    """A candidate in which the items of a group lie close together, of the first `items` items; it
    says that `cold` rows were not trained. Returns its URI.

    With `attributes` the encoder knows users by their column `group` as well: whoever is of group 1
    is asked for group 1's centre.
    """
    random = np.random.default_rng(seed)
    count = len(world.item_group) if items is None else items
    centres = np.linalg.qr(random.standard_normal((dimension, dimension)))[0][
        : int(world.item_group.max()) + 1
    ]
    vectors = (
        centres[world.item_group[:count]] + 0.1 * random.standard_normal((count, dimension))
    ).astype(np.float32)
    if attributes:
        encoder, vectors = (
            tower(vectors, centres),
            np.hstack([vectors, np.zeros((count, 1), np.float32)]),
        )
    with store.writing("candidate", "candidates", family, id) as draft:
        save_candidate(
            draft.path,
            [world.item_id(row) for row in range(count)],
            vectors,
            encoder or MeanEncoder(vectors),
            cold,
        )
        by_cosine(vectors).save(draft.path)
        draft.counts = {"items": count}
        draft.facts = {
            "family": family,
            "day": day,
            "dataset": "planted",
            "dimension": vectors.shape[1],
            "snapshot": snapshot,
            "settings_digest": "0" * 16,
            "code": "0" * 12,
        }
        draft.lineage = {"settings": {}, "seed": seed, "parents": []}
    return store.path("candidates", family, id).as_uri()


def tower(vectors: np.ndarray, centres: np.ndarray) -> TowerEncoder:
    """A user tower that adds up the history's mean and the centre of the user's group."""
    d, nothing = vectors.shape[1], np.zeros(0, np.uint8)
    direct = np.hstack([np.eye(d), np.eye(d), np.zeros((d, d))]).astype(np.float32)
    return TowerEncoder(
        vectors,
        centres.astype(np.float32),
        np.zeros((0, d), np.float32),
        nothing,
        np.zeros(1, np.int64),
        np.zeros((1, 3 * d), np.float32),
        np.zeros(1, np.float32),
        np.zeros((d, 1), np.float32),
        direct,
        np.zeros(d, np.float32),
        [{"name": "group", "values": [str(group) for group in range(len(centres))], "edges": []}],
        [None],
    )


def generation(
    root: str,
    world: worlds.World,
    family: str = "item2vec",
    id: str = "c1",
    day: str = worlds.DAY,
    version: str | None = "1",
    factory: str = "auto",
    minimum_recall: float = 0.98,
    build: dict | None = None,
    bundle: dict | None = None,
    facts: dict | None = None,
    **made,
) -> dict:
    """A whole generation, through the index stage itself; returns the result of `bundle`."""
    from tasks.index import build as building
    from tasks.index import bundle as bundling
    from tasks.index.settings import BuildRequest, BundleRequest

    store = Store(root)
    taken = worlds.snapshot(store, world, day=day, **(facts or {}))
    uri = candidate(store, world, family, id, day, taken.rsplit("/", 1)[1], **made)
    index = building.build(
        BuildRequest(
            store=root, family=family, candidate=uri, factory=factory, threads=1, **(build or {})
        )
    )
    return bundling.bundle(
        BundleRequest(
            store=root,
            index=index["uri"],
            version=version,
            minimum_recall=minimum_recall,
            threads=1,
            **(bundle or {}),
        )
    )


def load(root: str, made: dict, **settings) -> dict:
    """Load and verify a generation."""
    from tasks.publish.load.load import load
    from tasks.publish.load.verify import verify
    from tasks.publish.settings import LoadRequest, VerifyRequest

    loaded = load(LoadRequest(store=root, generation=made["uri"], **settings))
    verify(VerifyRequest(store=root, generation=made["uri"]))
    return loaded


def switch(root: str, made: dict, by: str = "a test") -> dict:
    """Let a loaded generation go live."""
    from tasks.publish.go_live import go_live
    from tasks.publish.settings import GoLiveRequest

    return go_live(GoLiveRequest(store=root, generation=made["uri"], by=by, why="it is better"))


def publish(root: str, made: dict) -> dict:
    """Load, verify and go live; returns the generation as `bundle` told it."""
    load(root, made)
    switch(root, made)
    return made


def sweep(root: str, family: str = "item2vec", **settings) -> dict:
    from tasks.publish.settings import SweepRequest
    from tasks.publish.sweep import sweep

    return sweep(SweepRequest(store=root, family=family, **settings))


def rollback(root: str, family: str = "item2vec", **settings) -> dict:
    from tasks.publish.rollback import rollback
    from tasks.publish.settings import RollbackRequest

    return rollback(
        RollbackRequest(store=root, family=family, by="an engineer", why="it was worse", **settings)
    )
