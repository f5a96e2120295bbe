"""How lines of some files are cut into fields, in the terms that Spark needs."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.ingest.sources import Table


@dataclass(frozen=True)
class FileLayout:
    """How the rows of a group of files are cut into fields.

    Field `positions[i]` of `width` fields holds `table.columns[i]`.

    Attributes:
        delimiter, quoting, encoding, clock: as in `Table`, none of them open any more.
        header: the first line of each of them, where it names the fields, without a byte-order
            mark; as bytes, since some may be damaged.
        paths: of JSON objects, the way to each field.
        unit_shown: whether the times show their unit, so that a time in another one is a fault.
        numbers: the columns of ids that hold numbers, see `value_kinds.are_numbers`.
        joined: whether lines hold marks for the ends of lines inside fields, see `multiline`.
        preamble: the texts of lines before the header that are no rows, as Excel's `sep=;` and
            comments.
        files: which of the fetched files, counted from 0.
        cut_short: which of them lack the end of their last line, where the layout always has one.
        printable: whether all of them are printable ASCII throughout, so that no line needs a look
            at its bytes.
        escapes: whether a value may hold what JSON or a backslash hides: white space and characters
            by their number.
    """

    table: Table
    positions: tuple[int, ...]
    width: int
    delimiter: str | None = None
    quoting: str = "none"
    encoding: str = "utf-8"
    clock: str = "seconds"
    header: bytes | None = None
    paths: tuple[tuple[str, ...], ...] = ()
    unit_shown: bool = False
    numbers: tuple[str, ...] = ()
    joined: bool = False
    preamble: tuple[str, ...] = ()
    printable: bool = False
    escapes: bool = False
    files: tuple[int, ...] = ()
    cut_short: tuple[int, ...] = ()
