"""The sources that ingestion can read: one module for each layout in `tasks/ingest/formats.py`."""

from __future__ import annotations

import importlib

from tasks.core.cli.errors import BadRequest
from tasks.core.store.store import local_path
from tasks.ingest.sources.layout import DAY, IDS, SINGLE, Source, Table

__all__ = ["DAY", "IDS", "SINGLE", "Source", "Table", "describe"]


def describe(format: str, location: str) -> Source:
    """The source at a location: a folder, or the TOML file of `own`.

    Raises:
        BadRequest: nothing of that kind is there.
    """
    path = local_path(location)
    if format == "own" and not path.is_file():
        raise BadRequest(
            "location: there is no such file",
            got=location,
            allowed="the TOML file that describes your data",
            remedy='see "Your own data" in the README',
        )
    if format != "own" and not path.is_dir():
        raise BadRequest(
            "location: there is no such folder",
            got=location,
            allowed=f"a folder with the files of {format}",
            remedy="get the data first, or correct the location",
        )
    module = importlib.import_module(f"{__name__}.{format.replace('-', '_')}")
    source: Source = module.source(path)
    return source
