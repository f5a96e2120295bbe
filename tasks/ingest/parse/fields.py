"""Rows cut into named fields, each a trimmed string, with the reason if that cannot be done."""

from __future__ import annotations

import re
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tasks.ingest.parse import multiline, numeric_ids, sample
from tasks.ingest.parse.json_paths import Keys
from tasks.ingest.parse.layout import FileLayout
from tasks.ingest.parse.row_checks import BLANK, HEADER
from tasks.ingest.parse.sample import BOM

BROKEN = "recall broken"  # no name that a source might use
MAX_FIELDS = 20_000  # Spark's parser cannot hold a line of many more, and the whole job ends
CONTROL = r"\x00-\x08\x0e-\x1f"
CONTROL_BUT_MARKS = r"\x00-\x08\x0e-\x1d"
# Outside of a string never right: what follows the first object would be lost.
RUN_TOGETHER = r"\}\s*\{"
STRING = r'"(?:[^"\\]++|\\.)*+"'
HALF_CHARACTER = (
    r"(?i)\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})|"
    r"(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})"
)
# As Spark gives a word without quotes, or too great a number.
UNQUOTED = ('"NaN"', '"Infinity"', '"-Infinity"', '"INF"', '"-INF"', '"+INF"')
ONE_BYTE = ("latin-1", "windows-1252")
# What Python takes for white space around a text.
SPACE = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)


def cut_fields(lines: DataFrame, layout: FileLayout) -> DataFrame:
    """Cut lines into fields named by the table's columns; null where a line is too short.

    Args:
        lines: raw, file, block, at and, where a file may have been cut off, last.

    Returns:
        The lines with the fields and `fault`: null, why the line cannot be a row, `header`, or
            `blank`.
    """
    table = layout.table
    text = F.col("raw").cast("string") if layout.printable else _text(layout.encoding)
    is_open = F.startswith(text, F.lit(multiline.OPEN)) if layout.joined else None
    if layout.joined:
        text = F.when(is_open, F.substring(text, 2, 2**31 - 1)).otherwise(text)
    fields, wrong = (
        _objects
        if table.kind == "jsonl"
        else _split_plain
        if layout.quoting == "none"
        else _split_quoted
    )(text, layout)
    fault = _fault(text, wrong, is_open, layout)
    named = [
        _trim(F.get("fields", F.lit(position)), layout).alias(name)
        for name, position in zip(table.columns, layout.positions, strict=True)
    ]
    made = lines.withColumn("fields", fields).select(
        *lines.columns,
        fault.alias("fault"),
        *named,
        *([numeric_ids.strict(text).alias(numeric_ids.TEXT)] if table.kind == "jsonl" else []),
    )
    made = numeric_ids.normalize_ids(made, layout).drop(numeric_ids.TEXT)
    return made.withColumn("raw", _bytes_in_file(F.col("raw"))) if layout.joined else made


def _fault(text: Column, wrong: Column, is_open: Column | None, layout: FileLayout) -> Column:
    """Why a line cannot be a row; null if it can.

    Args:
        wrong: whether it cannot be cut into fields.
        is_open: whether a quote is left open; None if no file has such lines.
    """
    reason = "broken_json" if layout.table.kind == "jsonl" else "wrong_number_of_fields"
    fault = F.when(_blank(text, layout), BLANK).when(_is_damaged(text, layout), "broken_encoding")
    if is_open is not None:
        fault = fault.when(is_open, "broken_quotes")
    fault = fault.when(wrong, reason)
    if layout.header is not None:
        fault = F.when(
            F.col("raw").isin(F.lit(layout.header), F.lit(BOM + layout.header)), HEADER
        ).otherwise(fault)
    if layout.cut_short:
        fault = F.when(
            F.col("last") & F.col("file").isin(*layout.cut_short) & ~_blank(text, layout),
            "truncated_line",
        ).otherwise(fault)
    return fault


def copy_fields(rows: DataFrame, layout: FileLayout) -> DataFrame:
    """Trim the columns of `parquet_columns`, and write ids as `cut_fields` does."""
    rows = rows.withColumns(
        {name: F.trim(F.col(f"`{name}`"), F.lit(SPACE)) for name in layout.table.columns}
    )
    return numeric_ids.normalize_ids(rows, layout)


def _text(encoding: str) -> Column:
    if encoding in ONE_BYTE:
        text = F.decode("raw", "ISO-8859-1")
        return F.translate(text, *sample.WINDOWS) if encoding == "windows-1252" else text
    text = F.col("raw").cast("string")
    return F.when(F.startswith(text, F.lit("\ufeff")), F.substring(text, 2, 2**31 - 1)).otherwise(
        text
    )


def _blank(text: Column, layout: FileLayout) -> Column:
    """Whether a line is no row: blank, delimiters alone, a record's end, or before the header."""
    first = F.ascii(text)  # a look at one letter spares most lines the rest
    blank = (first <= ord(" ")) & (F.trim(text, F.lit(SPACE)) == "")
    if layout.delimiter and not layout.table.known:
        empty = F.regexp_replace(text, f'{re.escape(layout.delimiter)}|[\\s"]', "") == ""
        blank = blank | (
            ((first <= ord(" ")) | first.isin(ord(layout.delimiter[0]), ord('"'))) & empty
        )
    if layout.preamble:
        blank = blank | text.isin(*layout.preamble)
    return blank | (text == F.lit(multiline.GOES_ON)) if layout.joined else blank


def _is_damaged(text: Column, layout: FileLayout) -> Column:
    """Whether a line's bytes cannot be what the encoding writes."""
    half = (
        F.contains(text, F.lit("\\u"))
        & F.replace(text, F.lit("\\\\"), F.lit("")).rlike(HALF_CHARACTER)
        if layout.table.kind == "jsonl" and layout.escapes
        else F.lit(False)
    )
    if layout.printable:
        return half
    control = CONTROL_BUT_MARKS if layout.joined else CONTROL
    string = (
        F.decode("raw", "ISO-8859-1")
        if layout.encoding in ONE_BYTE
        else F.col("raw").cast("string")
    )
    if layout.delimiter and layout.delimiter < " ":
        string = F.translate(string, layout.delimiter, " ")
    if layout.encoding in ONE_BYTE:
        return string.rlike(f"[{control}]")
    if layout.encoding == "ascii":  # a byte-order mark may stand before the first line
        return string.rlike(
            f"^\ufeff?[\\x09\\x20-\\x7e{multiline.LF_MARK}{multiline.CR_MARK}{multiline.OPEN}]*$"
            if layout.joined
            else "^\ufeff?[\\x09\\x20-\\x7e]*$"
        ) == F.lit(False)
    opened = F.startswith(string, F.lit(multiline.OPEN)) if layout.joined else F.lit(False)
    string = (
        F.when(opened, F.substring(string, 2, 2**31 - 1)).otherwise(string)
        if layout.joined
        else string
    )
    return ~F.call_function("is_valid_utf8", string) | string.rlike(f"[{control}\\ufffd]") | half


def _trim(field: Column, layout: FileLayout) -> Column:
    """A field without surrounding white space, with the line ends that were inside it."""
    if layout.joined:
        field = F.translate(field, multiline.LF_MARK + multiline.CR_MARK, "\n\r")
    return (
        F.trim(field)
        if layout.printable and not layout.escapes and not layout.joined
        else F.trim(field, F.lit(SPACE))
    )


def _bytes_in_file(raw: Column) -> Column:
    """A line's bytes as they stood in the file."""
    text = F.translate(
        F.decode(raw, "ISO-8859-1"), multiline.LF_MARK + multiline.CR_MARK + multiline.OPEN, "\n\r"
    )
    return F.encode(text, "ISO-8859-1")


def _split_plain(text: Column, layout: FileLayout) -> tuple[Column, Column]:
    assert layout.delimiter is not None  # as in every layout of delimited text
    return F.split(text, re.escape(layout.delimiter), -1), F.size("fields") != layout.width


def _split_quoted(text: Column, layout: FileLayout) -> tuple[Column, Column]:
    assert layout.delimiter is not None  # as in every layout of delimited text
    names = [f"f{i}" for i in range(layout.width)]
    schema = ", ".join(f"`{name}` string" for name in (*names, BROKEN))
    delimiters = F.regexp_count(text, F.lit(re.escape(layout.delimiter)))
    crowded = (F.octet_length("raw") > MAX_FIELDS) & (delimiters > MAX_FIELDS)
    space = str(layout.delimiter != " " and not layout.table.known).lower()
    parsed = F.from_csv(
        F.when(~crowded, text),
        schema,
        {
            "sep": layout.delimiter,
            "quote": '"',
            "escape": "\\" if layout.quoting == "backslash" else '"',
            "mode": "PERMISSIVE",
            "maxCharsPerColumn": "-1",
            "columnNameOfCorruptRecord": BROKEN,
            "ignoreLeadingWhiteSpace": space,
            "ignoreTrailingWhiteSpace": space,
        },
    )
    cells = [F.coalesce(parsed[name], F.lit("")) for name in names]
    return F.array(*cells, parsed[BROKEN]), crowded | F.get(
        "fields", F.lit(layout.width)
    ).isNotNull()


def _objects(text: Column, layout: FileLayout) -> tuple[Column, Column]:
    """Values as text, lists and objects as their JSON, NaN as nothing."""
    options = {
        "mode": "PERMISSIVE",
        "columnNameOfCorruptRecord": BROKEN,
        "allowNonNumericNumbers": "true",
    }
    found: dict[Keys, Column] = {}
    faults = []
    for paths in _layers(layout.paths):
        parsed = F.from_json(text, f"{_schema(_tree(paths), ' ')}, `{BROKEN}` string", options)
        found |= {path: reduce(Column.getField, path, parsed) for path in paths}
        faults.append(parsed.getField(BROKEN))
    cells = [
        F.coalesce(F.when(~found[path].isin(*UNQUOTED), found[path]), F.lit(""))
        for path in layout.paths
    ]
    whole = F.trim(text)
    broken = (
        ~F.startswith(whole, F.lit("{")) | ~F.endswith(whole, F.lit("}")) | _run_together(whole)
    )
    return F.array(*cells, F.coalesce(*faults)), broken | F.get(
        "fields", F.lit(len(cells))
    ).isNotNull()


def _layers(paths: tuple[Keys, ...]) -> list[list[Keys]]:
    """The paths in groups, each for one schema.

    In a group no path leads through another, and no two names differ in case alone.
    """
    layers: list[list[Keys]] = []
    for path in dict.fromkeys(paths):
        fitting = next(
            (layer for layer in layers if not any(_conflict(path, other) for other in layer)), None
        )
        if fitting is None:
            layers.append([path])
        else:
            fitting.append(path)
    return layers


def _conflict(path: Keys, other: Keys) -> bool:
    for name, beside in zip(path, other, strict=False):
        if name != beside:
            return name.lower() == beside.lower()
    return True  # one is the other's beginning


def _tree(paths: list[Keys]) -> dict:
    tree: dict = {}
    for path in paths:
        node = tree
        for name in path:
            node = node.setdefault(name, {})
    return tree


def _schema(tree: dict, between: str) -> str:
    """The fields of a nested schema, as Spark spells one."""

    def type_of(inner: dict) -> str:
        return f"struct<{_schema(inner, ': ')}>" if inner else "string"

    return ", ".join(
        f"`{name.replace('`', '``')}`{between}{type_of(inner)}" for name, inner in tree.items()
    )


def _run_together(text: Column) -> Column:
    """Whether one object ends and another begins in this line, outside of strings."""
    return F.when(
        text.rlike(RUN_TOGETHER), F.regexp_replace(text, STRING, '""').rlike(RUN_TOGETHER)
    ).otherwise(False)
