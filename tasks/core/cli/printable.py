"""Text that a terminal, or whoever reads a log by lines, does not obey."""

from __future__ import annotations

# What steers: C0 and C1 controls, the separators of lines and paragraphs, and the marks that turn
# the direction of writing.
CONTROL_CHARACTERS = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0x2028,
    0x2029,
    0x200E,
    0x200F,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
)
ESCAPES = {point: chr(point).encode("unicode_escape").decode() for point in CONTROL_CHARACTERS}


def printable(text: str) -> str:
    """A text on one line, each character that steers written out; scripts, emoji and their joiners
    stay as they are.

    >>> printable("Alien\\x1b[2J")
    'Alien\\\\x1b[2J'
    """
    return text.translate(ESCAPES).encode("utf-8", "backslashreplace").decode()


def printable_lines(text: str) -> str:
    """A text of several lines, likewise: its line feeds stay."""
    return "\n".join(map(printable, text.split("\n")))
