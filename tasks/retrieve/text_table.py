"""An answer as text a person reads."""

from __future__ import annotations

from itertools import zip_longest

from tasks.core.cli.printable import printable
from tasks.retrieve.answers import Answer, Hit, Item

TITLE, GENRES, HISTORY = 44, 32, 40
SOURCES = {
    "user": "recommended from the user's stored vector",
    "history": "recommended from the history given",
    "attributes": "recommended from what the user is like: there is no history",
    "similar": "similar items",
    "popular": "nothing to search with is known of this user: the most liked items",
}


def as_table(answer: Answer, notes: list[str]) -> str:
    """A heading, the notes, a line a hit (with the history beside it), and the generations."""
    beside = answer.source != "similar" and bool(answer.history)
    told = [_about(answer), *notes]
    told += [f"unknown to every live model: {', '.join(answer.unknown)}"] if answer.unknown else []
    several, shared = len(answer.generations) > 1, any(hit.shares for hit in answer.hits)
    heading = [
        "#",
        "title",
        "genres",
        "score",
        *(["channels"] if several else []),
        *(["shares"] if shared else []),
        *(["history, newest first"] if beside else []),
    ]
    rows = []
    for rank, (hit, past) in enumerate(
        zip_longest(answer.hits, answer.history[: len(answer.hits)] if beside else ()), 1
    ):
        row = [
            str(rank),
            _cut(hit.item.title, TITLE),
            _cut(", ".join(hit.item.genres), GENRES),
            f"{hit.score:.3f}",
        ]
        row += ["+".join(hit.channels)] if several else []
        row += [_shares(hit)] if shared else []
        rows.append([*row, *([_cut(past.title, HISTORY) if past else ""] if beside else [])])
    generations = ", ".join(f"{family} {id}" for family, id in answer.generations.items())
    return "\n".join(
        map(printable, [*told, "", *_columns([heading, *rows]), "", f"generations: {generations}"])
    )


def _shares(hit: Hit) -> str:
    """The members' shares, the largest first."""
    return ", ".join(
        f"{name} {100 * share:.0f}%"
        for name, share in sorted(hit.shares.items(), key=lambda one: -one[1])
    )


def _about(answer: Answer) -> str:
    if answer.source == "similar":
        return f"{SOURCES['similar']}: {_named(answer.history[0])}"
    liked = f" ({len(answer.history)} items known)" if answer.history else ""
    return SOURCES[answer.source] + liked


def _named(item: Item) -> str:
    return f"{item.title} [{', '.join(item.genres)}]" if item.genres else item.title


def _cut(text: str, width: int) -> str:
    text = printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def _columns(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
