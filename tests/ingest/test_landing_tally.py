"""Lines are counted exactly however a file is cut into blocks, and the longest one is known with
its number.
"""

from __future__ import annotations

import hashlib
import itertools
import re

import pytest
from hypothesis import example, given, strategies

from tasks.ingest.fetch.fingerprint import Fingerprint

TEXT = strategies.text(alphabet="ab\r\n\x85", max_size=60).map(lambda text: text.encode("latin-1"))


def reference(data: bytes) -> list[bytes]:
    """The lines, as anybody would cut them."""
    lines = re.split(rb"\r\n|\n|\r", data)
    return lines[:-1] if not lines[-1] else lines


def tallied(data: bytes, cuts: list[int]) -> Fingerprint:
    tally, edges = Fingerprint(), [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        tally.add(data[start:end])
    return tally


@given(TEXT, strategies.lists(strategies.integers(0, 60), max_size=8))
@example(b"ab\r\ncd", [3])
@example(b"\r\n\r\n", [1, 1, 3])
@example(b"\r\r\n\n", [2])
@example(b"aaa\r\nbbbb", [2, 4, 7])
def test_lines_and_the_longest_are_those_of_a_plain_split(data, cuts):
    tally, lines = tallied(data, cuts), reference(data)
    assert (tally.rows, tally.bytes, tally.longest) == (
        len(lines),
        len(data),
        max(map(len, lines), default=0),
    )
    assert tally.sha256 == hashlib.sha256(data).hexdigest()
    if tally.longest:
        assert len(lines[tally.longest_line - 1]) == tally.longest
        assert tally.longest_line == 1 + [len(line) for line in lines].index(tally.longest)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_place_of_a_cut_gives_the_same(end):
    data = end.join([b"one", b"", b"three33", b"four"]) + end
    for cut in range(len(data) + 1):
        tally = tallied(data, [cut])
        assert (tally.rows, tally.longest, tally.longest_line) == (4, 7, 3)


def test_the_bytes_of_a_table_file_are_not_taken_for_lines():
    tally = Fingerprint(lines=False)
    tally.add(b"a\nb\n")
    assert (tally.rows, tally.longest, tally.bytes) == (0, 0, 4)
