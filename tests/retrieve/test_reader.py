"""What a service relies on: right neighbours, nothing seen, honest answers to the unknown, never two generations at once."""

import dataclasses
import subprocess
import sys
import threading

import numpy as np
import pytest

from tasks.core.errors import BadRequest, Corrupt, Unreachable
from tasks.core.keys import Names
from tasks.core.store import Store
from tasks.retrieve import Reader
from tasks.retrieve.merge import by_quota, reciprocal_rank
from tests import generations, worlds

WORLD = worlds.grouped()
NAMES = Names("item2vec")


@pytest.fixture
def root(tmp_path):
    return (tmp_path / "store").as_uri()


def made(root, number=1, family="item2vec", world=WORLD, **other):
    return generations.generation(root, world, family, id=f"{family}-c{number}", version=str(number), seed=number,
                                  day=f"1998-04-{10 + number}", **other)


@pytest.fixture
def server(anywhere):
    return anywhere


@pytest.fixture
def live(root, server):
    return generations.publish(root, made(root))


@pytest.fixture
def reader(root, server, live):
    return Reader(server.reader_url, root)


def group(hit):
    return WORLD.item_group[int(hit.item.id) - 1]


def own(user):
    return WORLD.items[WORLD.users == user]


def test_similar_items_share_the_group_and_the_item_is_not_its_own_neighbour(reader, live):
    for item in range(60):
        answer = reader.similar(WORLD.item_id(item), 10)
        assert {group(hit) for hit in answer.hits} == {WORLD.item_group[item]} and len(answer.hits) == 10
        assert WORLD.item_id(item) not in {hit.item.id for hit in answer.hits}
        assert answer.generations == {"item2vec": live["id"]} and answer.history[0].id == WORLD.item_id(item)


def test_a_user_gets_the_rest_of_the_group_and_nothing_seen(reader, live):
    for user in range(0, 120, 7):
        answer = reader.recommend(WORLD.user_id(user), 8)  # a group has 20 items, of which 12 are seen
        assert {group(hit) for hit in answer.hits} == {WORLD.user_group[user]} and len(answer.hits) == 8
        assert not {int(hit.item.id) - 1 for hit in answer.hits} & set(own(user).tolist())
        assert [int(item.id) - 1 for item in answer.history] == own(user)[::-1].tolist() and answer.source == "user"


def test_a_history_of_nobody_known_is_encoded_as_the_user_with_that_history(reader):
    stored = reader.recommend("4", 8)
    given = reader.recommend(history=[WORLD.item_id(item) for item in own(3)], k=8)
    assert [hit.item for hit in given.hits] == [hit.item for hit in stored.hits] and given.source == "history"
    np.testing.assert_allclose([hit.score for hit in given.hits], [hit.score for hit in stored.hits], rtol=1e-4)
    assert given.history == stored.history


def test_scores_are_inner_products_with_the_candidate_vectors(reader, root, live):
    folder = Store(root).open(live["uri"], "generation").path
    vectors = np.load(folder / "vectors.npy")
    for hit in reader.recommend("4", 8).hits:
        assert hit.score == pytest.approx(float(vectors[own(3)].mean(axis=0) @ vectors[int(hit.item.id) - 1]), rel=1e-4)


def test_who_is_unknown_gets_the_popular_items_and_is_told_so(reader):
    counts = np.bincount(WORLD.items, minlength=60)
    for answer in (reader.recommend("nobody", 5), reader.recommend(history=[], k=5), reader.recommend(history=["999", "x"], k=5)):
        assert answer.source == "popular" and [hit.score for hit in answer.hits] == sorted(counts.tolist(), reverse=True)[:5]
    assert reader.recommend(history=["999", "x"]).unknown == ("999", "x")
    assert reader.recommend(history=["999", "1"]).unknown == ("999",)


def test_a_user_who_only_disliked_gets_popular_items_but_none_of_those(root, server):
    world = dataclasses.replace(WORLD, ratings=np.where(WORLD.users == 7, 1.0, 5.0).astype(np.float32))
    generations.publish(root, made(root, world=world))
    answer = Reader(server.reader_url, root).recommend("8", 60)
    assert answer.source == "popular" and len(answer.hits) == 48
    assert not {int(hit.item.id) - 1 for hit in answer.hits} & set(own(7).tolist())


def test_more_than_the_catalogue_gives_the_catalogue(reader):
    assert len(reader.similar("1", 1000).hits) == 59
    assert len(reader.recommend("1", 1000).hits) == 48


@pytest.mark.parametrize("ask", [
    lambda reader: reader.similar("999"), lambda reader: reader.similar(title="no such film"), lambda reader: reader.similar(),
    lambda reader: reader.recommend("1", 0), lambda reader: reader.recommend(),
    lambda reader: reader.recommend("1", channels=[]), lambda reader: reader.recommend("1", channels={"item2vec": -1}),
    lambda reader: reader.precomputed("1", 0), lambda reader: reader.similar("1", 0),
    lambda reader: reader.recommend("1", channels=["gru4rec"]), lambda reader: reader.recommend("1", channels=["No Family"])])
def test_what_cannot_be_answered_is_a_clear_refusal(reader, ask):
    with pytest.raises(BadRequest, match="remedy|expected"):
        ask(reader)


def test_families_are_merged_and_each_says_its_generation(root, server, live):
    other = generations.publish(root, made(root, 2, "gru4rec", items=58))  # it does not know items 59 and 60
    reader = Reader(server.reader_url, root)
    answer = reader.recommend("2", 7)  # of the 8 unseen items of the group, the 7 that both know come first
    assert answer.generations == {"gru4rec": other["id"], "item2vec": live["id"]}
    assert {group(hit) for hit in answer.hits} == {WORLD.user_group[1]}
    assert any(set(hit.channels) == {"gru4rec", "item2vec"} for hit in answer.hits)
    alone = reader.similar("59", 3)
    assert alone.generations == {"item2vec": live["id"]}
    assert reader.recommend("2", 8, channels=["gru4rec"]).generations == {"gru4rec": other["id"]}


def test_a_user_who_has_just_done_more_is_searched_with_all_of_it(reader, root, live):
    vectors = np.load(Store(root).open(live["uri"], "generation").path / "vectors.npy")
    fresh = next(item for item in range(60) if item not in own(3))
    answer = reader.recommend("4", 8, history=[WORLD.item_id(fresh), "999"])
    mean = vectors[[*own(3), fresh]].mean(axis=0)
    assert answer.source == "history" and answer.unknown == ("999",) and answer.history[0].id == WORLD.item_id(fresh)
    assert not {int(hit.item.id) - 1 for hit in answer.hits} & {*own(3).tolist(), fresh}
    for hit in answer.hits:
        assert hit.score == pytest.approx(float(mean @ vectors[int(hit.item.id) - 1]), rel=1e-4)


def test_a_precomputed_list_is_what_a_search_finds(reader):
    for user in ("1", "7", "50"):
        made, found = reader.precomputed(user, 8), reader.recommend(user, 8)
        assert [hit.item for hit in made.hits] == [hit.item for hit in found.hits] and made.generations == found.generations
    assert reader.precomputed("nobody").hits == ()


def test_the_channel_of_similar_items_starts_from_the_newest_liked_ones(reader):
    answer = reader.recommend(history=["1"], k=5, channels=["similar"])
    assert [hit.item.id for hit in answer.hits] == [hit.item.id for hit in reader.similar("1", 5).hits]
    for user in (0, 7):
        hits = reader.recommend(WORLD.user_id(user), 8, channels=["similar"]).hits
        assert {group(hit) for hit in hits} == {WORLD.user_group[user]} and {hit.channels for hit in hits} == {("similar",)}
        assert not {int(hit.item.id) - 1 for hit in hits} & set(own(user).tolist())


def test_each_channel_gives_its_quota_and_nothing_twice(reader):
    answer = reader.recommend("1", 9, channels={"item2vec": 4, "similar": 2, "popular": 3})
    ids = [hit.item.id for hit in answer.hits]
    assert len(ids) == len(set(ids)) == 9 and not {int(id) - 1 for id in ids} & set(own(0).tolist())
    assert sum("popular" in hit.channels for hit in answer.hits) >= 3 and sum("item2vec" in hit.channels for hit in answer.hits) >= 4
    assert len(reader.recommend("1", 6, channels={"item2vec": 1}).hits) == 6  # what is missing is filled up


def test_a_cold_item_is_recommended_by_its_genre_and_never_read_by_the_encoder(root, server):
    generations.publish(root, made(root, items=55, build={"cold_items": "metadata"}))
    reader = Reader(server.reader_url, root)
    assert reader.recommend(history=["56"], k=3).source == "popular"  # nothing that the model learned is in it
    assert {group(hit) for hit in reader.recommend(history=["56"], k=3, channels=["similar"]).hits} == {WORLD.item_group[55]}
    with_cold, without = reader.recommend(history=["1", "56"], k=8), reader.recommend(history=["1"], k=8)
    assert [hit.item.id for hit in with_cold.hits][:5] == [hit.item.id for hit in without.hits if hit.item.id != "56"][:5]


def test_half_precision_in_redis_serves_nearly_the_same_scores(root, server):
    one = made(root)
    generations.load(root, one, dtype="float16")
    generations.switch(root, one)
    half, vectors = Reader(server.reader_url, root).recommend("4", 8), np.load(Store(root).open(one["uri"], "generation").path / "vectors.npy")
    for hit in half.hits:
        assert hit.score == pytest.approx(float(vectors[own(3)].mean(axis=0) @ vectors[int(hit.item.id) - 1]), rel=2e-3)


def test_a_generation_swept_under_a_reader_is_never_answered_from(root, server, reader, live, monkeypatch):
    """Between the reader's look at the pointer and its look at the data two more go live and the first is swept."""
    reader.recommend("1")
    follow, second, third = reader._live._followed["item2vec"], made(root, 2), made(root, 3)
    held = follow._held
    generations.publish(root, second)
    generations.publish(root, third)
    generations.sweep(root)
    monkeypatch.setattr(follow, "_held", held)
    answer = reader.recommend("1")
    assert answer.generations == {"item2vec": third["id"]} and answer.source == "user" and answer.history
    monkeypatch.setattr(follow, "_held", held)
    folder = Store(root).open(third["uri"], "generation").path
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(Corrupt, match="not in the store"):  # not the popular items of what is half gone
        reader.recommend("1")


def test_quotas_by_hand():
    lists = {"a": ["x", "y", "z"], "b": ["x", "v", "w"]}
    assert [id for id, _, _ in by_quota(lists, {"a": 1, "b": 2}, 3)] == ["x", "v", "w"]
    assert [id for id, _, _ in by_quota(lists, {"a": 1, "b": 0}, 3)] == ["x", "y", "v"]


def test_reciprocal_rank_by_hand():
    merged = reciprocal_rank({"a": ["x", "y"], "b": ["y", "z"]}, constant=1)
    assert merged == [("y", pytest.approx(1 / 3 + 1 / 2), ("a", "b")), ("x", 1 / 2, ("a",)), ("z", pytest.approx(1 / 3), ("b",))]


def test_what_one_family_saw_is_left_out_of_the_others(root, server):
    """The second family is a day older and has not seen the newest items of the user."""
    early = np.concatenate([np.flatnonzero(WORLD.users == user)[:6] for user in range(120)])
    columns = {name: getattr(WORLD, name)[early] for name in ("users", "items", "ratings", "timestamps")}
    old = dataclasses.replace(WORLD, **columns)
    generations.publish(root, made(root, 2))
    generations.publish(root, made(root, 1, "gru4rec", world=old))
    for user in range(10):
        hits = Reader(server.reader_url, root).recommend(WORLD.user_id(user), 60).hits
        assert not {int(hit.item.id) - 1 for hit in hits} & set(own(user).tolist())


def test_an_altered_index_is_refused(root, server, live):
    path = Store(root).open(live["uri"], "generation").path / "index.faiss"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(Corrupt, match="index.faiss"):
        Reader(server.reader_url, root).recommend("1")


@pytest.mark.parametrize("field, value", [("generation", "0" * 16), ("dimension", "16"), ("fields.items", "61"),
                                          ("schema", "99")])
def test_a_mixture_of_folder_and_redis_is_refused(root, server, live, field, value):
    client = server.client()
    client.hset(NAMES.manifest(client.hget(NAMES.live, "load").decode()), field, value)
    with pytest.raises(Corrupt):
        Reader(server.reader_url, root).recommend("1")


def test_a_generation_whose_folder_is_gone_does_not_end_a_running_reader(root, server, reader, live):
    reader.recommend("1")
    second = generations.publish(root, made(root, 2))
    folder = Store(root).open(second["uri"], "generation").path
    folder.rename(folder.with_name("elsewhere"))
    assert reader.recommend("1").generations == {"item2vec": live["id"]}
    with pytest.raises(Corrupt, match="not in the store"):
        Reader(server.reader_url, root).recommend("1")


def test_the_store_is_found_by_what_the_publisher_wrote(server, live):
    assert Reader(server.reader_url).generations() == {"item2vec": live["id"]}


def test_readers_follow_switches_and_rollbacks_without_a_failed_or_mixed_answer(root, server):
    """Each generation's vectors are scaled by its number, so that a score tells which generation both of its sides came from."""
    made_ones = [made(root, number) for number in (1, 2, 3)]
    vectors = {one["id"]: np.load(Store(root).open(one["uri"], "generation").path / "vectors.npy") for one in made_ones}
    generations.publish(root, made_ones[0])
    stop, faults, seen, reads = threading.Event(), [], set(), [0]
    reader, mine = Reader(server.reader_url, root), own(3)

    def read():
        while not stop.is_set():
            try:
                answer = reader.recommend("4", 5)
                [id] = answer.generations.values()
                truth = [float(vectors[id][mine].mean(axis=0) @ vectors[id][int(hit.item.id) - 1]) for hit in answer.hits]
                if not np.allclose([hit.score for hit in answer.hits], truth, rtol=1e-4) or answer.source != "user":
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
                server.client().hset(NAMES.live, "day", "")  # the same days over and over
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
    with pytest.raises(Unreachable, match="127.0.0.1:1/0") as refusal:
        Reader("redis://:hunter2@127.0.0.1:1/0", root).recommend("1")
    assert "hunter2" not in str(refusal.value)


def test_the_reader_needs_neither_mlflow_nor_pyarrow_nor_pandas(root, server, live):
    code = ("import sys\nfor name in ('mlflow', 'pyarrow', 'pandas', 'torch', 'requests'): sys.modules[name] = None\n"
            "from tasks.retrieve import Reader\n"
            f"print(len(Reader(sys.argv[1], {root!r}).recommend('1', 3).hits))")
    done = subprocess.run([sys.executable, "-c", code, server.reader_url], capture_output=True, text=True)
    assert done.stdout == "3\n", done.stderr
