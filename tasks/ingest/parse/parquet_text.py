"""Parquet columns of any type as text, with the rows that are at fault; see `parquet_columns`."""

from __future__ import annotations

import datetime
import decimal
import json
import uuid
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.core.cli.errors import RefusedData
from tasks.ingest.parse.value_kinds import EXACT
from tasks.ingest.sources import IDS, SINGLE

CONTROL = r"[\x00-\x08\x0e-\x1f]"
TEXT_TYPES = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_string_view,
    pa.types.is_binary_view,
)
Texts = Callable[[pa.Array], tuple[pa.Array, pa.Array, str]]


def text_converter(file: str, ours: str, field: str, type: pa.DataType) -> Texts:
    """The function that turns a column into text, a mask of rows at fault, and the reason."""
    _refuse_type(file, ours, field, type)
    is_id = ours in IDS
    if pa.types.is_dictionary(type):
        inner = text_converter(file, ours, field, type.value_type)
        return lambda column: inner(
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
        )
    if pa.types.is_nested(type):
        return _sound(lambda column: _json_texts(column, pa.types.is_map(type)))
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
        return _sound(_uuid_texts)
    if any(is_text(type) for is_text in TEXT_TYPES):
        return _of_bytes
    return _sound(lambda column: pc.cast(column, pa.string()))


def _refuse_type(file: str, ours: str, field: str, type: pa.DataType) -> None:
    """A column that cannot hold a single value, or a time."""
    if pa.types.is_nested(type) and not pa.types.is_dictionary(type) and ours in SINGLE:
        raise RefusedData(
            f"{file}: the column {field} holds {type}",
            allowed="a value a row",
            remedy=f"name a field in it, as in {field}.{type.field(0).name}"
            if pa.types.is_struct(type) and type.num_fields
            else "name another column",
        )
    if ours == "timestamp" and (
        pa.types.is_time(type) or pa.types.is_duration(type) or pa.types.is_boolean(type)
    ):
        raise RefusedData(
            f"{file}: the column {field} holds {type}, which says no day",
            allowed="a timestamp, a date, a number or text",
            remedy="name the column of the whole time",
        )


def _json_texts(column: pa.Array, is_map: bool) -> pa.Array:
    """Lists, structs and maps as their JSON."""
    values = (
        dict(value) if is_map and value is not None else value for value in column.to_pylist()
    )
    return pa.array(
        [
            None if value is None else json.dumps(value, ensure_ascii=False, default=_in_json)
            for value in values
        ],
        pa.string(),
    )


def _uuid_texts(column: pa.Array) -> pa.Array:
    values = column.storage.to_pylist()
    return pa.array(
        [None if value is None else str(uuid.UUID(bytes=value)) for value in values], pa.string()
    )


def _in_json(value: object) -> object:
    """Values that JSON does not have: bytes as text, decimals as numbers, times as text."""
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
