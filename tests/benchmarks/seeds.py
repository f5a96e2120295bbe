"""Good files of every layout that ingestion reads, to be damaged: see `mutations`."""

from __future__ import annotations

import csv
import dataclasses
import decimal
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.ingest.sources import Source, describe

SECOND = 1_000_000_000
ROWS = [(f"{1 + n % 8}", f"{1 + (7 * n) % 23}", 1 + n % 5, SECOND + n) for n in range(40)]
COMMENTS = ("fine", 'she said "no"', "two\nlines", "a, b", "ends with \\", "")
HEADERLESS = 'columns = ["u", "i", "r", "t"]\n'
COMMIT = "00000000000000000000.json"


@dataclasses.dataclass(frozen=True)
class Layout:
    """A good file of one layout, and how ingestion is told of it.

    Attributes:
        between: what stands between fields, for the damage to fields.
        log: of a Delta table, its log; the file is then its only data file.
        user, item: what the description calls the ids.
    """

    name: str
    good: bytes
    between: bytes
    toml: str
    log: bytes | None = None
    user: str = "u"
    item: str = "i"

    def source(self, folder: Path) -> Source:
        """The source of all files in `files` below a folder."""
        (folder / "own.toml").write_text(
            f'[interactions]\npath = "files"\nuser = "{self.user}"\nitem = '
            f'"{self.item}"\ntimestamp = "t"\nrating = "r"\n'
            f"rating_range = [1, 5]\n{self.toml}"
        )
        return describe("own", str(folder / "own.toml"))

    def write(self, path: Path, data: bytes, log: bytes | None = None) -> None:
        """An input: a file, or the folder of a Delta table."""
        if self.log is None:
            path.write_bytes(data)
            return
        (path / "_delta_log").mkdir(parents=True)
        (path / "part.parquet").write_bytes(data)
        (path / "_delta_log" / COMMIT).write_bytes(self.log if log is None else log)


def text(between: str, header: bool) -> bytes:
    lines = (["u,i,r,t".replace(",", between)] if header else []) + [
        between.join(map(str, row)) for row in ROWS
    ]
    return ("\n".join(lines) + "\n").encode()


def commented() -> Iterator[tuple]:
    """The rows with a comment that nobody named."""
    return ((*row, COMMENTS[n % len(COMMENTS)]) for n, row in enumerate(ROWS))


def quoted() -> bytes:
    """Quotes doubled, records over several lines."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(
        [("u", "i", "r", "t", "said, once"), *commented()]
    )
    return out.getvalue().encode()


def backslashed() -> bytes:
    """Every field in quotes, and quotes behind backslashes, as Spark writes them."""
    lines = [
        '"u","i","r","t","said"',
        *(
            ",".join(
                '"' + str(cell).replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
                for cell in row
            )
            for row in commented()
        ),
    ]
    return ("\n".join(lines) + "\n").encode()


def of_r() -> bytes:
    """What R's write.table writes: quotes, tabs, a name before each row."""
    lines = [
        '"u"\t"i"\t"r"\t"t"',
        *(
            "\t".join((f'"{n}"', f'"{user}"', f'"{item}"', str(stars), str(time)))
            for n, (user, item, stars, time) in enumerate(ROWS, 1)
        ),
    ]
    return ("\n".join(lines) + "\n").encode()


def nested(user: str, item: str, stars: int, time: int) -> dict:
    return {
        "user": {"id": int(user), "name": "N"},
        "item": {"sku": f"s{item}"},
        "r": stars,
        "t": time,
        "tags": ["a", {"b": None}],
    }


def parquet(table: pa.Table, **writing) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **writing)
    return sink.getvalue().to_pybytes()


def plain() -> pa.Table:
    users, items, stars, times = zip(*ROWS, strict=True)
    return pa.table({"u": users, "i": items, "r": stars, "t": times})


def typed() -> pa.Table:
    """Ids as doubles and in a dictionary, stars as decimals, times in nanoseconds, and columns that
    nobody named.
    """
    users, items, stars, times = zip(*ROWS, strict=True)
    return pa.table(
        {
            "u": pa.array([float(user) for user in users]),
            "i": pa.array(items).dictionary_encode(),
            "r": pa.array([decimal.Decimal(one) for one in stars], pa.decimal128(4, 2)),
            "t": pa.array([time * SECOND for time in times], pa.timestamp("ns")),
            "unused": pa.array([{"a": 1, "b": ["x"]}] * len(users)),
            "none": pa.nulls(len(users)),
        }
    )


def packed_ids() -> pa.Table:
    """Ids as bytes and inside a struct."""
    users, items, stars, times = zip(*ROWS, strict=True)
    return pa.table(
        {
            "who": pa.array([{"id": int(user), "x": None} for user in users]),
            "i": pa.array([item.encode() for item in items], pa.binary()),
            "r": pa.array(stars, pa.float32()),
            "t": pa.array(times, pa.uint64()),
        }
    )


LOG = b"".join(
    json.dumps(action).encode() + b"\n"
    for action in (
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {"metaData": {"id": "x", "partitionColumns": [], "configuration": {}}},
        {"add": {"path": "part.parquet", "partitionValues": {}, "size": 1, "dataChange": True}},
    )
)

LAYOUTS = (
    Layout("csv", text(",", True), b",", 'format = "csv"\n'),
    Layout(
        "tab, no header",
        text("\t", False),
        b"\t",
        f'format = "csv"\ndelimiter = "\\t"\nencoding = "ascii"\n{HEADERLESS}',
    ),
    Layout(
        "double colon, latin-1",
        text("::", False),
        b"::",
        f'format = "csv"\ndelimiter = "::"\nencoding = "latin-1"\n{HEADERLESS}',
    ),
    Layout(
        "csv, microseconds",
        b"\n".join(
            (line if nth == 0 else line + b"000000")
            for nth, line in enumerate(text(",", True).splitlines())
        )
        + b"\n",
        b",",
        'format = "csv"\n',
    ),
    Layout("csv, records over lines", quoted(), b",", 'format = "csv"\n'),
    Layout("csv, backslashes", backslashed(), b'","', 'format = "csv"\n'),
    Layout("tab, as R writes it", of_r(), b"\t", 'format = "csv"\n'),
    Layout(
        "json lines",
        b"".join(json.dumps(dict(zip("uirt", row, strict=True))).encode() + b"\n" for row in ROWS),
        b", ",
        'format = "jsonl"\n',
    ),
    Layout(
        "json, nested",
        b"".join(json.dumps(nested(*row)).encode() + b"\n" for row in ROWS),
        b", ",
        'format = "jsonl"\n',
        user="user.id",
        item="item.sku",
    ),
    Layout(
        "json array",
        json.dumps([nested(*row) for row in ROWS], indent=1).encode(),
        b",",
        'format = "jsonl"\n',
        user="user.id",
        item="item.sku",
    ),
    Layout("parquet", parquet(plain()), b"r", 'format = "parquet"\n'),
    Layout(
        "parquet, every type",
        parquet(typed(), compression="none", data_page_version="2.0"),
        b"r",
        'format = "parquet"\n',
    ),
    Layout(
        "parquet, bytes and structs",
        parquet(packed_ids(), compression="zstd", write_page_checksum=True),
        b"r",
        'format = "parquet"\n',
        user="who.id",
    ),
    Layout("delta", parquet(plain()), b"r", 'format = "parquet"\n', log=LOG),
)
