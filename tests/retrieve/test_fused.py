"""A fusion that is live answers alone, and says how much of each hit is whose."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.core.retrieval.encoders import FusedEncoder, MeanEncoder
from tasks.core.retrieval.encoders.fused import Member
from tasks.core.store.store import Store
from tasks.retrieve.__main__ import main
from tasks.retrieve.reader import Reader
from tests import generations
from tests.retrieve.planted import WORLD, group, made, own

WEIGHTS = {"gru4rec": 0.75, "linear": 0.25}
ROWS = np.arange(len(WORLD.item_group), dtype=np.int32)


def fusion(vectors: np.ndarray) -> FusedEncoder:
    """Halves of the vectors as two members' own."""
    halves = dict(zip(WEIGHTS, np.split(vectors, 2, axis=1)))
    return FusedEncoder(
        [
            Member(name, MeanEncoder(np.ascontiguousarray(halves[name])), ROWS, weight)
            for name, weight in WEIGHTS.items()
        ]
    )


@pytest.fixture
def reader(root, server, monkeypatch):
    with monkeypatch.context() as planted:
        planted.setattr(generations, "MeanEncoder", fusion)
        generations.publish(root, made(root, family="fused"))
    generations.publish(root, made(root, family="gru4rec"))
    return Reader(server.url, root)


def test_a_fusion_answers_alone_unless_families_are_named(reader, root, server):
    for answer in (reader.recommend("4", 8), reader.precomputed("4", 8), reader.similar("5")):
        assert list(answer.generations) == ["fused"] and {hit.channels for hit in answer.hits} == {
            ("fused",)
        }
    assert {group(hit) for hit in reader.recommend("4", 8).hits} == {WORLD.user_group[3]}
    assert list(reader.recommend("4", 8, channels=["gru4rec"]).generations) == ["gru4rec"]
    assert set(
        Reader(server.url, root, families=["gru4rec", "fused"]).recommend("4", 8).generations
    ) == {"gru4rec", "fused"}
    assert set(reader.generations()) == {"gru4rec", "fused"}


def test_every_hit_says_the_share_of_each_member_stored_or_made_anew(reader, root):
    folder = (
        Store(root).open(Store(root).children("generations", "fused")[0].uri, "generation").path
    )
    vectors = np.load(folder / "vectors.npy")
    stored, given = (
        reader.recommend("4", 8),
        reader.recommend(history=[WORLD.item_id(item) for item in own(3)], k=8),
    )
    for answer in (stored, given):
        for hit in answer.hits:
            mine, item = vectors[own(3)].mean(axis=0), vectors[int(hit.item.id) - 1]
            parts = {
                name: WEIGHTS[name] * float(mine[block] @ item[block])
                for name, block in (("gru4rec", slice(0, 4)), ("linear", slice(4, 8)))
            }
            assert sum(hit.shares.values()) == pytest.approx(1) and hit.score == pytest.approx(
                sum(parts.values()), rel=1e-3
            )
            assert hit.shares == pytest.approx(
                {name: part / sum(parts.values()) for name, part in parts.items()}, rel=1e-3
            )
    assert all(not hit.shares for hit in reader.recommend("4", 8, channels=["gru4rec"]).hits)
    assert all(not hit.shares for hit in reader.recommend("nobody").hits)


def test_the_table_for_people_shows_them(reader, root, server, capsys):
    assert (
        main(["recommend", "--user", "4", "--k", "3", "--redis", server.url, "--store", root]) == 0
    )
    table = capsys.readouterr().out
    assert (
        "shares" in table and "gru4rec" in table and ("%, linear" in table or "%, gru4rec" in table)
    )
