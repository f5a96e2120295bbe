"""The colour of a run in MLflow's charts: a hue for each family, a shade for each of its runs;
baselines are grey.
"""

from __future__ import annotations

import colorsys
import zlib

TAG = "mlflow.runColor"  # what MLflow's pages read
HUES = {
    "item2vec": 210,
    "gru4rec": 28,
    "linear": 140,
    "two_tower": 285,
    "fused": 350,
}  # degrees, far apart
GREYS = (
    "popularity",
    "item_knn",
    "ease",
    "ease_64",
)  # each baseline begins with a shade of its own
SHADES = (0.42, 0.62, 0.28, 0.76)  # lightness; neighbours in the list are easily distinguished


def next_colour(before: str | None, family: str, grey: bool = False) -> str:
    """`#rrggbb` of a family's next run: the shade after that of the one before.

    Args:
        before: the colour of the family's newest run; None when it is the first, or has none.
        grey: no hue at all.
    """
    made = [_colour(family, lightness, grey) for lightness in SHADES]
    return (
        made[(made.index(before) + 1) % len(made)]
        if before in made
        else made[GREYS.index(family) if family in GREYS else 0]
    )


def _colour(family: str, lightness: float, grey: bool) -> str:
    hue = HUES.get(family, zlib.crc32(family.encode()) % 360) / 360
    return "#" + "".join(
        f"{round(255 * part):02x}"
        for part in colorsys.hls_to_rgb(hue, lightness, 0.0 if grey else 0.65)
    )
