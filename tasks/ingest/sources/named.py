"""Tables from files whose fields have names of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.request import REQUIRED, setting
from tasks.ingest.sources.layout import Clock, Table

Format = Literal["csv", "jsonl", "parquet"]
PACKED = (".gz", ".zst", ".zip")
RESERVED = frozenset(
    {
        "user",
        "item",
        "id",
        "raw",
        "file",
        "block",
        "at",
        "line",
        "fault",
        "fields",
        "verdict",
        "day",
        "kind",
        "bucket",
    }
)
OURS = frozenset({"user", "item", "id", "order"})
FORMATS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True, kw_only=True)
class Files:
    """What every section of the TOML file says of its files."""

    path: str = setting(
        REQUIRED,
        "a file, a folder, a glob or an s3 URI, plain or packed (gz, zst, zip); {day} in it: "
        "one delivery a day; "
        "a folder or a zip holds nothing but files of this table",
    )
    format: Format | None = setting(None, "how rows are written; none: told by the name")
    delimiter: str | None = setting(
        None, "csv: what stands between fields; none: found out from the header and the first rows"
    )
    quoting: Literal["doubled", "backslash", "none"] | None = setting(
        None,
        'csv: how a quote is written inside a quoted field: "" (doubled) or \\" (backslash); '
        '"none": quotes are text; none: found out',
    )
    encoding: Literal["utf-8", "latin-1", "windows-1252", "ascii"] | None = setting(
        None, "of the text; none: UTF-8, or Windows-1252 or Latin-1 where no letter is UTF-8"
    )
    columns: tuple[str, ...] = setting(
        (), "csv: the names of the fields, where the files have no header line"
    )


def table(
    section: str, files: Files, wanted: Mapping[str, str | None], clock: Clock | None = None
) -> Table:
    """The table of a section.

    Args:
        wanted: our names → the source's fields; None: there is no such field.

    Raises:
        BadRequest: the format cannot be told, a field is named that is not there, or two names want
            one field.
    """
    format = files.format or _format(section, files.path)
    _refuse_empty(section, files, wanted, format)
    named = {ours: theirs for ours, theirs in wanted.items() if theirs}
    _check(section, named)
    if format != "csv":
        return Table(
            files.path,
            tuple(named),
            None,
            "utf-8",
            tuple(named.values()),
            ends_with_newline=False,
            kind=format,
            clock=clock,
            known=False,
        )
    return Table(
        files.path,
        _columns(section, files, named) if files.columns else tuple(named),
        files.delimiter,
        files.encoding,
        None if files.columns else tuple(named.values()),
        files.quoting,
        False,
        clock=clock,
        known=False,
        names=files.columns,
    )


def _refuse_empty(
    section: str, files: Files, wanted: Mapping[str, str | None], format: Format
) -> None:
    if empty := [ours for ours, theirs in wanted.items() if theirs == ""]:
        raise BadRequest(
            f"{section}.{empty[0]}: is empty",
            got="''",
            allowed="the name of a field, or no such setting",
        )
    if format == "csv" and files.delimiter == "":
        raise BadRequest(
            f"{section}.delimiter: is empty",
            got="''",
            allowed="what stands between fields, or no such setting",
        )


def _columns(section: str, files: Files, named: dict[str, str]) -> tuple[str, ...]:
    """Our names for the fields of lines without a header."""
    if missing := [name for name in named.values() if name not in files.columns]:
        raise BadRequest(
            f"{section}.columns lacks {', '.join(missing)}",
            got=list(files.columns),
            allowed="every field that is named",
        )
    ours = {theirs: name for name, theirs in named.items()}
    return tuple(ours.get(name, f"unused {name}") for name in files.columns)


def _check(section: str, wanted: dict[str, str]) -> None:
    if twice := {field for field in wanted.values() if list(wanted.values()).count(field) > 1}:
        raise BadRequest(
            f"{section}: one field is named for two things",
            got=", ".join(sorted(twice)),
            allowed="a field for each",
        )
    names = [name.lower() for name in wanted]
    if alike := [name for name in wanted if names.count(name.lower()) > 1]:
        raise BadRequest(
            f"{section}.attributes: names that differ in case alone",
            got=", ".join(alike),
            allowed="one of them",
            remedy="leave one out, or rename it where the files are made",
        )
    if marked := [name for name in wanted if "`" in name]:
        raise BadRequest(
            f"{section}.attributes: names with a backtick",
            got=", ".join(marked),
            allowed="any other character",
            remedy="leave it out, or rename it where the files are made",
        )
    if taken := [name for name in wanted if name.lower() in RESERVED and name not in OURS]:
        raise BadRequest(
            f"{section}.attributes: names that are taken",
            got=", ".join(taken),
            allowed=f"none of {', '.join(sorted(RESERVED))}",
        )


def format_by_name(path: str) -> Format | None:
    """`csv`, `jsonl` or `parquet`, by what a name ends with; None where it says nothing."""
    suffixes = [
        suffix.lower() for suffix in PurePosixPath(path).suffixes if suffix.lower() not in PACKED
    ]
    return FORMATS.get(suffixes[-1]) if suffixes else None


def _format(section: str, path: str) -> Format:
    if format := format_by_name(path):
        return format
    raise BadRequest(
        f"{section}.format: cannot be told from the name",
        got=path,
        allowed="'csv', 'jsonl' or 'parquet'",
        remedy=f'write format = "…" under [{section}]',
    )
