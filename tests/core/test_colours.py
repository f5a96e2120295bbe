"""Runs are told apart in MLflow's charts: a hue for each family, shades for its runs."""

from __future__ import annotations

import colorsys
from itertools import combinations

from tasks.core.registry import run_colours


def hls(colour: str) -> tuple[float, float, float]:
    return colorsys.rgb_to_hls(*(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)))


def shades(family: str, **more) -> list[str]:
    made = [run_colours.next_colour(None, family, **more)]
    for _ in range(3):
        made.append(run_colours.next_colour(made[-1], family, **more))
    return made


def test_families_differ_by_hue_and_the_runs_of_one_by_shade():
    hues = {family: hls(run_colours.next_colour(None, family))[0] for family in run_colours.HUES}
    assert all(min(abs(a - b), 1 - abs(a - b)) > 0.1 for a, b in combinations(hues.values(), 2))
    made = shades("gru4rec")
    assert (
        all(abs(hls(a)[1] - hls(b)[1]) > 0.1 for a, b in combinations(made, 2))
        and len({round(hls(one)[0], 1) for one in made}) == 1
    )


def test_the_shades_begin_again_and_an_unknown_colour_is_no_obstacle():
    made = shades("item2vec")
    assert (
        run_colours.next_colour(made[-1], "item2vec")
        == made[0]
        == run_colours.next_colour("#123456", "item2vec")
    )


def test_baselines_are_grey():
    assert all(hls(one)[2] == 0 for one in shades("ease", grey=True))
    assert len(
        {run_colours.next_colour(None, family, grey=True) for family in run_colours.GREYS}
    ) == len(run_colours.GREYS)


def test_a_family_that_nobody_knew_has_a_hue_of_its_own():
    assert hls(run_colours.next_colour(None, "mine"))[2] > 0.5 and run_colours.next_colour(
        None, "mine"
    ) != run_colours.next_colour(None, "yours")
