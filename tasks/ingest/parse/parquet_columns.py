"""Named Parquet columns of any type as columns of text.

Spark refuses whole files for the type of a column that nobody asked for, spells numbers in its own
way and wants one schema for all files of a folder. So the named columns are copied, each value as
text:

    integers, text, UUIDs          as they are
    floats and decimals in ids     the whole number, when it is one that a double holds exactly;
                                   else the row is at fault
    timestamps of any unit, dates  `2020-09-13 12:26:40.123` in UTC
    bytes                          the text they are; else the row is at fault
    lists, structs, maps           their JSON
    null, NaN, NaT                 empty
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.core.cli.errors import RefusedData
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse.parquet_text import text_converter

BATCH_ROWS = 1 << 16
FAULT = "fault"
NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"
REMEDY = "get the file again, or correct the names in the TOML file"


def copy(
    file: LocalFile, columns: tuple[str, ...], fields: tuple[str, ...], target: Path
) -> dict[str, str]:
    """Write the named columns as text, with `fault`: why a row cannot be one, or null.

    Args:
        columns, fields: our names and the file's, in the same order; a dot leads into a struct.

    Returns:
        Our names → column and type: `{"user": "user.id: int64"}`.

    Raises:
        RefusedData: a column is missing, doubled or of an unusable type; the file is damaged.
    """
    named = dict(zip(columns, fields, strict=True))
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as source:
            schema = source.schema_arrow
            folders = {
                ours: _folder_value(file.name, theirs)
                for ours, theirs in named.items()
                if _is_folder(file.name, schema, theirs)
            }
            paths = {
                ours: _place(file.name, schema, theirs)
                for ours, theirs in named.items()
                if ours not in folders
            }
            types = {ours: _type_at(schema, path) for ours, path in paths.items()}
            texts = {
                ours: text_converter(file.name, ours, ".".join(paths[ours]), type)
                for ours, type in types.items()
            }
            rows = _write(source, columns, paths, texts, folders, target)
        if rows != file.rows:
            raise ValueError(f"its footer counts {file.rows} rows, and its pages hold {rows}")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refuse_damaged(file.name, error) from None
    found = {ours: f"{'.'.join(path)}: {types[ours]}" for ours, path in paths.items()}
    return {ours: found.get(ours, f"{named[ours]}: folder") for ours in columns}


def refuse_damaged(name: str, error: Exception) -> RefusedData:
    """The refusal of a file that Arrow cannot read."""
    reason = str(error).partition("\n")[0][:200]
    if "crypt" in reason:
        return RefusedData(
            f"{name} is encrypted Parquet, or some of its columns are ({reason})",
            remedy="export it without encryption",
        )
    return RefusedData(
        f"{name} cannot be read as Parquet ({reason})",
        remedy="deliver the file again: compare its size and digest",
    )


def _is_folder(file: str, schema: pa.Schema, field: str) -> bool:
    """Whether a column is in the names of folders, as in a table partitioned by it."""
    return field not in schema.names and any(
        part.startswith(f"{field}=") for part in file.split("/")[:-1]
    )


def _folder_value(file: str, field: str) -> str | None:
    value = next(
        unquote(part.partition("=")[2])
        for part in file.split("/")[:-1]
        if part.startswith(f"{field}=")
    )
    return None if value == NO_PARTITION else value


def _write(
    source: pq.ParquetFile,
    columns: tuple[str, ...],
    paths: dict,
    texts: dict,
    folders: dict,
    target: Path,
) -> int:
    """Returns how many rows there were."""
    rows, schema = 0, pa.schema([*((ours, pa.string()) for ours in columns), (FAULT, pa.string())])
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for batch in source.iter_batches(
            BATCH_ROWS, columns=sorted({".".join(path) for path in paths.values()})
        ):
            arrays = {
                ours: pa.repeat(pa.scalar(value, pa.string()), len(batch))
                for ours, value in folders.items()
            }
            faults = pa.nulls(len(batch), pa.string())
            for ours, path in paths.items():
                arrays[ours], wrong, reason = texts[ours](_column(batch, path))
                faults = pc.if_else(pc.and_(wrong, pc.is_null(faults)), reason, faults)
            writer.write_table(pa.table([*(arrays[ours] for ours in columns), faults], schema))
            rows += len(batch)
    return rows


def _place(file: str, schema: pa.Schema, field: str) -> tuple[str, ...]:
    """The way to a column: its own name, dots and all, or the names of structs and then its own."""
    if schema.names.count(field) > 1:
        raise RefusedData(
            f"{file} has the column {field} more than once",
            got=", ".join(schema.names[:20]),
            allowed="every column once",
            remedy=REMEDY,
        )
    if field in schema.names:
        return (field,)
    way = tuple(field.split("."))
    type = schema.field(way[0]).type if len(way) > 1 and schema.names.count(way[0]) == 1 else None
    for name in way[1:]:
        type = (
            type.field(name).type
            if type is not None and pa.types.is_struct(type) and type.get_field_index(name) >= 0
            else None
        )
    if type is None:
        alike = [name for name in schema.names if name.lower() == field.lower()]
        raise RefusedData(
            f"{file} lacks the column {field}",
            got=f"columns {', '.join(_flat(schema)[:20])}" if schema.names else "no column",
            allowed="a column that is there",
            remedy=f"write {alike[0]!r} in the TOML file" if len(alike) == 1 else REMEDY,
        )
    return way


def _flat(schema: pa.Schema) -> list[str]:
    return [name for field in schema for name in _below(field, "")]


def _below(field: pa.Field, before: str) -> list[str]:
    name = before + field.name
    inner = (
        [field.type.field(n) for n in range(field.type.num_fields)]
        if pa.types.is_struct(field.type)
        else []
    )
    return [name, *(below for one in inner for below in _below(one, f"{name}."))]


def _type_at(schema: pa.Schema, path: tuple[str, ...]) -> pa.DataType:
    type = schema.field(path[0]).type
    for name in path[1:]:
        type = type.field(name).type
    return type


def _column(batch: pa.RecordBatch, path: tuple[str, ...]) -> pa.Array:
    column = batch.column(path[0])
    for name in path[1:]:
        column = pc.struct_field(column, name)
    return column
