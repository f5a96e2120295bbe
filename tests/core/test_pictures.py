"""Pictures are drawn for every shape of candidate: few items, no genre, one epoch; nothing of the
data can become markup.
"""

from __future__ import annotations

import json

import matplotlib
import numpy as np
import pytest
from PIL import Image

from tasks.core.registry.plots.items import Items
from tasks.core.registry.plots.items_map import _apart, _short, draw_items_map, main_genre
from tasks.core.registry.plots.similar_items import write_similar_items
from tasks.core.registry.plots.training_curves import _shown, draw_training_curves
from tasks.core.registry.plots.walks import draw_walks
from tasks.core.retrieval.unit_rows import unit_rows
from tests.neighbours import by_cosine

matplotlib.use("Agg")


def items(n: int = 60, groups: int = 3, title: str = "Film {} (1995)") -> Items:
    """Items alike within their group; the first are the most liked."""
    group = np.arange(n) % groups
    vectors = unit_rows(np.eye(8)[group] + np.random.default_rng(0).normal(0, 0.1, (n, 8))).astype(
        np.float32
    )
    return Items(
        [title.format(row) for row in range(n)],
        [[f"genre {g}"] for g in group],
        np.arange(n, 0, -1),
        vectors,
        by_cosine(vectors),
    )


def test_popular_and_tail_items_stand_beside_those_of_their_group(tmp_path):
    write_similar_items(tmp_path, items(), "toy")
    table = json.loads((tmp_path / "similar_items.json").read_text())
    parts = [row["part"] for row in table]
    assert (
        parts == ["popular"] * 12 + ["tail"] * 8
        and min(row["users"] for row in table if row["part"] == "popular") > 48
    )
    assert max(row["users"] for row in table if row["part"] == "tail") <= 12
    assert all(one["shared"] == 1 for row in table for one in row["similar"]) and all(
        len(row["similar"]) == 8 for row in table
    )
    page = (tmp_path / "similar_items.html").read_text()
    assert "Tail items" in page and page.count("100 % of the neighbours share a genre") == 2


def test_titles_and_genres_are_no_markup(tmp_path):
    odd = items(title="<script>{}</script>")
    write_similar_items(
        tmp_path,
        Items(odd.titles, [["<b>"]] * 60, odd.likes, odd.vectors, odd.neighbours),
        "<i>toy</i>",
    )
    page = (tmp_path / "similar_items.html").read_text()
    assert "<script>" not in page and "<b>," not in page and "<i>toy" not in page


@pytest.mark.parametrize("n, genres", [(2, True), (60, False)])
def test_few_items_and_no_genres_have_a_table(tmp_path, n, genres):
    some = items(n)
    write_similar_items(
        tmp_path,
        some if genres else Items(some.titles, [[]] * n, some.likes, some.vectors, some.neighbours),
        "toy",
    )
    assert json.loads((tmp_path / "similar_items.json").read_text())
    assert genres or "no genres to compare" in (tmp_path / "similar_items.html").read_text()


def test_a_map_of_five_items_and_one_without_genres(tmp_path):
    draw_items_map(tmp_path / "few.png", items(5), "toy")
    draw_items_map(
        tmp_path / "none.png",
        Items(
            [""] * 30, [[]] * 30, np.zeros(30, int), items(30).vectors, by_cosine(items(30).vectors)
        ),
        "toy",
    )
    assert all(Image.open(tmp_path / name).width > 1000 for name in ("few.png", "none.png"))


def test_titles_on_the_map_leave_each_other_room():
    places = np.array([[0, 0], [1, 0], [5, 1], [100, 100], [100, 99]], float)
    assert _apart(places, 10) == [0, 3] and _apart(places, 1) == [0]
    assert _short("Star Wars (1977)") == "Star Wars" and len(_short("x" * 80)) == 24


def test_main_genre_is_the_rarest_of_the_common_ones():
    assert main_genre(
        [["Drama", "War"], ["Drama"], ["Drama", "Film-Noir"], [], ["War"]], most=2
    ) == ["War", "Drama", "Drama", "other", "War"]


def test_curves_show_what_changes(tmp_path):
    epochs = [
        {
            "step": step,
            "metrics": {
                "validation_recall_50": 0.1 * step,
                "words": 100,
                "epoch_seconds": step,
                "query_decay": step,
            },
        }
        for step in (1, 2)
    ]
    assert _shown({"epochs": epochs}) == ["train_loss", "validation_recall_50", "query_decay"]
    for name, some in (("two.png", epochs), ("one.png", epochs[:1])):
        draw_training_curves(tmp_path / name, {"epochs": some, "best_epoch": 1}, "toy")
        assert Image.open(tmp_path / name).width > 1000


@pytest.mark.parametrize("length", [2, 40])
def test_walks_of_any_length(tmp_path, length):
    counted = {
        "law": "cooccurrence",
        "walks": 100_000,
        "length": length,
        "distance": 0.01,
        "distance_by_chance": 0.01,
        "distinct_mean": 1.9,
        "distinct": [0.1] + [0.9 / (length - 1)] * (length - 1),
        "by_degree": [{"degree": 2, "items": 3, "visits": 40.0, "expected": 41.0}],
    }
    draw_walks(tmp_path / "walks.png", counted, "toy")
    assert Image.open(tmp_path / "walks.png").width > 1000
