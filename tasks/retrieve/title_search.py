"""Search for items by title, as people type it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tasks.core.cli.errors import BadRequest
from tasks.retrieve.answers import Item
from tasks.retrieve.loaded_generation import LoadedGeneration

ARTICLE = re.compile(r"(.+), (the|a|an)( \(.*\))?")  # "Empire Strikes Back, The (1980)"

NO_MATCH = 3  # after the levels 0 (whole title), 1 (its beginning) and 2 (a part of it)


def find(generation: LoadedGeneration, text: str) -> list[tuple[int, int]]:
    """(level, row) of every item whose title matches, best first.

    Level 0 is a match of the whole title, 1 of its beginning, 2 of a part.
    Case does not matter; a year in brackets at the end may be left out of a whole title; equally
    good matches are ordered by popularity.
    """
    wanted, matches = text.casefold().strip(), []
    for row, title in enumerate(generation.folder.titles):
        level = min(_level(wanted, form) for form in _forms(title.casefold()))
        if level < NO_MATCH:
            matches.append((level, row))
    likes = generation.popularity
    return sorted(matches, key=lambda match: (match[0], -int(likes[match[1]]), match[1]))


def find_items(generations: Mapping[str, LoadedGeneration], text: str) -> list[Item]:
    """Items of any family whose title matches, each once, best first; then by popularity."""
    best: dict[str, tuple[Any, ...]] = {}
    for generation in generations.values():
        for level, row in find(generation, text):
            item = generation.item(row)
            best.setdefault(item.id, (level, -int(generation.popularity[row]), item))
    return [item for _, _, item in sorted(best.values(), key=lambda match: match[:2])]


def best_match(generations: Mapping[str, LoadedGeneration], text: str) -> str:
    """The id of the best match.

    Raises:
        BadRequest: no title matches.
    """
    items = find_items(generations, text)
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
    """The title as it is, and with its article in front."""
    moved = ARTICLE.fullmatch(title)
    return [title, f"{moved[2]} {moved[1]}{moved[3] or ''}"] if moved else [title]
