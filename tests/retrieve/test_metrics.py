"""What a reader tells of itself: latency, refusals, the generation it answers from; what is live
and since when; answers by lines of JSON.
"""

from __future__ import annotations

import io
import json
import re
import time

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.retrieve import Reader
from tasks.retrieve.json_lines import serve
from tasks.retrieve.metrics import Metrics
from tests import generations
from tests.retrieve.planted import group, made


@pytest.fixture
def reader(server, root):
    generations.publish(root, made(root))
    return Reader(server.url, root)


def value(text: str, name: str) -> float:
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])


def test_answers_are_counted_by_call_in_buckets_that_grow(reader):
    for _ in range(3):
        reader.recommend("1", 3)
    reader.similar("1", 3)
    text = reader.metrics()
    buckets = [
        int(count)
        for count in re.findall(
            r'recall_reader_seconds_bucket\{call="recommend",le="[^"]+"\} (\d+)', text
        )
    ]
    assert buckets == sorted(buckets) and buckets[-1] == 3 == value(
        text, 'recall_reader_seconds_count{call="recommend"}'
    )
    assert (
        0 < value(text, 'recall_reader_seconds_sum{call="recommend"}') < 60
        and value(text, 'recall_reader_seconds_count{call="similar"}') == 1
    )


def test_a_second_falls_into_its_bucket():
    counts = Metrics()
    counts.answered("recommend", 0.003)
    counts.answered("recommend", 99.0)
    text = counts.text([])
    for bound, count in (("0.0025", 0), ("0.005", 1), ("2.5", 1), ("+Inf", 2)):
        assert (
            value(text, f'recall_reader_seconds_bucket{{call="recommend",le="{bound}"}}') == count
        )


def test_refusals_are_counted_by_their_error(reader):
    with pytest.raises(BadRequest):
        reader.similar("no such item", 3)
    text = reader.metrics()
    assert (
        value(text, 'recall_reader_refusals_total{call="similar",error="BadRequest"}') == 1
        and 'seconds_count{call="similar"}' not in text
    )


def test_the_generation_is_told_and_a_switch_is_counted(reader, root):
    assert "generation_info{" not in reader.metrics()  # nothing was asked yet
    first = reader.recommend("1", 3).generations["item2vec"]
    assert (
        value(
            reader.metrics(),
            f'recall_reader_generation_info{{family="item2vec",generation="{first}",version="1"}}',
        )
        == 1
    )
    second = generations.publish(root, made(root, 2))["id"]
    reader.recommend("1", 3)
    text = reader.metrics()
    assert (
        f'generation="{second}",version="2"' in text
        and first not in text
        and value(text, 'recall_reader_switches_total{family="item2vec"}') == 1
    )


def test_what_is_live_is_told_with_since_when_and_by_whom(reader, root):
    before = reader.live()["item2vec"]
    assert (before["version"], before["by"], before["why"], before["previous"]) == (
        "1",
        "a test",
        "it is better",
        None,
    )
    assert abs(time.time() - before["since"]) < 60
    generations.publish(root, made(root, 2))
    now = reader.live()["item2vec"]
    assert (
        now["previous"] == before["generation"]
        and now["fence"] > before["fence"]
        and now["day"] == "1998-04-12"
    )


def test_where_nothing_ever_went_live_that_is_the_answer(server, root):
    assert Reader(server.url, root).live() == {}


def answers(reader, *questions) -> dict:
    output = io.StringIO()
    lines = [
        question if isinstance(question, str) else json.dumps(question) for question in questions
    ]
    assert serve(reader, io.StringIO("\n".join(lines) + "\n"), output) == 0
    return {one["id"]: one for one in map(json.loads, output.getvalue().splitlines())}


def test_questions_by_line_are_answered_by_channel_side_by_side(reader):
    by_id = answers(
        reader,
        {"id": 1, "ask": "user", "user": "1", "k": 4},
        {"id": 2, "ask": "item", "item": "1", "k": 3},
        {"id": 3, "ask": "find", "title": "film 1"},
        {"id": 4, "ask": "live"},
    )
    assert set(by_id[1]["answer"]["channels"]) == {"item2vec", "similar", "popular"}
    wanted = reader.recommend("1", 4, channels=["item2vec"])
    assert [hit["id"] for hit in by_id[1]["answer"]["channels"]["item2vec"]["hits"]] == [
        hit.item.id for hit in wanted.hits
    ]
    assert (
        by_id[1]["answer"]["channels"]["item2vec"]["generation"]
        == wanted.generations["item2vec"]
        == by_id[4]["answer"]["item2vec"]["generation"]
    )
    assert {hit["id"] for hit in by_id[2]["answer"]["merged"]["hits"]} == {
        hit.item.id for hit in reader.similar("1", 3).hits
    }
    assert len({group(hit) for hit in reader.similar("1", 3).hits}) == 1 and by_id[3]["answer"][0][
        "title"
    ].startswith("Film 1")


def test_what_cannot_be_answered_is_an_answer_and_the_next_question_is_heard(reader):
    by_id = answers(
        reader,
        "no json",
        "[1]",
        {"id": 1, "ask": "nothing"},
        {"id": 2, "ask": "item", "item": "no such"},
        {"id": 3, "ask": "user", "user": "1", "k": 10**9},
        {"id": 4, "ask": "user"},
        {"id": 5, "ask": "user", "user": "1"},
    )
    assert (
        by_id[None]["error"]["kind"]
        == by_id[1]["error"]["kind"]
        == by_id[4]["error"]["kind"]
        == "Fault"
    )
    assert (
        by_id[2]["error"]["kind"] == by_id[3]["error"]["kind"] == "BadRequest"
        and "1 to 100" in by_id[3]["error"]["text"]
    )
    assert by_id[5]["answer"]["merged"]["hits"]


@pytest.mark.parametrize(
    "question",
    [
        {"ask": "user", "user": None},
        {"ask": "user", "user": 1.5},
        {"ask": "user", "user": True},
        {"ask": "user", "user": ""},
        {"ask": "user", "user": ["1"]},
        {"ask": "user", "user": "1", "k": True},
        {"ask": "user", "user": "1", "k": "10"},
        {"ask": "item", "item": None},
        {"ask": "item", "item": 1.0},
        {"ask": "find", "title": 5},
    ],
    ids=str,
)
def test_a_question_with_a_wrong_value_is_refused(reader, question):
    assert answers(reader, {"id": 1, **question})[1]["error"]["kind"] == "BadRequest"


def test_a_server_that_is_away_is_told_as_such(root):
    assert (
        answers(Reader("redis://127.0.0.1:1/0", root), {"id": 1, "ask": "live"})[1]["error"]["kind"]
        == "Unreachable"
    )


def test_a_reader_that_may_only_read_tells_what_is_live_wherever_it_is_kept(anywhere, root):
    generations.publish(root, made(root))
    assert Reader(anywhere.reader_url, root).live()["item2vec"]["version"] == "1"
