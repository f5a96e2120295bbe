"""The sources that ingestion can read, by the name of their layout."""

from __future__ import annotations


from tasks.core.errors import BadRequest
from tasks.core.store import local_path
from tasks.ingest.sources import movielens_1m, movielens_100k, movielens_latest, ordered_csv
from tasks.ingest.sources.layout import Source, Table

READERS = {"movielens-100k": movielens_100k.source, "movielens-latest": movielens_latest.source,
           "movielens-1m": movielens_1m.source, "ordered-csv": ordered_csv.source}

__all__ = ["READERS", "Source", "Table", "describe"]


def describe(format: str, location: str) -> Source:
    """What is to be read at this place.

    Raises:
        BadRequest: the place is no folder that can be reached.
    """
    folder = local_path(location)
    if not folder.is_dir():
        raise BadRequest("location: there is no such folder", got=location, allowed=f"a folder with the files of {format}",
                         remedy="get the data first, or correct the location")
    return READERS[format](folder)
