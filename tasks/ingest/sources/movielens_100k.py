"""MovieLens 100K: the official files, or the copy in RecBole's layout (one header line with types,
title and year apart).

Official: https://files.grouplens.org/datasets/movielens/ml-100k-README.txt; u.data is
tab-separated, u.item and u.user have bars and are latin-1. RecBole:
https://recbole.io/docs/user_guide/data/atomic_files.html
"""

from __future__ import annotations

from pathlib import Path

from tasks.core.cli.errors import RefusedData
from tasks.ingest.sources.fields import column
from tasks.ingest.sources.layout import Source, Table

STARS = (1.0, 5.0)
OPENED = 788_918_400  # 1995-01-01: no MovieLens rating is older
ATTRIBUTES = ("age", "gender", "occupation", "zip_code")
GENRELESS = "unknown"


def source(folder: Path) -> Source:
    """The layout found in this folder; the official one when neither is."""
    return (
        _recbole(folder)
        if (folder / "ml-100k.inter").exists() and not (folder / "u.data").exists()
        else _official(folder)
    )


def _official(folder: Path) -> Source:
    names = _genres(folder / "u.genre")
    return Source(
        folder,
        Table("u.data", ("user", "item", "rating", "timestamp"), "\t", "ascii"),
        Table(
            "u.item", ("id", "title", "released", "released_video", "url", *names), "|", "latin-1"
        ),
        Table("u.user", ("id", *ATTRIBUTES), "|", "latin-1"),
        title=lambda: column("title"),
        genres=lambda: _flags(names),
        attributes=ATTRIBUTES,
        rating_range=STARS,
        first_second=OPENED,
    )


def _genres(path: Path) -> tuple[str, ...]:
    """The names in u.genre, in the order of u.item's last fields."""
    if not path.is_file():
        there = ", ".join(sorted(one.name for one in path.parent.iterdir())[:12]) or "nothing"
        raise RefusedData(
            f"{path.name} is missing: it names the last fields of u.item",
            got=f"a folder with {there}",
            remedy="get the data set again, or name the layout it has in `format`",
        )
    return tuple(
        line.split("|")[0] for line in path.read_text("latin-1").splitlines() if line.strip()
    )


def _flags(names: tuple[str, ...]):
    from pyspark.sql import functions as F

    flagged = [
        F.when(F.col(f"`{name}`") == "1", F.lit(name)) for name in names if name != GENRELESS
    ]
    return F.array_compact(F.array(*flagged)) if flagged else F.array().cast("array<string>")


def _dated_title():
    """`Title (year)`; two rows hold something else than a year."""
    from pyspark.sql import functions as F

    dated = F.concat("title", F.lit(" ("), "year", F.lit(")"))
    return F.when(F.col("year").rlike(r"^\d{4}$"), dated).otherwise(F.col("title"))


def _genre_words():
    from pyspark.sql import functions as F

    return F.filter(F.split("class", " "), lambda genre: (genre != "") & (genre != GENRELESS))


def _recbole(folder: Path) -> Source:
    return Source(
        folder,
        Table(
            "ml-100k.inter",
            ("user", "item", "rating", "timestamp"),
            "\t",
            "ascii",
            ("user_id:token", "item_id:token", "rating:float", "timestamp:float"),
        ),
        Table(
            "ml-100k.item",
            ("id", "title", "year", "class"),
            "\t",
            "utf-8",
            ("item_id:token", "movie_title:token_seq", "release_year:token", "class:token_seq"),
        ),
        Table(
            "ml-100k.user",
            ("id", *ATTRIBUTES),
            "\t",
            "utf-8",
            ("user_id:token", "age:token", "gender:token", "occupation:token", "zip_code:token"),
        ),
        title=_dated_title,
        genres=_genre_words,
        attributes=ATTRIBUTES,
        rating_range=STARS,
        first_second=OPENED,
    )
