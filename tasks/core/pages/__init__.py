"""Pages of HTML for people: reports, verdicts, tables of neighbours.

A page is one file that loads nothing and runs nothing. Its template lies beside the code that
fills it; colours, type and tables are those of `page.css` here.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent


def render(
    folder: Path, template: str, filters: dict[str, Callable[..., str]] | None = None, **fields: Any
) -> str:
    """Fill a template; every field is escaped.

    Args:
        folder: holds the template; what it includes lies there or here.
        filters: functions that the template applies to fields, by name.

    Example:
        >>> render(Path(__file__).parent, "page.css")[:5]
        ':root'
    """
    engine = Environment(
        loader=FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    engine.filters |= filters or {}
    return engine.get_template(template).render(fields)
