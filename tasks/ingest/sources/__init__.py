"""The sources that ingestion can read, by the name of their layout."""

from __future__ import annotations

from tasks.core.cli.errors import BadRequest
from tasks.core.store.store import local_path
from tasks.ingest.sources import (
    anime,
    movielens_1m,
    movielens_100k,
    movielens_latest,
    ordered_csv,
    own,
)
from tasks.ingest.sources.layout import DAY, IDS, SINGLE, Source, Table

READERS = {
    "movielens-100k": movielens_100k.source,
    "movielens-latest": movielens_latest.source,
    "movielens-1m": movielens_1m.source,
    "ordered-csv": ordered_csv.source,
    "anime": anime.source,
    "own": own.source,
}

__all__ = ["DAY", "IDS", "READERS", "SINGLE", "Source", "Table", "describe"]


def describe(format: str, location: str) -> Source:
    """The source at a location: a folder, or the TOML file of `own`.

    Raises:
        BadRequest: nothing of that kind is there.
    """
    place = local_path(location)
    if format == "own" and not place.is_file():
        raise BadRequest(
            "location: there is no such file",
            got=location,
            allowed="the TOML file that describes your data",
            remedy='see "Your own data" in the README',
        )
    if format != "own" and not place.is_dir():
        raise BadRequest(
            "location: there is no such folder",
            got=location,
            allowed=f"a folder with the files of {format}",
            remedy="get the data first, or correct the location",
        )
    return READERS[format](place)
