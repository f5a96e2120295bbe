"""Families, generations and reasons that try to break out: refused, or kept as they were written;
no key appears that is not the family's.
"""

from __future__ import annotations

import json

import pytest

from tasks.core.cli.errors import BadRequest, RecallError
from tasks.core.cli.request import parse
from tasks.core.serving.redis_keys import FAMILY, FamilyKeys
from tasks.publish.go_live import go_live
from tasks.publish.load.claims import read_pointer
from tasks.publish.load.load import load
from tasks.publish.load.verify import verify
from tasks.publish.rollback import rollback
from tasks.publish.settings import (
    GoLiveRequest,
    LoadRequest,
    RollbackRequest,
    StatusRequest,
    SweepRequest,
    VerifyRequest,
)
from tasks.publish.status import status
from tasks.publish.sweep import sweep
from tests import generations
from tests.hostile import VALUES, named
from tests.publish.planted import NAMES, dump, made
from tests.servers_valkey import keys


@pytest.fixture(scope="module")
def published(tmp_path_factory, shared_server):
    """Two generations, the second one live; a client that may do anything."""
    import os

    import redis

    os.environ["RECALL_REDIS_URL"] = shared_server.url
    client, root = (
        redis.Redis.from_url(shared_server.url),
        tmp_path_factory.mktemp("hostile").as_uri(),
    )
    client.flushall()
    first = generations.publish(root, made(root, 1))
    return root, client, first, generations.publish(root, made(root, 2))


@pytest.mark.parametrize("value", VALUES, ids=named)
def test_no_verb_takes_it_for_a_family_a_generation_or_a_way_back(published, value):
    root, client, _, second = published
    before = dump(client)
    requests = [
        (LoadRequest, load, {"generation": value}),
        (VerifyRequest, verify, {"generation": value}),
        (GoLiveRequest, go_live, {"generation": value, "by": "a test", "why": "to see"}),
        (
            RollbackRequest,
            rollback,
            {"family": "item2vec", "to": value or "-", "by": "b", "why": "w"},
        ),
    ]
    if not FAMILY.fullmatch(value):
        requests += [
            (SweepRequest, sweep, {"family": value}),
            (StatusRequest, status, {"family": value or "-"}),
            (RollbackRequest, rollback, {"family": value, "by": "b", "why": "w"}),
        ]
    for kind, verb, fields in requests:
        with pytest.raises(RecallError) as refused:
            verb(parse(kind, {"store": root, **fields}))
        assert isinstance(refused.value, BadRequest) and len(str(refused.value)) < 5000
    assert dump(client) == before and read_pointer(client, NAMES)["generation"] == second["id"]


def test_a_reason_and_a_name_are_kept_as_they_were_written(published):
    """Through Lua, the list in Redis and the document in the store: a few at a time, forward and
    back.
    """
    root, client, first, second = published
    there = {key for key in keys(client) if b":audit" not in key}
    texts = [value for value in VALUES if taken(value) and 0 < len(value) <= 10_000]
    assert len(texts) > 100
    for value in texts:
        rollback(
            parse(RollbackRequest, {"store": root, "family": "item2vec", "by": value, "why": value})
        )
        record = json.loads(client.lindex(FamilyKeys("item2vec").audit, 0))
        assert record["by"] == record["why"] == value
    assert {key for key in keys(client) if b":audit" not in key} == there
    assert (
        read_pointer(client, NAMES)["generation"] in (first["id"], second["id"])
        and read_pointer(client, NAMES)["why"] == texts[-1]
    )


def taken(value: str) -> bool:
    try:
        parse(RollbackRequest, {"store": "file:///s", "family": "f", "by": value, "why": value})
    except BadRequest:
        return False
    return True
