"""Several query vectors a user, from the encoder through the index, the precomputed lists and Redis
to the reader.
"""

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.retrieval.encoders import GRUEncoder
from tasks.core.retrieval.top_k import top_k
from tasks.retrieve.reader import Reader
from tests import generations
from tests.retrieve.planted import WORLD, made, own


def encoder(interests: int, d: int = 7, hidden: int = 5) -> GRUEncoder:
    """Untrained: any queries do."""
    random = np.random.default_rng(3)
    shapes = (
        (60, d),
        (d,),
        (d,),
        (3 * hidden, d),
        (3 * hidden,),
        (3 * hidden, hidden),
        (3 * hidden,),
        (interests * d, hidden),
        (interests * d,),
    )
    return GRUEncoder(
        *(random.standard_normal(shape).astype(np.float32) for shape in shapes), interests=interests
    )


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_every_users_list_is_that_of_the_best_interest(root, server, dtype):
    three = encoder(3)
    generation = made(root, encoder=three, bundle={"top": 7})
    generations.load(root, generation, dtype=dtype)
    generations.switch(root, generation)
    reader = Reader(server.url, root)
    held = reader._live.read(["item2vec"])[0]["item2vec"]
    seen = Histories.of_lists([own(user) for user in range(20)])
    histories = Histories.of_lists(
        [own(user)[np.argsort(WORLD.timestamps[WORLD.users == user])] for user in range(20)]
    )
    expected = top_k(three.encode(histories), held.folder.array("vectors"), 7, seen)
    for user, rows in enumerate(expected):
        ids = [WORLD.item_id(row) for row in rows]
        listed, found = (
            reader.precomputed(WORLD.user_id(user), 7),
            reader.recommend(WORLD.user_id(user), 7),
        )
        assert [hit.item.id for hit in listed.hits] == ids
        if dtype == "float32":
            assert [hit.item.id for hit in found.hits] == ids
        assert len({hit.item.id for hit in found.hits} & set(ids)) >= 6
