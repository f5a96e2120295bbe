"""Members that each know a part: one tells group 0 from the rest, one group 1, one nothing.
Together the first two know all three groups.
"""

from __future__ import annotations

import numpy as np

from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import save_candidate
from tasks.core.retrieval.encoders import Encoder, MeanEncoder
from tasks.core.store.store import Store
from tests import worlds
from tests.neighbours import by_cosine

WORLD = worlds.grouped(users=150, items=150, groups=3, likes=20)
KNOWS = {"item2vec": 0, "gru4rec": 1, "linear": None}


def vectors(family: str, dimension: int = 4, seed: int = 0) -> np.ndarray:
    """float32 (items, d): the first dimension is what the family knows; the rest is noise."""
    random = np.random.default_rng([seed, *family.encode()])
    made = 0.05 * random.standard_normal((len(WORLD.item_group), dimension))
    if KNOWS[family] is not None:
        made[:, 0] = np.where(
            WORLD.item_group == KNOWS[family], 1.0, -1.0
        ) + 0.01 * random.standard_normal(len(made))
    return made.astype(np.float32)


def member(
    store: Store,
    at: str,
    family: str,
    items: np.ndarray | None = None,
    encoder: Encoder | None = None,
    of: np.ndarray | None = None,
    seed: int = 0,
    **facts,
) -> str:
    """A candidate of a family, of these rows of the world's items (all); returns its URI. `of`:
    other vectors.
    """
    taken, rows = (
        Snapshot(store.open(at, "snapshot")),
        np.arange(len(WORLD.item_group)) if items is None else items,
    )
    made = (vectors(family, seed=seed) if of is None else of)[rows]
    id = f"{family}-{len(store.names('candidates', family))}"
    with store.writing("candidate", "candidates", family, id) as draft:
        save_candidate(
            draft.path,
            [WORLD.item_id(row) for row in rows],
            made,
            encoder or MeanEncoder(made),
        )
        by_cosine(made).save(draft.path)
        draft.counts = {"items": len(rows)}
        draft.facts = {
            "family": family,
            "day": taken.day,
            "dataset": taken.dataset,
            "snapshot": taken.id,
            "dimension": made.shape[1],
            "split": taken.artefact.facts["split"],
            "settings_digest": "s",
            "code": "c",
            **facts,
        }
        draft.lineage = {"settings": {}, "seed": seed, "parents": [at]}
    return store.path("candidates", family, id).as_uri()


def members(store: Store, snapshot: str, *families: str) -> dict[str, str]:
    """Family → the URI of its candidate."""
    return {family: member(store, snapshot, family) for family in families}
