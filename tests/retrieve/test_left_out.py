"""A family that cannot answer takes no other one down: it is left out, told once, and comes back by
itself.
"""

from __future__ import annotations

import json

import pytest

from tasks.core.cli.errors import BadRequest, Corrupt
from tasks.core.serving.redis_keys import FAMILIES, FamilyKeys
from tasks.core.store.manifest import sha256
from tasks.core.store.store import Store
from tasks.retrieve import Reader
from tests import generations
from tests.retrieve.planted import made


@pytest.fixture
def reader(root, anywhere):
    generations.publish(root, made(root))
    return Reader(anywhere.reader_url, root)


def answers(reader: Reader) -> list[set[str]]:
    """The families of every call that names none."""
    found = [
        set(one.generations)
        for one in (
            reader.recommend("1"),
            reader.recommend(history=["5"]),
            reader.recommend("1", channels=["popular", "similar"]),
            reader.precomputed("1"),
            reader.similar("5"),
        )
    ]
    return [
        *found,
        set(reader.generations()),
        {"item2vec"}
        if reader.knows("5") and reader.someone() and reader.find("Movie") is not None
        else set(),
    ]


@pytest.mark.parametrize("name", ["two_tower", "fused", "NO FAMILY", b"\xff"])
def test_a_name_without_a_pointer_is_left_out(reader, anywhere, caplog, name):
    """Announced by hand, or by a first publication that was cut off."""
    anywhere.client().sadd(FAMILIES, name)
    for _ in range(2):
        assert answers(reader) == [{"item2vec"}] * 7
    assert caplog.text.count("retrieve.left_out") == (name in ("two_tower", "fused")), "once"
    for family in ("two_tower", "fused"):
        with pytest.raises(BadRequest, match=f"nothing of {family} is live"):
            reader.recommend("1", channels=[family, "popular"])
        with pytest.raises(BadRequest, match=f"nothing of {family} is live"):
            reader.similar("5", family=family)


def test_with_nothing_else_the_reason_is_told(root, anywhere):
    anywhere.client().sadd(FAMILIES, "two_tower")
    reader = Reader(anywhere.reader_url, root)
    for call in (lambda: reader.recommend("1"), lambda: reader.similar("5"), reader.generations):
        with pytest.raises(BadRequest, match="nothing of two_tower is live"):
            call()


def test_a_generation_that_cannot_be_opened_is_left_out_until_it_can(reader, root, anywhere):
    broken = made(root, 2, family="two_tower")
    generations.publish(root, broken)
    folder = Store(root).open(broken["uri"], "generation").path
    away = folder.rename(folder.with_name("elsewhere"))
    assert set(reader.recommend("1").generations) == {"item2vec"}
    with pytest.raises(Corrupt, match="not in the store"):
        reader.recommend("1", channels=["two_tower"])
    away.rename(folder)
    assert set(reader.recommend("1").generations) == {"item2vec", "two_tower"}


def test_a_family_is_announced_after_its_pointer_stands(root, anywhere, monkeypatch):
    """The connection is cut at each command of a first publication; whoever reads meanwhile reads
    the others.
    """
    import redis

    generations.publish(root, made(root))
    first = made(root, 2, family="two_tower")
    generations.load(root, first)
    reader, sent = Reader(anywhere.reader_url, root), []
    whole = redis.connection.Connection.send_packed_command

    def cut(connection, command, check_health=True):
        text = b"".join(command) if isinstance(command, list) else command
        sent.append(text)
        if len(sent) > allowed:
            connection.disconnect()
            raise redis.exceptions.ConnectionError("cut")
        return whole(connection, command, check_health)

    for allowed in range(30):  # noqa: B007 — `cut` reads it
        sent.clear()
        monkeypatch.setattr(redis.connection.Connection, "send_packed_command", cut)
        try:
            generations.switch(root, first)
            done = True
        except Exception as error:
            done = False
            assert type(error).__name__ == "Unreachable", error
        monkeypatch.setattr(redis.connection.Connection, "send_packed_command", whole)
        announced = anywhere.client().sismember(FAMILIES, "two_tower")
        assert not announced or anywhere.client().exists(FamilyKeys("two_tower").live)
        assert set(reader.recommend("1").generations) == (
            {"item2vec", "two_tower"} if announced else {"item2vec"}
        )
        if done:
            break
    assert done and announced and allowed > 1


def facts(**changed):
    return lambda manifest: manifest["facts"].update(changed)


ALTERED = {
    "encoder": ("encoder.json", lambda text: b"[]"),
    "deep": ("encoder.json", lambda text: b"[" * 100_000),
    "rows too large": ("popular.npy", lambda data: data[:-4] + b"\xff\xff\xff\x7f"),
    "rows below nothing": ("popular.npy", lambda data: data[:-4] + b"\xfe\xff\xff\xff"),
    "no array": ("popular.npy", lambda data: b"\x93NUMPY\x01\x00" + b"x" * 100),
    "facts are a list": lambda manifest: manifest.update(facts=[]),
    "nothing trained": lambda manifest: manifest["facts"].pop("trained"),
    "trained is a word": facts(trained="x"),
    "depth is a word": facts(depth="x"),
    "depth of millions": facts(depth=10**7),
    "neighbours too large": ("neighbours.npy", lambda data: data[:-4] + b"\xff\xff\xff\x7f"),
    "neighbours of nothing": ("neighbours_likes.npy", lambda data: b"\x93NUMPY\x01\x00"),
    "files are a list": lambda manifest: manifest.update(files=[]),
}


@pytest.mark.parametrize("kind", ALTERED)
def test_a_folder_that_somebody_altered_with_its_digests_is_left_out(reader, root, kind):
    """Whoever may write into the store writes manifests, too."""
    broken = made(root, 2, family="two_tower")
    generations.publish(root, broken)
    folder, how = Store(root).open(broken["uri"], "generation").path, ALTERED[kind]
    manifest = json.loads((folder / "manifest.json").read_text())
    if isinstance(how, tuple):
        name, change = how
        (folder / name).write_bytes(change((folder / name).read_bytes()))
        manifest["files"][name] = {
            "bytes": (folder / name).stat().st_size,
            "sha256": sha256(folder / name),
        }
    else:
        how(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert answers(reader) == [{"item2vec"}] * 7
    with pytest.raises(Corrupt):
        reader.recommend("1", channels=["two_tower"])
