"""Paths as Spark takes them: not as URIs, and when reading as a pattern, so that a bracket or a blank in a name needs care."""

from __future__ import annotations

import re
from pathlib import Path

PATTERN = re.compile(r"([\\{}\[\]*?])")


def to_read(path: Path) -> str:
    """The path as a pattern that matches it alone."""
    return "file://" + PATTERN.sub(r"\\\1", str(path))


def to_write(path: Path) -> str:
    """The path as it stands."""
    return f"file://{path}"
