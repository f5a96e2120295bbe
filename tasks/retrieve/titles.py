"""Finding an item by what a person types."""

from __future__ import annotations

from tasks.retrieve.held import Held


def find(held: Held, text: str) -> list[tuple[int, int]]:
    """(how well, row) of every item whose title matches, best first: 0 the whole title, 1 its beginning, 2 a part of it.

    Case does not matter; a year in brackets at the end may be left out of a whole title; equally good matches are ordered by popularity.
    """
    wanted, found = text.casefold().strip(), []
    for row, title in enumerate(held.folder.titles):
        told = title.casefold()
        if wanted in told:
            whole = told == wanted or (told.startswith(wanted + " (") and told.endswith(")"))
            found.append((0 if whole else 1 if told.startswith(wanted) else 2, row))
    return sorted(found, key=lambda match: (match[0], -int(held.popularity[match[1]]), match[1]))
