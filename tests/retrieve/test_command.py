"""`python -m tasks.retrieve`: titles are found as people type them, and the table says what it
shows.
"""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tasks.retrieve.__main__ import main
from tasks.retrieve.title_search import find
from tests import generations, worlds

TITLES = [
    "Star Wars (1977)",
    "Starship Troopers (1997)",
    "Dark Star (1974)",
    "Empire Strikes Back, The (1980)",
    "Star Trek: Generations (1994)",
]
CATALOGUE = SimpleNamespace(
    folder=SimpleNamespace(titles=TITLES), popularity=np.array([5, 50, 99, 3, 20])
)


@pytest.fixture(scope="module")
def world():
    return worlds.grouped()


@pytest.fixture
def live(tmp_path, server, world, monkeypatch):
    root = (tmp_path / "store").as_uri()
    monkeypatch.setenv("RECALL_STORE", root)
    return generations.publish(root, generations.generation(root, world))


@pytest.mark.parametrize(
    "text, titles",
    [
        ("star wars", ["Star Wars (1977)"]),
        ("STAR WARS (1977)", ["Star Wars (1977)"]),
        (
            "star",
            [
                "Starship Troopers (1997)",
                "Star Trek: Generations (1994)",
                "Star Wars (1977)",
                "Dark Star (1974)",
            ],
        ),
        ("the empire strikes back", ["Empire Strikes Back, The (1980)"]),
        ("alien", []),
    ],
)
def test_exact_beats_prefix_beats_part_then_popularity(text, titles):
    assert [TITLES[row] for _, row in find(CATALOGUE, text)] == titles


def test_similar_names_the_item_and_the_other_matches(live, capsys):
    assert main(["similar", "--title", "film 1", "--k", "3"]) == 0
    out = capsys.readouterr().out
    assert (
        "similar items: Film 1" in out
        and "'film 1' taken as Film 1" in out
        and "more" in out
        and live["id"] in out
    )
    assert main(["similar", "--title", "FILM 5 of group 1", "--k", "3"]) == 0
    out = capsys.readouterr().out
    assert (
        out.startswith("similar items: Film 5 of group 1 [genre 1]") and out.count("genre 1") == 4
    )


def test_who_names_nothing_is_shown_the_most_liked_item_and_a_user(live, world, capsys):
    assert main(["similar", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    likes = np.bincount(world.items)
    assert (
        likes[int(answer["history"][0]["id"]) - 1] == likes.max()
        and "most users like" in answer["notes"][0]
    )
    assert main(["recommend", "--k", "4"]) == 0
    out = capsys.readouterr().out
    assert "no user was named: this is 1\n" in out and "stored vector" in out


def test_recommend_shows_the_history_beside_what_is_recommended(live, world, capsys):
    assert main(["recommend", "--user", "1", "--k", "4", "--family", "item2vec"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "history, newest first" in lines[2] and len(lines) == 9
    newest = int(world.items[world.users == 0][-1]) + 1
    assert (
        lines[3].endswith(f"Film {newest} of group 0")
        and lines[-1] == f"generations: item2vec {live['id']}"
    )


def test_a_history_may_hold_ids_and_titles(live, capsys):
    assert main(["recommend", "--history", "1", "Film 4 of group 0", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (
        [item["id"] for item in answer["history"]] == ["4", "1"]
        and answer["source"] == "history"
        and len(answer["hits"]) == 10
    )
    assert {hit["item"]["genres"][0] for hit in answer["hits"]} == {"genre 0"}


@pytest.mark.parametrize(
    "arguments, code, says",
    [
        (["similar", "--title", "no such film"], 2, "no such film"),
        (["similar", "--item", "999"], 2, "999"),
        (["recommend", "--user", "1", "--family", "gru4rec"], 2, "publish_gru4rec"),
        (["recommend", "--user", "1", "--k", "0"], 2, "1 or more"),
    ],
)
def test_a_refusal_is_one_line_and_an_exit_code(live, capsys, arguments, code, says):
    assert main(arguments) == code
    output = capsys.readouterr()
    assert output.out == "" and says in output.err and output.err.count("\n") == 1


def test_help_tells_the_defaults(capsys):
    with pytest.raises(SystemExit) as done:
        main(["recommend", "--help"])
    help_text = " ".join(capsys.readouterr().out.split())
    assert (
        done.value.code == 0
        and "(default: 10)" in help_text
        and "(default: all)" in help_text
        and "RECALL_REDIS_URL" in help_text
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["recommend", "--user", ""],
        ["recommend", "--history", ""],
        ["recommend", "--attributes", "age="],
        ["recommend", "--attributes", "=3"],
        ["similar", "--item", ""],
        ["recommend", "--user", "1", "--k", "0"],
    ],
)
def test_what_names_nobody_is_refused_in_one_line(live, capsys, arguments):
    assert main(arguments) == 2
    output = capsys.readouterr()
    assert not output.out and "BadRequest" in output.err and len(output.err.splitlines()) == 1
