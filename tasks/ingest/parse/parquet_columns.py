"""Parquet as columns of text: only those that are named, whatever their type, written so that every
engine reads them alike.

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

import datetime
import decimal
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.core.cli.errors import RefusedData
from tasks.ingest.fetch import LocalFile
from tasks.ingest.parse.value_kinds import EXACT
from tasks.ingest.sources import IDS, SINGLE

BATCH_ROWS = 1 << 16
FAULT = "fault"
NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"
CONTROL = r"[\x00-\x08\x0e-\x1f]"
REMEDY = "get the file again, or correct the names in the TOML file"


def copy(
    file: LocalFile, columns: tuple[str, ...], fields: tuple[str, ...], target: Path
) -> dict[str, str]:
    """Write the named columns as text under our names, with `fault`: why a row cannot be one, or
    null.

    Args:
        columns, fields: our names and the file's, in the same order; a dot leads into a struct.

    Returns:
        From our names to where and what the file has: `{"user": "user.id: int64"}`.

    Raises:
        RefusedData: a column is not there, is there twice or is of a type that means nothing here;
            the file is damaged.
    """
    try:
        with pq.ParquetFile(file.path, page_checksum_verification=True) as source:
            named = dict(zip(columns, fields, strict=True))
            folders = {
                ours: _folder_value(file.name, theirs)
                for ours, theirs in named.items()
                if _is_folder(file.name, source.schema_arrow, theirs)
            }
            places = {
                ours: _place(file.name, source.schema_arrow, theirs)
                for ours, theirs in named.items()
                if ours not in folders
            }
            types = {ours: _type_at(source.schema_arrow, place) for ours, place in places.items()}
            texts = {
                ours: _text_of(file.name, ours, ".".join(places[ours]), type)
                for ours, type in types.items()
            }
            rows = _write(source, columns, places, texts, folders, target)
            if rows != file.rows:
                raise ValueError(f"its footer counts {file.rows} rows, and its pages hold {rows}")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise refuse_damaged(file.name, error) from None
    return {
        ours: f"{'.'.join(places[ours])}: {types[ours]}"
        if ours in places
        else f"{named[ours]}: folder"
        for ours in columns
    }


def refuse_damaged(name: str, error: Exception) -> RefusedData:
    """What the reader says of a file, as a refusal."""
    said = str(error).partition("\n")[0][:200]
    if "crypt" in said:
        return RefusedData(
            f"{name} is encrypted Parquet, or some of its columns are ({said})",
            remedy="export it without encryption",
        )
    return RefusedData(
        f"{name} cannot be read as Parquet ({said})",
        remedy="deliver the file again: compare its size and digest",
    )


def _is_folder(file: str, schema: pa.Schema, field: str) -> bool:
    """Whether a column stands in the names of folders, as Hive, Spark and Delta write what a table
    is partitioned by.
    """
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
    places: dict,
    texts: dict,
    folders: dict,
    target: Path,
) -> int:
    """Returns how many rows there were."""
    rows, schema = 0, pa.schema([*((ours, pa.string()) for ours in columns), (FAULT, pa.string())])
    with pq.ParquetWriter(target, schema, compression="lz4") as writer:
        for batch in source.iter_batches(
            BATCH_ROWS, columns=sorted({".".join(place) for place in places.values()})
        ):
            arrays = {
                ours: pa.repeat(pa.scalar(value, pa.string()), len(batch))
                for ours, value in folders.items()
            }
            faults = pa.nulls(len(batch), pa.string())
            for ours, place in places.items():
                arrays[ours], wrong, reason = texts[ours](_column(batch, place))
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


def _type_at(schema: pa.Schema, place: tuple[str, ...]) -> pa.DataType:
    type = schema.field(place[0]).type
    for name in place[1:]:
        type = type.field(name).type
    return type


def _column(batch: pa.RecordBatch, place: tuple[str, ...]) -> pa.Array:
    column = batch.column(place[0])
    for name in place[1:]:
        column = pc.struct_field(column, name)
    return column


Texts = Callable[[pa.Array], tuple[pa.Array, pa.Array, str]]


def _text_of(file: str, ours: str, field: str, type: pa.DataType) -> Texts:
    """What makes text of a column: the text, which rows are at fault, and the reason."""
    is_id = ours in IDS
    if pa.types.is_dictionary(type):
        inner = _text_of(file, ours, field, type.value_type)
        return lambda column: inner(
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        )
    if pa.types.is_nested(type):
        if ours in SINGLE:
            raise RefusedData(
                f"{file}: the column {field} holds {type}",
                allowed="a value a row",
                remedy=f"name a field in it, as in {field}.{type.field(0).name}"
                if pa.types.is_struct(type) and type.num_fields
                else "name another column",
            )
        plain = dict if pa.types.is_map(type) else lambda value: value
        return _sound(
            lambda column: pa.array(
                [
                    None
                    if value is None
                    else json.dumps(plain(value), ensure_ascii=False, default=_in_json)
                    for value in column.to_pylist()
                ],
                pa.string(),
            )
        )
    if ours == "timestamp" and (
        pa.types.is_time(type) or pa.types.is_duration(type) or pa.types.is_boolean(type)
    ):
        raise RefusedData(
            f"{file}: the column {field} holds {type}, which says no day",
            allowed="a timestamp, a date, a number or text",
            remedy="name the column of the whole time",
        )
    if pa.types.is_floating(type):
        return (
            _of_whole_numbers
            if is_id
            else _sound(lambda column: pc.cast(_without_nan(column), pa.string()))
        )
    if pa.types.is_decimal(type):
        return _of_decimals if is_id else _sound(lambda column: pc.cast(column, pa.string()))
    if pa.types.is_timestamp(type) or pa.types.is_date(type):
        return _sound(_moments)
    if isinstance(type, pa.UuidType):
        return _sound(
            lambda column: pa.array(
                [
                    None if one is None else str(uuid.UUID(bytes=one))
                    for one in column.storage.to_pylist()
                ],
                pa.string(),
            )
        )
    if (
        pa.types.is_string(type)
        or pa.types.is_large_string(type)
        or pa.types.is_binary(type)
        or pa.types.is_large_binary(type)
        or pa.types.is_fixed_size_binary(type)
        or pa.types.is_string_view(type)
        or pa.types.is_binary_view(type)
    ):
        return _of_bytes
    return _sound(lambda column: pc.cast(column, pa.string()))


def _in_json(value: object) -> object:
    """What JSON has no word for: bytes are the text they are, decimals numbers, times as they are
    read elsewhere.
    """
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat(" ") if isinstance(value, datetime.datetime) else str(value)


def _sound(text: Callable[[pa.Array], pa.Array]) -> Texts:
    return lambda column: (text(column), pa.array(np.zeros(len(column), bool)), "")


def _without_nan(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _of_whole_numbers(column: pa.Array) -> tuple[pa.Array, pa.Array, str]:
    numbers = column.cast(pa.float64())
    values = numbers.to_numpy(zero_copy_only=False)
    with np.errstate(invalid="ignore"):
        exact = (np.abs(values) < EXACT) & (values == np.floor(values))
    missing = np.isnan(values)
    whole = pa.array(np.where(exact, values, 0).astype(np.int64), mask=~exact)
    shown = pc.if_else(
        pa.array(exact | missing), pc.cast(whole, pa.string()), pc.cast(numbers, pa.string())
    )
    return shown, pa.array(~exact & ~missing), "inexact_id"


def _of_decimals(column: pa.Array) -> tuple[pa.Array, pa.Array, str]:
    values = column.to_pylist()
    whole = [value is None or value == value.to_integral_value() for value in values]
    texts = [
        None if value is None else f"{value.to_integral_value():f}" if is_whole else str(value)
        for value, is_whole in zip(values, whole, strict=True)
    ]
    return (
        pa.array(texts, pa.string()),
        pa.array([not is_whole for is_whole in whole]),
        "inexact_id",
    )


def _moments(column: pa.Array) -> pa.Array:
    """Times as Spark reads them, to the millisecond below, in UTC."""
    if pa.types.is_date(column.type):
        return pc.cast(pc.cast(column, pa.date32()), pa.string())
    plain = column.cast(pa.timestamp(column.type.unit))  # a time with a zone is stored in UTC
    return pc.cast(
        pc.floor_temporal(plain, unit="millisecond").cast(pa.timestamp("ms"), safe=False),
        pa.string(),
    )


def _of_bytes(column: pa.Array) -> tuple[pa.Array, pa.Array, str]:
    """Text, or bytes that may be text."""
    try:
        text = column.cast(pa.binary()).cast(pa.string())
        wrong = pc.fill_null(pc.match_substring_regex(text, CONTROL), False)
    except pa.ArrowInvalid:  # some of them are no UTF-8
        values = column.cast(pa.binary()).to_pylist()
        text = pa.array(
            [
                None if value is None else value.decode("utf-8", "backslashreplace")
                for value in values
            ],
            pa.string(),
        )
        wrong = pa.array([value is not None and not _is_text(value) for value in values])
    return text, wrong, "broken_encoding"


def _is_text(value: bytes) -> bool:
    try:
        return not any(
            character < " " and character not in "\t\n\x0b\x0c\r"
            for character in value.decode("utf-8")
        )
    except UnicodeDecodeError:
        return False
