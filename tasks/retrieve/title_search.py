"""Finding an item by what a person types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tasks.core.cli.errors import BadRequest
from tasks.retrieve.answers import Item
from tasks.retrieve.loaded_generation import LoadedGeneration

ARTICLE = re.compile(r"(.+), (the|a|an)( \(.*\))?")  # "Empire Strikes Back, The (1980)"

NO_MATCH = 3


def find(held: LoadedGeneration, text: str) -> list[tuple[int, int]]:
    """(how well, row) of every item whose title matches, best first: 0 the whole title, 1 its
    beginning, 2 a part of it.

    Case does not matter; a year in brackets at the end may be left out of a whole title; equally
    good matches are ordered by popularity.
    """
    wanted, found = text.casefold().strip(), []
    for row, title in enumerate(held.folder.titles):
        level = min(_level(wanted, form) for form in _forms(title.casefold()))
        if level < NO_MATCH:
            found.append((level, row))
    return sorted(found, key=lambda match: (match[0], -int(held.popularity[match[1]]), match[1]))


def find_items(held: Mapping[str, LoadedGeneration], text: str) -> list[Item]:
    """Items of any family whose title matches, each once, best first; then by popularity."""
    best: dict[str, tuple[Any, ...]] = {}
    for h in held.values():
        for level, row in find(h, text):
            item = h.item(row)
            best.setdefault(item.id, (level, -int(h.popularity[row]), item))
    return [item for _, _, item in sorted(best.values(), key=lambda match: match[:2])]


def best_match(held: Mapping[str, LoadedGeneration], text: str) -> str:
    """The id of the best match.

    Raises:
        BadRequest: there is none.
    """
    items = find_items(held, text)
    if not items:
        raise BadRequest(
            "no live model knows a title like this", got=text, remedy="try fewer words of it"
        )
    return items[0].id


def _level(wanted: str, title: str) -> int:
    if title == wanted or (title.startswith(wanted + " (") and title.endswith(")")):
        return 0
    return 1 if title.startswith(wanted) else 2 if wanted in title else NO_MATCH


def _forms(title: str) -> list[str]:
    """The title as it stands, and with its article in front."""
    moved = ARTICLE.fullmatch(title)
    return [title, f"{moved[2]} {moved[1]}{moved[3] or ''}"] if moved else [title]
