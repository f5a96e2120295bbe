"""A folder holds what its manifest lists, nothing beside it and nothing outside it."""

from __future__ import annotations

import json

import pytest

from tasks.core.cli.errors import Corrupt
from tasks.core.store.manifest import NAME
from tasks.core.store.store import Store


@pytest.fixture
def folder(tmp_path):
    store = Store(tmp_path.as_uri())
    with store.writing("index", "indexes", "family", "one") as draft:
        (draft.path / "part").write_text("content")
    return store, store.path("indexes", "family", "one")


def changed(place, change) -> None:
    content = json.loads((place / NAME).read_text())
    change(content)
    (place / NAME).write_text(json.dumps(content))


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/passwd", "a/../../outside", "..", "", ".", "a//b", "a\\b", "./part"],
)
def test_a_name_outside_the_folder_is_refused(folder, name):
    store, place = folder
    changed(
        place, lambda content: content["files"].update({name: {"bytes": 1, "sha256": "0" * 64}})
    )
    with pytest.raises(Corrupt, match="outside its folder"):
        store.find("indexes", "family", "one")


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {"bytes": "1", "sha256": "0" * 64},
        {"bytes": 1},
        {"bytes": 1, "sha256": "x"},
        {"bytes": 1, "sha256": 5},
    ],
    ids=str,
)
def test_an_entry_that_says_nothing_is_refused(folder, entry):
    store, place = folder
    changed(place, lambda content: content["files"].update(part=entry))
    with pytest.raises(Corrupt, match="cannot be read"):
        store.find("indexes", "family", "one")


def test_files_that_are_not_listed_are_named(folder, tmp_path):
    store, place = folder
    assert store.find("indexes", "family", "one").unlisted() == []
    (place / "more").mkdir()
    (place / "more" / "strange").write_text("x")
    (place / "link").symlink_to(tmp_path)
    changed(place, lambda content: content["files"].pop("part"))
    assert store.find("indexes", "family", "one").unlisted() == ["link", "more/strange", "part"]
