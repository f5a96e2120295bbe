"""Arrays and strings in files that can be memory-mapped and never hold an object (so no pickle is
ever read).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from tasks.core.cli.errors import Corrupt


def save(path: Path, array: np.ndarray) -> None:
    """Write one array as `.npy`."""
    if array.dtype.hasobject:
        raise TypeError(f"{path.name}: an array of objects would need pickle")
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def load(path: Path, mmap: bool = False) -> np.ndarray:
    """Read one array; memory-mapped read-only when `mmap`.

    Raises:
        Corrupt: not an `.npy` file, or one that holds objects.
    """
    try:
        array = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        if not isinstance(
            array, np.ndarray
        ):  # a zip, which numpy would open as an archive of arrays
            array.close()
            raise ValueError("an archive")
        return array
    except (ValueError, EOFError, OSError) as error:
        raise Corrupt(f"{path} cannot be read as a plain array ({error})") from None


def rows_of_ids(wanted: Sequence[str], ids: Iterable[str]) -> np.ndarray:
    """int32 (wanted): the row of each of these among `ids`, −1 where it is not there."""
    rows = {id: row for row, id in enumerate(ids)}
    return np.array([rows.get(id, -1) for id in wanted], np.int32)


class StringTable(Sequence[str]):
    """Strings by row, as one block of UTF-8 bytes and n + 1 offsets: linear in what it holds, and
    mappable.
    """

    def __init__(self, block: np.ndarray, offsets: np.ndarray) -> None:
        self.block, self.offsets = (
            np.asarray(block),
            np.asarray(offsets),
        )  # plain views: a memmap is slow to index

    @classmethod
    def of(cls, strings: Sequence[str]) -> StringTable:
        encoded = [str(s).encode() for s in strings]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(e) for e in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, row: int) -> str: ...

    @overload
    def __getitem__(self, row: slice) -> list[str]: ...

    def __getitem__(self, row: int | slice) -> str | list[str]:
        if isinstance(row, slice):
            return [self[i] for i in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row = row % len(self)
        return bytes(self.block[self.offsets[row] : self.offsets[row + 1]]).decode()

    def take(self, rows: np.ndarray) -> list[str]:
        """The strings of some rows, each at least 0, in their order."""
        rows, block = np.asarray(rows, np.int64), self.block.data
        ends = zip(self.offsets[rows].tolist(), self.offsets[rows + 1].tolist(), strict=True)
        return [str(block[start:end], "utf-8") for start, end in ends]

    def __iter__(self) -> Iterator[str]:
        block, start = self.block.tobytes(), 0
        for end in self.offsets[1:].tolist():
            yield block[start:end].decode()
            start = end

    def save(self, folder: Path, name: str) -> None:
        save(folder / f"{name}.block.npy", self.block)
        save(folder / f"{name}.offsets.npy", self.offsets)

    @classmethod
    def load(cls, folder: Path, name: str, mmap: bool = False) -> StringTable:
        return cls(
            load(folder / f"{name}.block.npy", mmap), load(folder / f"{name}.offsets.npy", mmap)
        )
