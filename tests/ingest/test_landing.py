"""However a file is packed, the same plain bytes land, with the same fingerprint, under a path that
only we decide.
"""

from __future__ import annotations

import gzip
import hashlib
import zipfile

import pytest

from tasks.core.cli.errors import RefusedData, Unreachable
from tasks.core.cli.request import parse
from tasks.ingest.fetch import Limits, fetch_files, find_files
from tests.ingest.packed import LINES, LONGEST, gz, landed, table, zipped, zst

PACKED = {
    "a.csv": LINES,
    "a.csv.gz": gz(LINES),
    "a.csv.zst": zst(LINES),
    "a.zip": zipped({"a.csv": LINES}),
    "stored.zip": zipped({"a.csv": LINES}, zipfile.ZIP_STORED),
    "bzip2.zip": zipped({"a.csv": LINES}, zipfile.ZIP_BZIP2),
    "lzma.zip": zipped({"a.csv": LINES}, zipfile.ZIP_LZMA),
    "several.gz": gz(LINES[:7]) + gz(LINES[7:90_000]) + gz(LINES[90_000:]) + bytes(512),
    "frames.zst": zst(LINES[:7]) + zst(LINES[7:]),
    "packed but says no.csv": gz(LINES),
    "says so but is not.csv.gz": LINES,
}


@pytest.mark.parametrize("name", PACKED)
def test_packing_changes_neither_the_bytes_nor_the_fingerprint(drop, name):
    (drop / name).write_bytes(PACKED[name])
    [one] = landed(drop)
    assert one.path.read_bytes() == LINES
    assert (one.bytes, one.sha256) == (len(LINES), hashlib.sha256(LINES).hexdigest())
    assert (one.rows, one.longest) == (60_001, LONGEST)
    assert one.name == (f"{name}!a.csv" if name.endswith(".zip") else name)


def test_a_plain_file_is_read_where_it_is(drop):
    (drop / "a.csv").write_bytes(LINES)
    [one] = landed(drop)
    assert one.path == drop / "a.csv" and list((drop.parent / "scratch").rglob("*.*")) == []


@pytest.mark.parametrize(
    "name",
    [
        "says.gz",
        "sp ace.csv",
        "é.csv",
        "[x].csv",
        "a,b.csv",
        "a:b.csv",
        "100%.csv",
        "{a}.csv",
        "x.BZ2",
    ],
)
def test_a_plain_file_whose_path_spark_would_misread_is_reached_by_a_link(drop, name):
    (drop / name).write_bytes(LINES)
    [one] = landed(drop)
    assert one.path.is_symlink() and one.path.read_bytes() == LINES and one.path.name.isdigit()
    assert one.path.is_relative_to(drop.parent / "scratch")


def test_spark_reads_what_landed_as_the_same_lines(spark, drop):
    for name in ("plain.csv", "says so but is not.csv.gz", "_hidden[1].csv", "packed.csv.gz"):
        (drop / name).write_bytes(gz(LINES) if name.startswith("packed") else LINES)
    found = [*find_files(".", drop), *find_files("_hidden[1].csv", drop)]
    for one in fetch_files(found, "lines", drop.parent / "scratch", Limits()):
        assert spark.read.text(one.path.as_uri()).count() == one.rows == 60_001, one.name


def test_every_file_of_a_zip_lands_but_hidden_ones(put, drop):
    put(
        a__zip=zipped(
            {
                "inner/b.csv": b"1\n2\n",
                "c.csv": b"3",
                "inner/": b"",
                "__MACOSX/._c.csv": b"\0\5",
                ".DS_Store": b"\0",
                "w\\d.csv": b"4\n",
            }
        )
    )
    assert [(one.name, one.rows, one.path.read_bytes()) for one in landed(drop)] == [
        ("a.zip!c.csv", 1, b"3"),
        ("a.zip!inner/b.csv", 2, b"1\n2\n"),
        ("a.zip!w/d.csv", 1, b"4\n"),
    ]


def test_files_without_a_byte_are_passed_over_where_there_are_others(put, drop):
    put(
        a__csv=b"",
        b__csv=b"1\n",
        c__csv__gz=gz(b""),
        d__zip=zipped({"part-0": b"", "part-1": b"2\n"}),
    )
    assert [(one.name, one.rows) for one in landed(drop)] == [("b.csv", 1), ("d.zip!part-1", 1)]
    put(b__csv=b"", d__zip=zipped({"part-0": b""}))
    with pytest.raises(
        RefusedData, match=r"a\.csv is empty, and so are the 3 other files; got '0 bytes'"
    ):
        landed(drop)


def test_a_path_inside_a_zip_decides_nothing(put, drop):
    put(
        a__zip=zipped(
            {"../../escaped.csv": b"1\n", "/etc/absolute.csv": b"2\n", "a/../../x.csv": b"3\n"}
        )
    )
    made = landed(drop)
    assert [one.name for one in made] == [
        "a.zip!../../escaped.csv",
        "a.zip!/etc/absolute.csv",
        "a.zip!a/../../x.csv",
    ]
    scratch = drop.parent / "scratch"
    assert all(
        one.path.resolve().is_relative_to(scratch) and one.path.name.replace("-", "").isdigit()
        for one in made
    )
    assert {p for p in drop.parent.rglob("*") if p.is_file()} == {
        drop / "a.zip",
        *(one.path for one in made),
    }


def test_parquet_is_counted_by_its_footer_whether_packed_or_not(put, drop):
    data = table(1234)
    put(a__parquet=data, b__parquet__gz=gz(data), c__zip=zipped({"c.parquet": data}))
    assert [(one.rows, one.longest, one.sha256) for one in landed(drop, "parquet")] == [
        (1234, 0, hashlib.sha256(data).hexdigest())
    ] * 3


def test_many_files_land_by_name_and_two_tables_share_a_scratch_folder(put, drop):
    put(**{f"part_{n}__gz": gz(b"%d\n" % n * (n + 1)) for n in range(40)})
    first, again = landed(drop), landed(drop)
    assert [one.name for one in first] == sorted(f"part_{n}.gz" for n in range(40))
    assert {one.name: one.rows for one in first} == {f"part_{n}.gz": n + 1 for n in range(40)}
    assert not {one.path for one in first} & {one.path for one in again}
    assert [one.sha256 for one in first] == [one.sha256 for one in again]


def test_nothing_to_land_is_nothing(tmp_path):
    assert fetch_files([], "lines", tmp_path, Limits()) == []


def test_the_limits_are_fields_of_a_request():
    assert parse(Limits, {"unpacked_gb": 1, "line_kb": 0.5}) == Limits(
        unpacked_gb=1.0, expansion=200.0, line_kb=0.5
    )


def test_a_file_that_grew_since_it_was_listed_is_read_again_later(put, drop):
    put(a__csv=b"1\n", b__csv=b"1\n")
    found = find_files(".", drop)
    put(b__csv=b"1\n2\n")
    with pytest.raises(Unreachable, match=r"b\.csv changed while it was read"):
        fetch_files(found, "lines", drop.parent / "scratch", Limits())
    (drop / "b.csv").unlink()
    with pytest.raises(Unreachable, match=r"cannot be read \(No such file"):
        fetch_files(found, "lines", drop.parent / "scratch", Limits())


def test_one_refused_file_leaves_nothing_of_the_others(put, drop):
    put(**{f"good_{n}__gz": gz(LINES) for n in range(8)}, a__gz=gz(LINES)[:-9])
    with pytest.raises(RefusedData, match=r"a\.gz is cut short"):
        landed(drop)
    assert list((drop.parent / "scratch").iterdir()) == []


def test_a_trailing_byte_of_a_gzip_is_no_zero_padding(put, drop):
    put(a__gz=gzip.compress(LINES) + b"x")
    with pytest.raises(RefusedData, match="no gzip that can be unpacked"):
        landed(drop)
