"""What a service relies on: right neighbours, nothing seen, honest answers to the unknown. One
generation stands; all only read.
"""

import subprocess
import sys

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.core.store.store import Store
from tasks.retrieve import Reader
from tasks.retrieve.text_table import as_table
from tests import generations
from tests.retrieve.planted import WORLD, group, made, own


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return (tmp_path_factory.mktemp("answers") / "store").as_uri()


@pytest.fixture(scope="module")
def live(root, standing):
    return generations.publish(root, made(root))


@pytest.fixture(scope="module")
def reader(root, standing, live):
    return Reader(standing.reader_url, root)


def test_similar_items_share_the_group_and_the_item_is_not_its_own_neighbour(reader, live):
    for item in range(60):
        answer = reader.similar(WORLD.item_id(item), 10)
        assert {group(hit) for hit in answer.hits} == {WORLD.item_group[item]} and len(
            answer.hits
        ) == 10
        assert WORLD.item_id(item) not in {hit.item.id for hit in answer.hits}
        assert answer.generations == {"item2vec": live["id"]} and answer.history[
            0
        ].id == WORLD.item_id(item)


def test_a_user_gets_the_rest_of_the_group_and_nothing_seen(reader, live):
    for user in range(0, 120, 7):
        answer = reader.recommend(
            WORLD.user_id(user), 8
        )  # a group has 20 items, of which 12 are seen
        assert {group(hit) for hit in answer.hits} == {WORLD.user_group[user]} and len(
            answer.hits
        ) == 8
        assert not {int(hit.item.id) - 1 for hit in answer.hits} & set(own(user).tolist())
        assert [int(item.id) - 1 for item in answer.history] == own(user)[
            ::-1
        ].tolist() and answer.source == "user"


def test_a_history_of_nobody_known_is_encoded_as_the_user_with_that_history(reader):
    stored = reader.recommend("4", 8)
    given = reader.recommend(history=[WORLD.item_id(item) for item in own(3)], k=8)
    assert [hit.item for hit in given.hits] == [
        hit.item for hit in stored.hits
    ] and given.source == "history"
    np.testing.assert_allclose(
        [hit.score for hit in given.hits], [hit.score for hit in stored.hits], rtol=1e-4
    )
    assert given.history == stored.history


def test_scores_are_inner_products_with_the_candidate_vectors(reader, root, live):
    folder = Store(root).open(live["uri"], "generation").path
    vectors = np.load(folder / "vectors.npy")
    for hit in reader.recommend("4", 8).hits:
        assert hit.score == pytest.approx(
            float(vectors[own(3)].mean(axis=0) @ vectors[int(hit.item.id) - 1]), rel=1e-4
        )


def test_ids_may_be_numbers(reader):
    assert reader.recommend(4, 8) == reader.recommend("4", 8) and reader.similar(
        5, 3
    ) == reader.similar("5", 3)
    assert (
        reader.recommend(history=[1, 4]) == reader.recommend(history=["1", "4"])
        and reader.knows(60)
        and not reader.knows(61)
    )


@pytest.mark.parametrize("id", [np.int64(4), np.uint8(4), np.str_("4")])
def test_ids_may_be_of_numpy(reader, id):
    assert reader.recommend(id, np.int64(8)) == reader.recommend("4", 8)
    assert (
        reader.recommend(history=np.array([id, id]))
        == reader.recommend(history=["4", "4"])
        == reader.recommend(history=(id for id in ("4", "4")))
    )
    assert (
        reader.similar(id) == reader.similar("4")
        and reader.precomputed(id) == reader.precomputed("4")
        and reader.knows(id)
    )


NO_IDS = [
    b"1",
    bytearray(b"1"),
    1.0,
    1.5,
    float("nan"),
    np.float64(1),
    True,
    np.bool_(True),
    "",
    [],
    ["1"],
    {},
    object(),
    np.array(1),
    np.bytes_(b"1"),
    10**5000,
    "\ud800",
]


@pytest.mark.parametrize("id", NO_IDS, ids=lambda id: type(id).__name__)
def test_what_is_no_id_is_refused_and_not_answered_with_popular_items(reader, id):
    for ask in (
        lambda: reader.recommend(id),
        lambda: reader.recommend(history=["1", id]),
        lambda: reader.recommend("1", history=[id]),
        lambda: reader.similar(id),
        lambda: reader.precomputed(id),
        lambda: reader.knows(id),
    ):
        with pytest.raises(BadRequest, match=r"user's id|item's id"):
            ask()


@pytest.mark.parametrize(
    "history",
    [
        "50",
        b"50",
        5,
        5.0,
        True,
        {"50": 1},
        {"50"},
        frozenset(),
        [None],
        [["50"]],
        np.array(50),
        np.array([1.0]),
        np.array([["1"]]),
    ],
    ids=repr,
)
def test_what_is_no_list_of_ids_is_refused(reader, history):
    with pytest.raises(BadRequest, match=r"history is a list|item's id.*got"):
        reader.recommend(history=history)


@pytest.mark.parametrize(
    "k",
    [True, np.bool_(True), 0, -1, 1e9, 1.0, "10", None, b"1", [1], float("inf"), np.float32(3)],
    ids=repr,
)
def test_what_is_no_number_of_items_is_refused(reader, k):
    for ask in (
        lambda: reader.recommend("1", k),
        lambda: reader.recommend(history=["1"], k=k),
        lambda: reader.similar("1", k),
        lambda: reader.precomputed("1", k),
    ):
        with pytest.raises(
            BadRequest, match=r"k is how many items are wanted.*expected a whole number"
        ):
            ask()


@pytest.mark.parametrize("k", [10**9, 2**70])
def test_a_number_beyond_any_machine_gives_the_catalogue(reader, k):
    assert (
        len(reader.recommend("1", k).hits) == 48
        and len(reader.similar("1", k).hits) == 59
        and reader.precomputed("1", k).hits
    )
    assert len(reader.recommend("1", k, channels=["similar", "popular", "item2vec"]).hits) == 48


@pytest.mark.parametrize(
    "channels",
    [
        "popular",
        b"popular",
        5,
        [None],
        [1],
        [b"popular"],
        {"popular": "3"},
        {"popular": 1.0},
        {"popular": True},
        {"popular": None},
        {1: 1},
        [["popular"]],
        {"popular": 10**5000},
    ],
    ids=lambda one: repr(one)[:30] if one != {"popular": 10**5000} else "long",
)
def test_what_names_no_channels_is_refused(reader, channels):
    with pytest.raises(BadRequest, match="expected"):
        reader.recommend("1", channels=channels)


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: reader.similar(title=5),
        lambda reader: reader.find(None),
        lambda reader: reader.find(b"x"),
        lambda reader: reader.similar("1", family=5),
        lambda reader: reader.precomputed("1", family=["item2vec"]),
        lambda reader: reader.someone(5),
        lambda reader: reader.knows("1", 5),
    ],
)
def test_names_of_families_and_titles_are_texts(reader, ask):
    with pytest.raises(BadRequest, match=r"is a text|named by a text"):
        ask(reader)


@pytest.mark.parametrize("families", ["item2vec", [1], [None]])
def test_the_families_of_a_reader_are_a_list_of_names(standing, root, families):
    with pytest.raises(BadRequest, match="families are a list of names"):
        Reader(standing.reader_url, root, families)


def test_who_is_unknown_gets_the_popular_items_and_is_told_so(reader):
    counts = np.bincount(WORLD.items, minlength=60)
    for answer in (
        reader.recommend("nobody", 5),
        reader.recommend(history=[], k=5),
        reader.recommend(history=["999", "x"], k=5),
    ):
        assert (
            answer.source == "popular"
            and [hit.score for hit in answer.hits] == sorted(counts.tolist(), reverse=True)[:5]
        )
    assert reader.recommend(history=["999", "x"]).unknown == ("999", "x")
    assert reader.recommend(history=["999", "1"]).unknown == ("999",)


def test_more_than_the_catalogue_gives_the_catalogue(reader):
    assert len(reader.similar("1", 1000).hits) == 59
    assert len(reader.recommend("1", 1000).hits) == 48


@pytest.mark.parametrize(
    "ask",
    [
        lambda reader: reader.similar("999"),
        lambda reader: reader.similar(title="no such film"),
        lambda reader: reader.similar(),
        lambda reader: reader.recommend("1", 0),
        lambda reader: reader.recommend(),
        lambda reader: reader.recommend("1", channels=[]),
        lambda reader: reader.recommend("1", channels={"item2vec": -1}),
        lambda reader: reader.recommend("1", 2, channels={"item2vec": 2, "popular": 1}),
        lambda reader: reader.recommend("1", channels="item2vec"),
        lambda reader: reader.recommend(history="12"),
        lambda reader: reader.recommend("1", float("nan")),
        lambda reader: reader.similar("1", title="x"),
        lambda reader: reader.precomputed("1", 0),
        lambda reader: reader.similar("1", 0),
        lambda reader: reader.recommend("1", channels=["gru4rec"]),
        lambda reader: reader.recommend("1", channels=["No Family"]),
    ],
)
def test_what_cannot_be_answered_is_a_clear_refusal(reader, ask):
    with pytest.raises(BadRequest, match=r"remedy|expected"):
        ask(reader)


def test_a_user_who_has_just_done_more_is_searched_with_all_of_it(reader, root, live):
    vectors = np.load(Store(root).open(live["uri"], "generation").path / "vectors.npy")
    fresh = next(item for item in range(60) if item not in own(3))
    answer = reader.recommend("4", 8, history=[WORLD.item_id(fresh), "999"])
    mean = vectors[[*own(3), fresh]].mean(axis=0)
    assert (
        answer.source == "history"
        and answer.unknown == ("999",)
        and answer.history[0].id == WORLD.item_id(fresh)
    )
    assert not {int(hit.item.id) - 1 for hit in answer.hits} & {*own(3).tolist(), fresh}
    for hit in answer.hits:
        assert hit.score == pytest.approx(float(mean @ vectors[int(hit.item.id) - 1]), rel=1e-4)


def test_a_precomputed_list_is_what_a_search_finds(reader):
    for user in ("1", "7", "50"):
        made, found = reader.precomputed(user, 8), reader.recommend(user, 8)
        assert [hit.item for hit in made.hits] == [
            hit.item for hit in found.hits
        ] and made.generations == found.generations
    assert reader.precomputed("nobody").hits == ()


def test_the_channel_of_similar_items_starts_from_the_newest_liked_ones(reader):
    answer = reader.recommend(history=["1"], k=5, channels=["similar"])
    assert [hit.item.id for hit in answer.hits] == [
        hit.item.id for hit in reader.similar("1", 5).hits
    ]
    for user in (0, 7):
        hits = reader.recommend(WORLD.user_id(user), 8, channels=["similar"]).hits
        assert {group(hit) for hit in hits} == {WORLD.user_group[user]} and {
            hit.channels for hit in hits
        } == {("similar",)}
        assert not {int(hit.item.id) - 1 for hit in hits} & set(own(user).tolist())


def test_each_channel_gives_its_quota_and_nothing_twice(reader):
    answer = reader.recommend("1", 9, channels={"item2vec": 4, "similar": 2, "popular": 3})
    ids = [hit.item.id for hit in answer.hits]
    assert len(ids) == len(set(ids)) == 9 and not {int(id) - 1 for id in ids} & set(own(0).tolist())
    assert (
        sum("popular" in hit.channels for hit in answer.hits) >= 3
        and sum("item2vec" in hit.channels for hit in answer.hits) >= 4
    )
    assert (
        len(reader.recommend("1", 6, channels={"item2vec": 1}).hits) == 6
    )  # what is missing is filled up


def test_the_store_is_found_by_what_the_publisher_wrote(standing, live):
    assert Reader(standing.reader_url).generations() == {"item2vec": live["id"]}


def test_the_reader_needs_neither_mlflow_nor_pyarrow_nor_pandas(root, standing, live):
    code = (
        "import sys\nfor name in ('mlflow', 'pyarrow', 'pandas', 'torch', 'requests'): "
        "sys.modules[name] = None\n"
        "from tasks.retrieve import Reader\n"
        f"print(len(Reader(sys.argv[1], {root!r}).recommend('1', 3).hits))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, standing.reader_url], capture_output=True, text=True
    )
    assert done.stdout == "3\n", done.stderr


def test_an_item_of_which_only_likes_are_known_is_popular_and_like_nothing(
    root, standing, live, monkeypatch
):
    """It has no neighbour and no genre: the answer says so, and is not an empty list. It stays in
    the list of popular items.
    """

    def without_first(vectors):
        rows = np.arange(len(vectors))
        return plain(vectors).remap(np.where(rows == 0, -1, rows), len(vectors))

    plain = generations.by_cosine
    monkeypatch.setattr(generations, "by_cosine", without_first)
    monkeypatch.setattr("tasks.index.catalogue.fill_by_genres", lambda *arguments: None)
    alone = root + "-alone"
    monkeypatch.setenv("RECALL_REDIS_URL", standing.url)
    generations.publish(alone, made(alone, number=2, family="two_tower"))
    reader = Reader(standing.reader_url, alone, ["two_tower"])
    with pytest.raises(
        BadRequest,
        match=r"can say what this item is like: it was hardly ever liked beside another.*got "
        "'1'.*remedy",
    ):
        reader.similar("1")
    assert (
        reader.knows("1")
        and len(reader.similar("2", 60).hits) == 58
        and "1" not in {hit.item.id for hit in reader.similar("2", 60).hits}
    )
    assert "1" in {hit.item.id for hit in reader.recommend("nobody", 60).hits}


def test_an_item_is_like_another_because_of_those_who_liked_both(reader):
    answer = reader.similar("5", 4)
    assert answer.liked == 10 and all(1 <= hit.liked_both <= 10 for hit in answer.hits)
    assert all(hit.liked_both is None for hit in reader.recommend("1", 4).hits)
    assert f"liked by {answer.hits[0].liked_both} of 10 who liked it" in as_table(answer, [])
