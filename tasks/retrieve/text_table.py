"""An answer as a text table."""

from __future__ import annotations

from itertools import zip_longest

from tasks.core.cli.printable import printable
from tasks.retrieve.answers import Answer, Hit, Item

TITLE_WIDTH, GENRES_WIDTH, HISTORY_WIDTH = 44, 32, 40  # characters of a column
SOURCES = {
    "user": "recommended from the user's stored vector",
    "history": "recommended from the history given",
    "attributes": "recommended from what the user is like: there is no history",
    "similar": "similar items",
    "popular": "nothing to search with is known of this user: the most liked items",
}


def as_table(answer: Answer, notes: list[str]) -> str:
    """A heading, the notes, a line a hit with the history beside it, and the generations."""
    with_history = answer.source != "similar" and bool(answer.history)
    lines = [_about(answer), *notes]
    if answer.unknown:
        lines.append(f"unknown to every live model: {', '.join(answer.unknown)}")
    with_channels = len(answer.generations) > 1
    with_shares = any(hit.shares for hit in answer.hits)
    with_evidence = any(hit.liked_both is not None for hit in answer.hits)
    heading = ["#", "title", "genres", "score"]
    heading += ["channels"] if with_channels else []
    heading += ["shares"] if with_shares else []
    heading += ["because"] if with_evidence else []
    heading += ["history, newest first"] if with_history else []
    history = answer.history[: len(answer.hits)] if with_history else ()
    rows = [heading]
    for rank, (hit, liked) in enumerate(zip_longest(answer.hits, history), 1):
        row = [
            str(rank),
            _cut(hit.item.title, TITLE_WIDTH),
            _cut(", ".join(hit.item.genres), GENRES_WIDTH),
            f"{hit.score:.3f}",
        ]
        row += ["+".join(hit.channels)] if with_channels else []
        row += [_shares(hit)] if with_shares else []
        row += [_evidence(hit, answer)] if with_evidence else []
        row += [_cut(liked.title, HISTORY_WIDTH) if liked else ""] if with_history else []
        rows.append(row)
    generations = ", ".join(f"{family} {id}" for family, id in answer.generations.items())
    text = [*lines, "", *_columns(rows), "", f"generations: {generations}"]
    return "\n".join(map(printable, text))


def _shares(hit: Hit) -> str:
    """The shares of the members, the largest first."""
    return ", ".join(
        f"{name} {100 * share:.0f}%"
        for name, share in sorted(hit.shares.items(), key=lambda pair: -pair[1])
    )


def _evidence(hit: Hit, answer: Answer) -> str:
    """Why an item is like the one that was asked for."""
    if not hit.liked_both:
        return "by its genres"
    return f"liked by {hit.liked_both:,} of {answer.liked:,} who liked it"


def _about(answer: Answer) -> str:
    if answer.source == "similar":
        return f"{SOURCES['similar']}: {_item_text(answer.history[0])}"
    liked = f" ({len(answer.history)} items known)" if answer.history else ""
    return SOURCES[answer.source] + liked


def _item_text(item: Item) -> str:
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
