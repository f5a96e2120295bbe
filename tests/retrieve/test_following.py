"""The pointer moves while a reader runs: no failed, no mixed answer; what is not whole is
refused.
"""

import json
import socket
import threading
import time

import numpy as np
import pytest

from tasks.core.cli.errors import Corrupt, Unreachable
from tasks.core.store.store import Store
from tasks.retrieve import Reader
from tests import generations
from tests.retrieve.planted import NAMES, made, own


@pytest.fixture
def live(root, anywhere):
    return generations.publish(root, made(root))


@pytest.fixture
def reader(root, anywhere, live):
    return Reader(anywhere.reader_url, root)


def test_a_generation_swept_under_a_reader_is_never_answered_from(
    root, anywhere, reader, live, monkeypatch
):
    """Between the reader's look at the pointer and its look at the data two more go live and the
    first is swept.
    """
    reader.recommend("1")
    follow, second, third = reader._live._followed["item2vec"], made(root, 2), made(root, 3)
    held = follow.generation
    generations.publish(root, second)
    generations.publish(root, third)
    generations.sweep(root)
    monkeypatch.setattr(follow, "generation", held)
    answer = reader.recommend("1")
    assert (
        answer.generations == {"item2vec": third["id"]}
        and answer.source == "user"
        and answer.history
    )
    monkeypatch.setattr(follow, "generation", held)
    folder = Store(root).open(third["uri"], "generation").path
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(
        Corrupt, match="not in the store"
    ):  # not the popular items of what is half gone
        reader.recommend("1")


@pytest.mark.parametrize("name", ["index.faiss", "neighbours.npy", "vectors.npy"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-1] + bytes([content[-1] ^ 1]),
        lambda content: content[: len(content) // 2],
    ],
    ids=["altered", "cut"],
)
def test_a_damaged_file_is_refused(root, server, name, damage):
    path = Store(root).open(generations.publish(root, made(root))["uri"], "generation").path / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Corrupt, match=name):
        Reader(server.url, root).recommend("1")


@pytest.mark.parametrize(
    "field, value",
    [
        ("generation", "0" * 16),
        ("dimension", "16"),
        ("fields.items", "61"),
        ("schema", "1"),
        ("schema", "99"),
    ],
)
def test_a_mixture_of_folder_and_redis_is_refused(root, anywhere, live, field, value):
    client = anywhere.client()
    client.hset(NAMES.manifest(client.hget(NAMES.live, "load").decode()), field, value)
    with pytest.raises(Corrupt):
        Reader(anywhere.reader_url, root).recommend("1")


def test_a_generation_whose_folder_is_gone_does_not_end_a_running_reader(
    root, anywhere, reader, live
):
    reader.recommend("1")
    second = generations.publish(root, made(root, 2))
    folder = Store(root).open(second["uri"], "generation").path
    folder.rename(folder.with_name("elsewhere"))
    assert reader.recommend("1").generations == {"item2vec": live["id"]}
    with pytest.raises(Corrupt, match="not in the store"):
        Reader(anywhere.reader_url, root).recommend("1")


def test_readers_follow_switches_and_rollbacks_without_a_failed_or_mixed_answer(root, anywhere):
    """Each generation has other vectors, so that a score tells which generation both of its sides
    came from.
    """
    made_ones = [made(root, number) for number in (1, 2, 3)]
    vectors = {
        one["id"]: np.load(Store(root).open(one["uri"], "generation").path / "vectors.npy")
        for one in made_ones
    }
    generations.publish(root, made_ones[0])
    stop, faults, seen, reads = threading.Event(), [], set(), [0]
    reader, mine = Reader(anywhere.reader_url, root), own(3)

    def read():
        while not stop.is_set():
            try:
                answer = reader.recommend("4", 5)
                [id] = answer.generations.values()
                truth = [
                    float(vectors[id][mine].mean(axis=0) @ vectors[id][int(hit.item.id) - 1])
                    for hit in answer.hits
                ]
                if (
                    not np.allclose([hit.score for hit in answer.hits], truth, rtol=1e-4)
                    or answer.source != "user"
                ):
                    faults.append(answer)
                seen.add(id)
                reads[0] += 1
            except Exception as error:
                faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            for one in made_ones:
                generations.load(root, one)
                anywhere.client().hset(NAMES.live, "day", "")  # the same days over and over
                generations.switch(root, one)
                generations.sweep(root)
            generations.rollback(root)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert faults == [] and len(seen) == 3 and reads[0] > 50
    assert reader.generations() == {"item2vec": made_ones[1]["id"]}


def test_a_server_that_is_away_is_told_without_the_password(root):
    with pytest.raises(Unreachable, match=r"127.0.0.1:1/0") as refusal:
        Reader("redis://:hunter2@127.0.0.1:1/0", root).recommend("1")
    assert "hunter2" not in str(refusal.value)


def test_a_server_that_never_answers_is_waited_for_no_longer_than_was_said(root):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        reader, began = (
            Reader(f"redis://127.0.0.1:{mute.getsockname()[1]}/0", root, timeout_seconds=1.0),
            time.monotonic(),
        )
        with pytest.raises(Unreachable):
            reader.recommend("1")
        assert time.monotonic() - began < 1.9


@pytest.mark.parametrize("name", ["index.faiss", "neighbours_both.npy"])
def test_a_file_whose_entry_was_removed_from_the_manifest_is_not_served(root, server, name):
    published = generations.publish(root, made(root))
    folder = Store(root).open(published["uri"], "generation").path
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"][name]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(Corrupt, match=f"does not list.*{name}"):
        Reader(server.url, root).recommend("1")
