"""The linear stage on planted worlds: what it finds, what it writes, what it refuses, day over
day.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.core.data.snapshot import Snapshot
from tasks.core.retrieval.candidate import Candidate
from tasks.core.retrieval.top_k import top_k
from tasks.core.store.store import Store
from tasks.linear.fit import fit
from tasks.linear.settings import FitRequest, Settings
from tests import worlds

GROUPED, CHAINED = (
    worlds.grouped(users=150, items=150, likes=20),
    worlds.chained(users=600, items=120),
)

DEFAULT = Settings(dimension=16)


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    return Store(str(tmp_path_factory.mktemp("store")))


def fit_request(
    store: Store,
    world: worlds.World,
    dataset: str,
    settings: Settings = DEFAULT,
    **more,
) -> FitRequest:
    day = more.pop("day", worlds.DAY)
    return FitRequest(
        str(store.root),
        dataset,
        worlds.snapshot(store, world, day, dataset=dataset),
        settings=settings,
        track=False,
        **more,
    )


def found(
    store: Store, request: FitRequest, result: dict
) -> tuple[Candidate, Snapshot, np.ndarray]:
    """The candidate, its snapshot, and the ten best of every test user, seen items left out."""
    made, snapshot = (
        Candidate(store.open(result["uri"], "candidate")),
        Snapshot(store.open(request.snapshot, "snapshot")),
    )
    queries, rows = snapshot.queries("test"), made.rows_of(snapshot.item_ids)
    return (
        made,
        snapshot,
        top_k(
            made.encoder.encode(queries.histories.remap_items(rows)),
            made.vectors,
            10,
            queries.seen.remap_items(rows),
        ),
    )


@pytest.mark.parametrize("solver", ["dense", "low-rank"])
@pytest.mark.parametrize("decoder", ["auto", "none", "leave-one-out", "causal", "blended"])
def test_users_get_the_items_of_their_group(store, solver, decoder):
    request = fit_request(
        store, GROUPED, "grouped", Settings(dimension=16, solver=solver, decoder=decoder)
    )
    made, snapshot, best = found(store, request, fit(request))
    group = GROUPED.item_group[[int(made.item_ids[row]) - 1 for row in best.ravel()]].reshape(
        best.shape
    )
    assert (group == GROUPED.user_group[snapshot.queries("test").users][:, None]).mean() > 0.95


def test_what_comes_next_is_among_the_first_three_where_order_is_all_there_is(store):
    request = fit_request(store, CHAINED, "chained", Settings(dimension=120, decoder="causal"))
    made, snapshot, best = found(store, request, fit(request))
    last = np.array([snapshot.queries("test").histories[user][-1] for user in range(len(best))])
    names = np.array([int(item) - 1 for item in made.item_ids])
    assert (names[best[:, :3]] == (last + 1)[:, None] % 120).any(axis=1).mean() > 0.95


def test_work_is_found_done_and_a_seed_gives_the_same_vectors(store, tmp_path):
    request = fit_request(store, GROUPED, "grouped")
    first, other = fit(request), Store(str(tmp_path))
    assert fit(request)["uri"] == first["uri"]
    again = fit(fit_request(other, GROUPED, "grouped"))
    assert again["id"] == first["id"]
    one, two = (
        Candidate(where.open(made["uri"], "candidate"))
        for where, made in ((store, first), (other, again))
    )
    assert (one.vectors == two.vectors).all() and one.artefact.facts["penalty"] in (100, 300, 1000)
    assert (
        fit(dataclasses.replace(request, settings=Settings(dimension=16, penalty=7)))["id"]
        != first["id"]
    )


def test_the_next_day_keeps_the_space_and_the_choice(store):
    first = fit(fit_request(store, GROUPED, "days"))
    more = dataclasses.replace(
        GROUPED,
        ratings=np.where(np.arange(len(GROUPED.ratings)) % 97, GROUPED.ratings, 1).astype(
            np.float32
        ),
    )
    second = fit(fit_request(store, more, "days", day="1998-04-16", champion=first["uri"]))
    before, after = (Candidate(store.open(one["uri"], "candidate")) for one in (first, second))
    assert after.artefact.facts["choice"] == before.artefact.facts["choice"]
    assert after.artefact.facts["stability"]["neighbours_10"] > 0.5
    assert first["uri"] in after.artefact.lineage["parents"]
    with pytest.raises(BadRequest, match="has seen what is held out"):
        fit(fit_request(store, GROUPED, "days", champion=first["uri"]))


def test_one_item_is_nothing_to_solve_for(store):
    world = worlds.grouped(users=20, items=60, groups=1, likes=20)
    with pytest.raises(RefusedData, match="are liked by 1000 users or more"):
        fit(fit_request(store, world, "few", Settings(minimum_count=1000)))
