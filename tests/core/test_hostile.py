"""Nothing that a request says leaves the store, and nothing becomes part of a key or of a name in
the registry that is not meant to.
"""

from __future__ import annotations

import re

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import parse
from tasks.core.data.snapshot import find_snapshot
from tasks.core.registry.mlflow_client import model_name
from tasks.core.serving.redis_keys import FamilyKeys
from tasks.core.store.store import Store, local_path
from tests.hostile import VALUES, named

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
each = pytest.mark.parametrize("value", VALUES, ids=named)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store((tmp_path_factory.mktemp("hostile") / "a" / "store").as_uri())


@each
def test_a_name_is_a_folder_of_the_store_or_refused(store, value):
    """As data set, day, family or id, at the beginning, the middle or the end of a place."""
    for parts in (
        (value, "x"),
        ("snapshots", value, "1998-04-15"),
        ("candidates", "item2vec", value),
    ):
        if PLAIN.fullmatch(value):
            assert store.path(*parts) == store.root.joinpath(*parts) and store.find(*parts) is None
            continue
        for ask in (store.path, store.find, store.names, store.children, store.uri):
            with pytest.raises(BadRequest, match="not a name the store can hold"):
                ask(*parts)
        with pytest.raises(BadRequest, match="not a name"), store.writing("snapshot", *parts):
            raise AssertionError("nothing may be written")


@each
def test_a_uri_that_is_not_of_the_store_is_refused(store, value):
    for uri in (
        value,
        f"file://{value}",
        f"file:///{value}",
        f"{store.root.as_uri()}/../{value}",
        f"{store.root.as_uri()}/snapshots/{value}",
    ):
        with pytest.raises(BadRequest) as refused:
            store.open(uri, "snapshot")
        assert len(str(refused.value)) < 1500


@each
def test_a_root_is_an_absolute_path_or_refused(value):
    for uri in (value, f"file://{value}", f"s3://{value}", f"s3://bucket/{value}"):
        if uri.startswith("s3://"):
            parts = uri[5:].rstrip("/").split("/")
            if all(PLAIN.fullmatch(part) for part in parts) and re.fullmatch(
                r"[a-z0-9.-]{3,63}", parts[0]
            ):
                continue  # a place like any other
            with pytest.raises(BadRequest):
                Store(uri)
            continue
        try:
            assert local_path(uri).is_absolute()
        except BadRequest as refused:
            assert "expected file:///an/absolute/folder" in str(refused)


@each
def test_a_family_is_a_plain_name_or_refused(value):
    if re.fullmatch(r"[a-z][a-z0-9_-]{0,63}", value):
        assert (
            model_name(value) == f"recall-{value}"
            and FamilyKeys(value).live == f"recall:{{{value}}}:live"
        )
        return
    for ask in (model_name, FamilyKeys):
        with pytest.raises(BadRequest, match="not a family"):
            ask(value)


@each
def test_a_day_or_a_snapshot_that_is_none_is_refused(store, value):
    with pytest.raises(BadRequest):
        find_snapshot(store, None, "ml-100k", value)
    with pytest.raises(BadRequest):
        find_snapshot(store, None, value or "-")
    if value:
        with pytest.raises(BadRequest):
            find_snapshot(store, value, "ml-100k")


@each
def test_a_request_is_refused_with_every_fault_and_at_a_readable_length(value):
    from tasks.promote.settings import Decision

    with pytest.raises(BadRequest) as refused:
        parse(
            Decision,
            {
                "store": value,
                "family": value,
                "why": value,
                "by": value,
                value or "x": 1,
                "origin": value,
            },
        )
    assert (
        "unknown" in str(refused.value)
        and "origin" in str(refused.value)
        and len(str(refused.value)) < 3000
    )
