"""Going live: only what is whole and read back, one atomic step, and the older never wins."""

import time

import pytest

from tasks.core.cli.errors import BadRequest, Conflict
from tasks.publish.load import load as loading
from tasks.publish.load.claims import Claim, load_entries, read_pointer
from tasks.publish.load.pipeline import Pipeline
from tasks.publish.settings import LoadRequest, StatusRequest
from tasks.publish.status import status
from tests import generations
from tests.publish.planted import NAMES, made
from tests.servers_valkey import keys


def test_the_pointer_says_what_when_who_and_why(root, client):
    first, second = made(root, 1), made(root, 2)
    generations.publish(root, first)
    generations.load(root, second)
    first_answer = generations.switch(root, second, by="ann")
    assert first_answer == {
        "family": "item2vec",
        "generation": second["id"],
        "previous": first["id"],
        "fence": 2,
        "version": "2",
        "day": "1998-04-12",
    }
    pointer = read_pointer(client, NAMES)
    assert {
        name: pointer[name]
        for name in ("generation", "previous", "fence", "version", "by", "why", "store")
    } == {
        "generation": second["id"],
        "previous": first["id"],
        "fence": "2",
        "version": "2",
        "by": "ann",
        "why": "it is better",
        "store": second["uri"],
    }
    assert abs(time.time() - float(pointer["since"])) < 60
    assert generations.switch(root, second) == first_answer  # a task that is run again


def test_only_what_was_loaded_and_read_back_goes_live(root, client):
    generation = made(root, 1)
    with pytest.raises(BadRequest, match="not whole"):
        generations.switch(root, generation)
    loading.load(LoadRequest(store=root, generation=generation["uri"]))
    with pytest.raises(BadRequest, match="not read back"):
        generations.switch(root, generation)
    assert read_pointer(client, NAMES) == {}


def test_the_publisher_that_began_earlier_never_overwrites_the_later_one(root, client):
    earlier, later = (
        made(root, 1),
        made(root, 1, factory="SQ8", minimum_recall=0.5),
    )  # the same day, so that only the fence decides
    generations.load(root, earlier)
    generations.load(root, later)
    generations.switch(root, later)
    with pytest.raises(Conflict, match="after this load had started"):
        generations.switch(root, earlier)
    assert read_pointer(client, NAMES)["generation"] == later["id"]


def test_an_older_day_does_not_replace_a_newer_one(root, client):
    newer = generations.publish(root, made(root, 2))
    older = made(root, 1)
    generations.load(root, older)
    with pytest.raises(Conflict, match="rollback"):
        generations.switch(root, older)
    assert read_pointer(client, NAMES)["generation"] == newer["id"]


def test_a_loader_that_was_taken_over_writes_nothing_more(root, client, monkeypatch):
    """The second loader of a generation begins while the first is half-way: one wins, the other
    says so and leaves nothing.
    """
    generation, begun, second = made(root, 1), [], []

    def meddled(channel, batch):
        begun.append(len(batch))
        if len(begun) == 3:
            monkeypatch.setattr(Pipeline, "send", send)
            second.append(generations.load(root, generation))
            monkeypatch.setattr(Pipeline, "send", meddled)
        send(channel, batch)

    send = Pipeline.send
    monkeypatch.setattr(Pipeline, "send", meddled)
    with pytest.raises(Conflict, match="somebody newer"):
        loading.load(
            LoadRequest(store=root, generation=generation["uri"], bucket_fields=5, batch_fields=5)
        )
    assert len(begun) == 3 and [
        load for load, entry in load_entries(client, NAMES).items() if entry["state"] != "deleting"
    ] == [second[0]["load"]]
    assert len(keys(client, "recall:item2vec:*")) == second[0]["keys"] - 1
    stale = Claim(client, NAMES, second[0]["load"], 1)
    with pytest.raises(Conflict):
        stale.finish({}, {"generation": "x"})


def test_status_tells_what_is_live_and_what_is_kept(root, client):
    first, second = (
        generations.publish(root, made(root, 1)),
        generations.publish(root, made(root, 2)),
    )
    status_of_family = status(StatusRequest(store=root))["families"]["item2vec"]
    assert (
        status_of_family["live"]["generation"],
        status_of_family["live"]["by"],
        status_of_family["live"]["fence"],
    ) == (
        second["id"],
        "a test",
        2,
    )
    assert set(status_of_family["kept"]) == {first["id"], second["id"]}
    kept = status_of_family["kept"][first["id"]]
    assert (kept["state"], kept["whole"], kept["items"], kept["users"]) == (
        "loaded",
        True,
        60,
        120,
    ) and kept["bytes"] > 60 * 32
    assert [switch["to"] for switch in status_of_family["switches"]] == [second["id"], first["id"]]
    assert status(StatusRequest(store=root, family="gru4rec"))["families"]["gru4rec"] == {
        "live": None,
        "kept": {},
        "switches": [],
    }
