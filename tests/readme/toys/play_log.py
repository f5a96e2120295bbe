"""A music service's log: `plays.tsv` with who, what and when, no ratings and no catalogue."""

from __future__ import annotations

from pathlib import Path

from tasks.ingest.sources.layout import Source, Table

PLAYS = Table("plays.tsv", ("user", "item", "timestamp"), "\t", "ascii", ("who", "what", "when"))


def source(folder: Path) -> Source:
    """Every play is an event that is liked."""
    return Source(folder, PLAYS, liked="any")
