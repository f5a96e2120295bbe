"""What may not land: damaged, encrypted, nested, foreign, too big. Each is refused in a sentence,
and no disk is filled.
"""

from __future__ import annotations

import bz2
import io
import lzma
import resource
import shutil
import sqlite3
import tarfile
import zipfile
import zlib

import pytest

from tasks.core.cli.errors import BadRequest, RefusedData, Unreachable
from tasks.ingest.fetch import Limits, fetch_files, find_files, unpack_budget
from tests.ingest.packed import LINES, gz, landed, table, zipped, zst

TEXT = bytes(range(32, 127)) * 300 + b"\n" + bytes(range(126, 31, -1)) * 40


def left(drop) -> list:
    """What is still in scratch."""
    return list((drop.parent / "scratch").rglob("*"))


@pytest.mark.parametrize(
    "pack",
    [
        gz,
        zst,
        lambda data: zipped({"a.csv": data}),
        lambda data: zipped({"a.csv": data}, zipfile.ZIP_STORED),
    ],
    ids=["gzip", "zstd", "zip", "stored zip"],
)
def test_an_archive_cut_anywhere_is_refused(drop, pack):
    whole = pack(LINES[:200_000] + TEXT)
    for cut in sorted(
        {
            *range(4, 40),
            *range(40, len(whole), len(whole) // 60),
            *range(len(whole) - 30, len(whole)),
        }
    ):
        (drop / "a.csv").write_bytes(whole[:cut])
        with pytest.raises(
            RefusedData,
            match=r"a\.csv(!a\.csv)? is (cut short|no \w+ that can be unpacked).*remedy: deliver",
        ):
            landed(drop)
    assert left(drop) == []


@pytest.mark.parametrize(
    "pack", [gz, lambda data: zipped({"a.csv": data})], ids=["gzip", "zip"]
)  # zstd need not hold a checksum
def test_a_damaged_archive_is_refused_or_gives_the_true_bytes(drop, pack):
    whole, refused = bytearray(pack(TEXT)), 0
    for at in range(4, len(whole), max(1, len(whole) // 150)):
        (drop / "a.csv").write_bytes(
            bytes(whole[:at]) + bytes([whole[at] ^ 0x55]) + bytes(whole[at + 1 :])
        )
        try:
            [one] = landed(drop)
            assert one.path.read_bytes() == TEXT
        except RefusedData:
            refused += 1
    assert refused > 60


@pytest.mark.parametrize(
    "data", [b"", gz(b""), zst(b""), zipped({"x.csv": b""})], ids=["plain", "gzip", "zstd", "zip"]
)
def test_an_empty_file_is_refused(put, drop, data):
    put(a__csv=data)
    with pytest.raises(RefusedData, match=r"a\.csv(!x\.csv)? is empty"):
        landed(drop)


def encrypted() -> bytes:
    """A zip whose only member says that it is encrypted; the flag stands in both of its headers."""
    data = bytearray(zipped({"a.csv": LINES}))
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def linked() -> bytes:
    held, info = io.BytesIO(), zipfile.ZipInfo("a.csv")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return held.getvalue()


def doubled() -> bytes:
    return zipped({"a.csv": b"1\n", "b.csv": b"2\n"}).replace(b"b.csv", b"a.csv")


def tar() -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"), io.BytesIO())
    return held.getvalue()


def method(number: int) -> bytes:
    data = bytearray(zipped({"a.csv": LINES}))
    for at in (8, data.index(b"PK\1\2") + 10):
        data[at] = number
    return bytes(data)


@pytest.mark.parametrize(
    "data, message",
    [
        (encrypted(), r"a!a\.csv is encrypted; remedy: pack it again without a password"),
        (linked(), r"a!a\.csv is a link"),
        (doubled(), r"a holds two files named a\.csv"),
        (method(9), r"a!a\.csv is no zip that can be unpacked.*compression"),
        (zipped({}), r"a holds no file; got 'a zip of nothing'"),
        (zipped({"d/": b"", ".x": b"1"}), r"a holds no file; got 'a zip of d/, \.x'"),
        (
            zipped({"[Content_Types].xml": b"<x/>", "xl/workbook.xml": b"<x/>"}),
            "a is an Office document",
        ),
        (zipped({"a\nb.csv": b"1"}), "name of a file is not plain text"),
        (gz(gz(LINES)), "a is packed twice; got 'gzip inside'"),
        (gz(zst(LINES)), "a is packed twice; got 'zstd inside'"),
        (zst(zipped({"a.csv": LINES})), "a is packed twice; got 'zip inside'"),
        (
            zipped({"i.zip": zipped({"a.csv": LINES})}),
            r"a!i\.zip is packed twice; got 'zip inside'",
        ),
        (zipped({"i.csv.gz": gz(LINES)}), r"a!i\.csv\.gz is packed twice; got 'gzip inside'"),
        (gz(tar()), "a is a tar archive.*remedy: unpack it"),
        (bz2.compress(LINES), "a is a bzip2 archive"),
        (lzma.compress(LINES), "a is an xz archive"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "a is a 7-Zip archive"),
        (table(3), "a is Parquet; expected text.*name its format"),
        (
            LINES.decode().encode("utf-16"),
            "a is not text in UTF-8; got 'UTF-16, as its first bytes say'.*iconv",
        ),
        (
            LINES.decode().encode("utf-16-be"),
            "a is not text in UTF-8; got '.* NUL bytes among the first 4096",
        ),
        (LINES.decode().encode("utf-32"), "a is not text in UTF-8; got 'UTF-32"),
        (gz(LINES.decode().encode("utf-32-le")), "a is not text in UTF-8; got '.* NUL bytes"),
        (
            "用户,条目\n".encode("utf-16-le") + "七,八\n".encode("utf-16-le") * 50,
            "a is not text in UTF-8",
        ),
    ],
)
def test_what_is_no_plain_text_is_refused_with_what_it_is(put, drop, data, message):
    put(a=data)
    with pytest.raises(RefusedData, match=message):
        landed(drop)
    assert left(drop) == []


@pytest.mark.parametrize(
    "data",
    [
        b"PAR1,PAR2\n1,2\n",
        b"BZh,x\n",
        b"a\0b\n" + LINES,
        "\ufeffuser,item\n".encode(),
        b"Rar,7z\n",
        b"\xe9\n",
    ],
)
def test_text_that_only_looks_odd_lands(put, drop, data):
    put(a=data)
    assert landed(drop)[0].bytes == len(data)


@pytest.mark.parametrize(
    "data, message",
    [
        (b"user,item\n1,2\n", "a is not Parquet; got b'user,item"),
        (table(50)[:-9], "a is no Parquet file that can be read"),
        (b"PAR1" + bytes(500) + b"PAR1", "a is no Parquet"),
        (b"PAR1", "a is no Parquet"),
        (table(50)[:-8] + b"\xff\xff\xff\x7fPAR1", "a is no Parquet"),
    ],
)
def test_what_is_no_parquet_is_refused(put, drop, data, message):
    put(a=data)
    with pytest.raises(RefusedData, match=message):
        landed(drop, "parquet")


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(b"0\n" * (1 << 19)) for _ in range(size >> 20)) + packer.flush()


@pytest.mark.parametrize(
    "wrap",
    [
        lambda size: bomb(size),
        lambda size: zst(b"0\n" * (size // 2)),
        lambda size: zipped({"a.csv": b"0\n" * (size // 2)}),
    ],
    ids=["gzip", "zstd", "zip"],
)
def test_a_bomb_is_stopped_while_it_unpacks(put, drop, wrap, monkeypatch):
    written = []
    monkeypatch.setattr(
        "tasks.ingest.fetch.land.require_free_space", lambda folder, size: written.append(size)
    )
    put(a=wrap(256 << 20))
    with pytest.raises(
        RefusedData,
        match=r"a(!a\.csv)? unpacks to far more.*expected 200 times its size; remedy: "
        r".*limits\.expansion",
    ):
        landed(drop)
    assert sum(written) < 64 << 20 and left(drop) == []


def test_the_members_of_a_zip_count_together(put, drop):
    put(a=zipped({f"{n}.csv": b"0\n" * (3 << 20) for n in range(30)}))
    with pytest.raises(RefusedData, match=r"a!\d+\.csv unpacks to far more"):
        landed(drop)


def test_a_small_file_may_expand_as_it_likes_up_to_16_mib(put, drop):
    put(a=bomb(16 << 20))
    assert landed(drop)[0].bytes == 16 << 20
    put(a=bomb(17 << 20))
    with pytest.raises(RefusedData, match="unpacks to far more"):
        landed(drop)
    assert landed(drop, expansion=2000)[0].rows == 17 << 19


def test_the_files_of_a_table_count_together(put, drop):
    put(**{f"f{n}": gz(TEXT) for n in range(10)}, plain=TEXT)
    assert len(landed(drop, unpacked_gb=11 * len(TEXT) / 1e9)) == 11
    with pytest.raises(
        RefusedData,
        match=r"too big together.*expected .* GB unpacked; remedy: raise limits\.unpacked_gb "
        r"\(RECALL_UNPACKED_GB\) if",
    ):
        landed(drop, unpacked_gb=(11 * len(TEXT) - 1) / 1e9)


def test_a_line_may_be_as_long_as_the_limit_and_no_longer(put, drop):
    put(a=b"1\r\n22\n" + b"x" * 2048 + b"\n3\n")
    assert landed(drop, line_kb=2)[0].longest == 2048
    put(a=b"1\r\n22\n" + b"x" * 2049 + b"\n3\n")
    with pytest.raises(
        RefusedData,
        match=r"a, line 3: the line is too long; got 'at least 2,049 bytes'; expected 2 KiB",
    ):
        landed(drop, line_kb=2)
    put(a=gz(b"1\n" + b"x" * (64 << 20)))
    with pytest.raises(
        RefusedData, match=r"a, line 2: the line is too long; got 'at least (1,5|1,048|1,57)"
    ):
        landed(drop, expansion=1e6)


def test_a_disk_that_is_full_is_told_as_such_and_cleared(put, drop, monkeypatch):
    put(a=gz(LINES))
    free = shutil.disk_usage(drop).free
    monkeypatch.setattr(unpack_budget, "RESERVE_BYTES", free + 1)
    with pytest.raises(Unreachable, match=r"scratch disk is full; got '[0-9,]+ bytes free at"):
        landed(drop)
    assert left(drop) == []


def test_a_write_that_fails_is_a_disk_that_is_away(put, drop, monkeypatch):
    def full(folder, size):
        raise OSError(28, "No space left on device")

    put(a=gz(LINES))
    monkeypatch.setattr("tasks.ingest.fetch.land.require_free_space", full)
    with pytest.raises(Unreachable, match=r"scratch folder cannot be written \(No space left"):
        landed(drop)


def test_memory_stays_that_of_a_few_blocks(put, drop):
    line = bytes(range(32, 127)) * 100 + b"\n"
    put(a=gz(line * 20_000), b=zst(line * 20_000), c=zipped({"c": line * 20_000}), d=line * 20_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    landed(drop, expansion=1e5)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000, (
        "190 MB each passed through"
    )


def test_a_kind_and_a_file_that_may_not_be_read(put, drop):
    put(a=LINES)
    found = find_files(".", drop)
    (drop / "a").unlink()
    (drop / "a").mkdir()
    with pytest.raises((Unreachable, BadRequest)):
        fetch_files(found, "lines", drop.parent / "scratch", Limits())
    sqlite3.connect(drop / "db").execute("create table a (b)")
    with pytest.raises(RefusedData, match="db is a SQLite database; expected text"):
        fetch_files(find_files("db", drop), "lines", drop.parent / "scratch", Limits())
