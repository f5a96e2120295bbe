"""Item ids packed into numbers of one size, so that a list of a hundred is a few hundred bytes and
needs no table to be read.

int32   ids that are whole numbers, as MovieLens has them: 4 bytes each
int64   longer whole numbers: 8 bytes
uuid    the 16 bytes of a UUID
rows    anything else: int32 rows of the generation's own table of ids
"""

from __future__ import annotations

import re
import uuid

import numpy as np

from tasks.core.store.arrays import StringTable

FORMS = ("int32", "int64", "uuid", "rows")
WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def packed_form(ids: StringTable) -> str:
    """The smallest form that gives every one of these ids back exactly as it is written."""
    if all(WHOLE_NUMBER.fullmatch(id) for id in ids):
        return "int32" if all(-(2**31) <= int(id) < 2**31 for id in ids) else "int64"
    return "uuid" if all(UUID.fullmatch(id) for id in ids) else "rows"


def packed_table(ids: StringTable, form: str) -> np.ndarray:
    """uint8 (n, size): each id packed."""
    if form == "uuid":
        return np.frombuffer(b"".join(uuid.UUID(id).bytes for id in ids), np.uint8).reshape(
            len(ids), 16
        )
    numbers = (
        np.arange(len(ids), dtype="<i4")
        if form == "rows"
        else np.array([int(id) for id in ids], "<i4" if form == "int32" else "<i8")
    )
    return numbers.view(np.uint8).reshape(len(ids), numbers.itemsize)


def unpack(value: bytes, form: str, ids: StringTable) -> list[str]:
    """The ids of a packed list; `ids` is only asked for `rows`.

    Raises:
        ValueError, IndexError: the value is no such list.
    """
    if form == "uuid":
        return [str(uuid.UUID(bytes=value[at : at + 16])) for at in range(0, len(value), 16)]
    numbers = np.frombuffer(value, "<i8" if form == "int64" else "<i4").tolist()
    if form == "rows" and min(numbers, default=0) < 0:
        raise IndexError("a row below 0")
    return [ids[row] for row in numbers] if form == "rows" else [str(number) for number in numbers]
