"""A file's fingerprint, taken in blocks: digest, size, lines, the longest line.

The id of a snapshot is made of these digests, the settings, the day and this stage's code, not of
what Spark computed, which adds nothing to it. So the id depends on no cores, partitions or cluster,
and a repeated run knows that its work is done before Spark starts. The lines are counted so that
Spark's accounts can be checked against them.
"""

from __future__ import annotations

import hashlib

import numpy as np

LF, CR, QUOTE = 10, 13, 34
PRINTABLE = bytes([9, LF, CR, *range(32, 127)])  # ASCII, with tabs and the ends of lines


class Fingerprint:
    """Feed it every block in turn, then read it.

    Attributes:
        bytes: seen so far.
        longest: bytes of the longest line so far without its end; one that has not ended counts as
            far as it goes.
        longest_line: its number, from 1.
        printable: whether every byte so far is printable ASCII: then no line of it can be damaged
            in its encoding.
        quotes: whether there is a double quote.
        odd_quotes: whether some line holds an odd number of them, as both ends of a record that
            spans lines do.
        escapes, tabs: whether there is a backslash, a tab.
    """

    def __init__(self, lines: bool = True) -> None:
        self.bytes = self.longest = self.longest_line = 0
        self._lines, self._digest = lines, hashlib.sha256()
        self._ended = self._pending = 0  # lines that have ended; bytes since then
        self._after_cr, self.printable = False, lines
        self.quotes = self.escapes = self.tabs = self.odd_quotes = False
        self._open = 0  # quotes of the line that has not ended

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @property
    def rows(self) -> int:
        """Lines, ended by LF, CR LF or CR; the last needs no end."""
        return self._ended + (self._pending > 0)

    def add(self, block: bytes) -> None:
        """The next bytes of the file, cut anywhere."""
        self._digest.update(block)
        self.bytes += len(block)
        if self._lines and block:
            self._count(block)

    def _count(self, block: bytes) -> None:
        self.printable = self.printable and not block.translate(None, PRINTABLE)
        self.escapes = self.escapes or b"\\" in block
        self.tabs = self.tabs or b"\t" in block
        self.quotes = self.quotes or b'"' in block
        data = np.frombuffer(block, np.uint8)
        if self._after_cr and data[0] == LF:  # the other half of a line's end
            data = data[1:]
        self._after_cr = block[-1] == CR
        marks, crlf = data == LF, None
        if b"\r" in block:
            returns = data == CR
            crlf = returns[:-1] & marks[1:]
            marks |= returns
        at = np.flatnonzero(marks)
        if self.quotes and not self.odd_quotes:
            self._count_quotes(np.flatnonzero(data == QUOTE), at)
        # A CR LF counts as two ends with an empty line between them, which is taken off the count.
        self._measure(at, len(data), crlf)
        self._ended += len(at) - (int(np.count_nonzero(crlf)) if crlf is not None else 0)

    def _count_quotes(self, quotes: np.ndarray, ends: np.ndarray) -> None:
        before = np.concatenate([[0], np.searchsorted(quotes, ends)])
        of_lines = np.diff(before)
        if len(of_lines):
            of_lines[0] += self._open
            self._open = 0
        self.odd_quotes = bool((of_lines % 2).any())
        self._open += len(quotes) - int(before[-1])

    @property
    def unbalanced(self) -> bool:
        """Whether a line, the last one without its end included, has an odd number of quotes."""
        return self.odd_quotes or self._open % 2 == 1

    def _measure(self, at: np.ndarray, size: int, crlf: np.ndarray | None) -> None:
        if not len(at):
            self._pending += size
            self._longer(self._pending, lambda: self._ended + 1)
            return
        self._longer(self._pending + int(at[0]), lambda: self._ended + 1)
        if len(at) > 1:
            gaps = np.diff(at)
            self._longer(
                int(gaps.max()) - 1, lambda: self._number(int(gaps.argmax()) + 1, at, crlf)
            )
        self._pending = size - int(at[-1]) - 1
        self._longer(self._pending, lambda: self._number(len(at), at, crlf))

    def _number(self, ends: int, at: np.ndarray, crlf: np.ndarray | None) -> int:
        """The number of the line that starts after so many marks of this block."""
        return (
            self._ended
            + 1
            + ends
            - (int(np.count_nonzero(crlf[: int(at[ends - 1])])) if crlf is not None else 0)
        )

    def _longer(self, length: int, number) -> None:
        if length > self.longest:
            self.longest, self.longest_line = length, number()
