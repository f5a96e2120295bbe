"""Somebody of whom attributes are known, alone or beside a history."""

import numpy as np
import pytest

from tasks.core.cli.errors import BadRequest
from tasks.retrieve.reader import Reader
from tests import generations
from tests.retrieve.planted import group, made, own


@pytest.fixture
def reader(root, server):
    generations.publish(root, made(root, attributes=True))
    generations.publish(root, made(root, family="gru4rec"))
    return Reader(server.url, root)


def test_somebody_of_whom_an_attribute_is_all_that_is_known_gets_the_groups_items(reader):
    answer = reader.recommend(attributes={"group": "2", "zodiac": "lion"})
    assert {group(hit) for hit in answer.hits} == {2} and answer.source == "attributes"
    assert {hit.channels for hit in answer.hits} == {("item2vec",)}


def test_attributes_beside_a_history_are_read_together(reader):
    both = reader.recommend(
        history=["2"], attributes={"group": 2}, channels=["item2vec"]
    )  # an item of group 1
    assert {group(hit) for hit in both.hits} == {1, 2} and both.source == "history"


def test_a_users_new_attributes_count_beside_what_is_stored(reader):
    user = reader.someone()
    mine = {int(item) % 3 for item in own(int(user) - 1)}
    stored = reader.recommend(user, channels=["item2vec"])
    assert stored.source == "user"
    other = next(one for one in range(3) if one not in mine)
    answer = reader.recommend(user, k=20, attributes={"group": other}, channels=["item2vec"])
    assert other in {group(hit) for hit in answer.hits} and answer.source == "history"
    assert not {hit.item.id for hit in answer.hits} & {str(item + 1) for item in own(int(user) - 1)}


def test_an_attribute_that_nobody_learned_gives_the_popular_items(reader):
    assert reader.recommend(attributes={"group": "unheard of"}).source == "popular"
    assert reader.recommend(attributes={}).source == "popular"


@pytest.mark.parametrize(
    "value",
    [
        2,
        2.0,
        "2",
        np.int64(2),
        np.float32(2),
        ["2"],
        (2,),
        np.array([2]),
        np.array(["2"]),
        np.str_("2"),
    ],
    ids=repr,
)
def test_a_value_is_a_text_a_number_or_a_list_of_them(reader, value):
    assert reader.recommend(attributes={"group": value}) == reader.recommend(
        attributes={"group": "2"}
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        [],
        (),
        [None],
        [""],
        float("nan"),
        np.float64("nan"),
        float("inf"),
        ["2", float("nan")],
        [["2"]],
        {},
        {"a": 1},
        b"2",
        {"2"},
        object(),
        np.datetime64("2020-01-01"),
        np.array([["2"]]),
        "\ud800",
        10**5000,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_holds_nothing_or_is_none_is_refused(reader, value):
    for ask in (
        lambda: reader.recommend(attributes={"group": value}),
        lambda: reader.recommend("1", attributes={"group": value}),
        lambda: reader.recommend(history=["1"], attributes={"zodiac": "lion", "group": value}),
    ):
        with pytest.raises(BadRequest, match=r"attribute '?group"):
            ask()


@pytest.mark.parametrize(
    "attributes",
    [
        {1: "2"},
        {None: "2"},
        {b"group": "2"},
        {"": "2"},
        {"\ud800": "2"},
        ["group"],
        5,
        [("group", "2")],
    ],
    ids=ascii,
)
def test_names_of_attributes_are_texts(reader, attributes):
    with pytest.raises(BadRequest, match="attribute"):
        reader.recommend(attributes=attributes)


def test_attributes_that_are_no_values_are_refused(reader):
    with pytest.raises(BadRequest, match=r"attribute age: not a value.*dict"):
        reader.recommend(attributes={"age": {"years": 3}})
    with pytest.raises(BadRequest, match=r"attributes are names with values.*age=3"):
        reader.recommend(attributes="age=3")
    with pytest.raises(BadRequest, match="none of them"):
        reader.recommend()
