"""The small data set that `expand` copies: MovieLens 1M when RECALL_DATA_DIR has it, else MovieLens
100K.
"""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyarrow import csv as arrow_csv

from infra.local.data import movielens_100k


@dataclass(frozen=True)
class Base:
    """Its rows by user and, within one, oldest first.

    Attributes:
        user, item: int32 (n), numbers from 0.
        rating: float32 (n), 1 to 5.
        movies: the title and the genres (with bars between) of each item.
    """

    name: str
    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    movies: list[tuple[str, str]]


def load() -> Base:
    """Read what there is."""
    given = os.environ.get("RECALL_DATA_DIR")
    folder = Path(given).expanduser() / "ml-1m" if given else None
    for name in ("ratings_with_order.csv", "ratings.dat"):
        if folder and (folder / name).is_file():
            return _million(folder, name)
    return _hundred_thousand(movielens_100k())


def _million(folder: Path, name: str) -> Base:
    columns = ["user", "item", "rating", "order"] + ["timestamp"] * name.endswith("csv")
    read = _rows(
        (folder / name).read_bytes().replace(b"::", b","),
        columns,
        ",",
        skip=int(name.endswith("csv")),
    )
    lines = (folder / "movies.dat").read_text("latin-1").splitlines()
    return _base(
        "ml-1m",
        *read,
        {int(id): (title, genres) for id, title, genres in (line.split("::") for line in lines)},
    )


def _hundred_thousand(folder: Path) -> Base:
    columns = ["user", "item", "rating", "order"]
    if (folder / "u.data").is_file():
        read = _rows((folder / "u.data").read_bytes(), columns, "\t", skip=0)
        names = [
            line.split("|")[0]
            for line in (folder / "u.genre").read_text("latin-1").splitlines()
            if line.strip()
        ]
        cut = [line.split("|") for line in (folder / "u.item").read_text("latin-1").splitlines()]
        movies = {
            int(one[0]): (
                one[1],
                "|".join(name for name, flag in zip(names, one[5:]) if flag == "1"),
            )
            for one in cut
        }
    else:
        read = _rows((folder / "ml-100k.inter").read_bytes(), columns, "\t", skip=1)
        cut = csv.reader(
            (folder / "ml-100k.item").read_text("utf-8").splitlines()[1:],
            delimiter="\t",
            quoting=csv.QUOTE_NONE,
        )
        movies = {int(one[0]): (f"{one[1]} ({one[2]})", one[3].replace(" ", "|")) for one in cut}
    return _base("ml-100k", *read, movies)


def _rows(data: bytes, columns: list[str], delimiter: str, skip: int) -> list[np.ndarray]:
    options = arrow_csv.ReadOptions(column_names=columns, skip_rows=skip)
    table = arrow_csv.read_csv(
        io.BytesIO(data), options, arrow_csv.ParseOptions(delimiter=delimiter)
    )
    return [table[name].to_numpy() for name in ("user", "item", "rating", "order")]


def _base(
    name: str,
    user: np.ndarray,
    item: np.ndarray,
    rating: np.ndarray,
    order: np.ndarray,
    movies: dict,
) -> Base:
    rows = np.lexsort((order, user))
    ids, numbers = np.unique(item[rows], return_inverse=True)
    return Base(
        name,
        np.unique(user[rows], return_inverse=True)[1].astype(np.int32),
        numbers.astype(np.int32),
        rating[rows].astype(np.float32),
        [movies[int(id)] for id in ids],
    )
