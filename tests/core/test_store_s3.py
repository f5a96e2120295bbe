"""A store on S3, against a server that speaks it: folders that appear whole, a copy that is never
taken for the store itself, documents.
"""

from __future__ import annotations

import shutil

import pytest

from tasks.core.cli.errors import BadRequest, Corrupt, Unreachable
from tasks.core.store.store import Store
from tests.servers_s3 import s3_server

ROOT = "s3://models/recall"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        running.put("models")
        yield running


@pytest.fixture
def machine(server, tmp_path, monkeypatch):
    """Changes to another machine, which sees the same bucket and none of the others' disks."""

    def change(name: str) -> Store:
        monkeypatch.setenv("RECALL_SCRATCH", str(tmp_path / name))
        return Store(ROOT)

    return change


def make(store: Store, id: str, text: str = "vectors", family: str = "item2vec") -> str:
    with store.writing("candidate", "candidates", family, id) as draft:
        (draft.path / "parts").mkdir()
        (draft.path / "parts" / "a.txt").write_text(text)
        draft.facts = {"text": text}
    return store.uri("candidates", family, id)


def test_what_one_machine_has_made_another_one_opens(machine):
    uri = make(machine("one"), "1")
    assert uri == f"{ROOT}/candidates/item2vec/1"
    other = machine("two")
    made = other.open(uri, "candidate")
    assert (
        made.uri == uri
        and made.file("parts/a.txt").read_text() == "vectors"
        and made.path.is_relative_to(other.root)
    )
    assert (
        [one.id for one in other.children("candidates", "item2vec")]
        == ["1"]
        == other.names("candidates", "item2vec")
    )
    assert (
        other.newest("candidates", "item2vec").facts == {"text": "vectors"}
        and other.newest("candidates", "gru4rec") is None
    )
    assert other.find("candidates", "item2vec", "2") is None


def test_to_look_fetches_no_file(machine):
    make(machine("one"), "11", family="large")
    other = machine("two")
    assert other.children("candidates", "large")[0].facts == {"text": "vectors"}
    assert not [path for path in other.root.rglob("*") if path.is_file() and path.name == "a.txt"]


def test_a_folder_that_is_still_being_uploaded_does_not_exist(machine, server):
    server.put("models/recall/candidates/half/1/parts/a.txt", b"vectors")
    assert (
        machine("one").find("candidates", "half", "1") is None
        and machine("one").children("candidates", "half") == []
    )


def test_a_failed_writer_leaves_nothing(machine):
    store = machine("one")
    with (
        pytest.raises(RuntimeError),
        store.writing("candidate", "candidates", "failed", "1") as draft,
    ):
        (draft.path / "a.txt").write_text("half")
        raise RuntimeError
    assert (
        store.names("candidates", "failed") == []
        and not (store.root / "candidates" / "failed" / "1").exists()
    )


def test_who_comes_second_finds_it_done(machine):
    make(machine("one"), "1", "first", "twice")
    uri = make(machine("two"), "1", "second", "twice")
    for name in ("one", "two", "three"):
        assert machine(name).open(uri, "candidate").file("parts/a.txt").read_text() == "first"


def test_a_copy_is_not_taken_once_the_store_has_another(machine, server):
    uri = make(machine("one"), "1", "first", "again")
    copied = machine("two").open(uri, "candidate").path
    for name in ("manifest.json", "parts/a.txt"):
        server.delete(f"models/recall/candidates/again/1/{name}")
    assert machine("two").find("candidates", "again", "1") is None, (
        "deleted in the store: gone, whatever the copy says"
    )
    make(machine("three"), "1", "second", "again")
    assert (
        machine("two").open(uri, "candidate").file("parts/a.txt").read_text() == "second"
        and copied.exists()
    )


def test_a_copy_that_is_lost_or_damaged_is_told_or_fetched_again(machine):
    store = machine("one")
    made = store.open(make(store, "1", family="lost"), "candidate")
    made.file("parts/a.txt").write_text("damaged")
    with pytest.raises(Corrupt, match="not the file its manifest describes"):
        made.file("parts/a.txt")
    shutil.rmtree(store.root)
    assert made.file("parts/a.txt").read_text() == "vectors"


def test_a_file_that_is_gone_in_the_store_is_told(machine, server):
    uri = make(machine("one"), "1", family="gone")
    server.delete("models/recall/candidates/gone/1/parts/a.txt")
    with pytest.raises(Corrupt, match=r"s3://models/recall/candidates/gone/1/parts/a.txt"):
        machine("two").open(uri, "candidate").path  # noqa: B018 — the files are fetched when it is asked for


def test_a_manifest_that_names_a_file_outside_its_folder_is_refused(machine, server):
    uri = make(machine("one"), "1", family="hostile")
    text = machine("one").mirror.read(
        machine("one").path("candidates", "hostile", "1") / "manifest.json"
    )
    server.put(
        "models/recall/candidates/hostile/1/manifest.json",
        text.replace("parts/a.txt", "../../../../a.txt").encode(),
    )
    with pytest.raises(Corrupt, match="outside its folder"):
        machine("two").open(uri, "candidate").path  # noqa: B018 — the files are fetched when it is asked for


def test_documents_are_seen_by_all(machine):
    machine("one").keep({"to": "3"}, "pending", "audit", "item2vec")
    other = machine("two")
    assert other.document("pending", "audit", "item2vec") == {"to": "3"} and other.documents(
        "audit", "item2vec"
    ) == ["pending"]
    other.forget("pending", "audit", "item2vec")
    assert (
        machine("one").document("pending", "audit", "item2vec") is None
        and machine("one").documents("audit", "item2vec") == []
    )


@pytest.mark.parametrize(
    "uri",
    [
        "s3://models/recall/../other/candidates/item2vec/1",
        "s3://models/other/1",
        "file:///etc",
        "s3://models/recall/",
        "s3://models/recall/a//b",
        "s3://models/recall/.hidden/1",
    ],
)
def test_nothing_outside_the_store_is_opened(machine, uri):
    with pytest.raises(BadRequest, match="outside the store"):
        machine("one").open(uri, "candidate")


@pytest.mark.parametrize(
    "root",
    [
        "s3://",
        "s3://UPPER/x",
        "s3://models/a b",
        "s3://models/../x",
        "gs://models/x",
        "s3://models/a//b",
    ],
)
def test_a_root_that_is_none_is_refused(root):
    with pytest.raises(BadRequest, match="got '"):
        Store(root)


def test_a_bucket_that_is_not_there_and_a_server_that_is_away_are_told_apart(machine, monkeypatch):
    machine("one")
    with pytest.raises(BadRequest, match="no such bucket"):
        make(Store("s3://absent/recall"), "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unreachable, match="does not answer"):
        Store(ROOT).find("candidates", "item2vec", "1")


def test_what_nobody_used_for_days_leaves_the_copy_and_only_the_copy(machine, monkeypatch):
    import os

    store = machine("one")
    made = store.open(make(store, "1", family="old"), "candidate")
    os.utime(made.path / "manifest.json", (1, 1))
    os.utime(store.root / ".swept", (1, 1))
    again = Store(ROOT)
    assert (
        not made.location.exists()
        and again.open(made.uri, "candidate").file("parts/a.txt").read_text() == "vectors"
    )
