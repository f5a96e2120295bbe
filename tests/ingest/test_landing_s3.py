"""The same from buckets, against a server that speaks S3: found, fetched, refused, and told apart
from a store that is away.
"""

from __future__ import annotations

import hashlib

import pytest

from tasks.core.cli.errors import BadRequest, RefusedData, Unreachable
from tasks.core.store.s3 import request_error
from tasks.ingest.fetch import Limits, fetch_files, find_files, find_files_of_day, list_days
from tasks.ingest.fetch.s3 import Bucket
from tests.ingest.packed import LINES, LONGEST, gz, table, zipped, zst
from tests.servers_s3 import SECRET, s3_server

OBJECTS = {
    "items.csv": b"1,x\n",
    "events/2026-01-01/part-1.jsonl": LINES,
    "events/2026-01-01/part-2.jsonl.gz": gz(LINES),
    "events/2026-01-01/_SUCCESS": b"",
    "events/2026-01-02/part-1.csv.zst": zst(LINES),
    "events/2026-01-02/z.zip": zipped({"z.csv": LINES}),
    "events/2026-02-30/x.csv": b"1\n",
    "events/_temporary/0/part-1.jsonl": b"half",
    "odd/é [x] +%.csv": b"1\n2\n",
    "table/part-1.parquet": table(77),
}
EVENTS = [
    "2026-01-01/part-1.jsonl",
    "2026-01-01/part-2.jsonl.gz",
    "2026-01-02/part-1.csv.zst",
    "2026-01-02/z.zip",
    "2026-02-30/x.csv",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        running.put("data")
        for key, content in OBJECTS.items():
            running.put(f"data/{key}", content)
        yield running


@pytest.fixture
def base(store, tmp_path):
    return tmp_path


@pytest.mark.parametrize(
    "where, expected",
    [
        ("s3://data/items.csv", ["items.csv"]),
        ("s3://data/events", EVENTS),
        ("s3://data/events/", EVENTS),
        ("s3://data/events/*/*.jsonl*", EVENTS[:2]),
        ("s3://data/events/**/part-?.*", EVENTS[:3]),
        ("s3://data/events/2026-01-0[!1]/*", ["2026-01-02/part-1.csv.zst", "2026-01-02/z.zip"]),
        ("s3://data/odd/é [x] +%.csv", ["é [x] +%.csv"]),
        ("s3://data/odd/*", ["é [x] +%.csv"]),
        (
            "s3://data",
            [
                "items.csv",
                *(f"events/{name}" for name in EVENTS),
                "odd/é [x] +%.csv",
                "table/part-1.parquet",
            ],
        ),
    ],
)
def test_an_object_a_prefix_or_a_glob_means_these_objects(base, where, expected):
    found = find_files(where, base)
    assert [one.name for one in found] == sorted(expected)
    assert all(OBJECTS[one.uri.removeprefix("s3://data/")] is not None for one in found)
    assert all(
        one.bytes == len(OBJECTS[one.uri.removeprefix("s3://data/")]) and one.modified > 1.7e18
        for one in found
    )


def test_days_of_a_bucket(base):
    assert list_days("s3://data/events/{day}/*", base) == ["2026-01-01", "2026-01-02"]
    assert [
        one.name for one in find_files_of_day("s3://data/events/{day}", base, "2026-01-01")
    ] == [
        "part-1.jsonl",
        "part-2.jsonl.gz",
    ]


def test_objects_land_as_the_plain_files_that_they_are(base):
    made = fetch_files(
        find_files("s3://data/events/2026-01-*/*", base), "lines", base / "scratch", Limits()
    )
    assert [one.name for one in made] == [*EVENTS[:3], "2026-01-02/z.zip!z.csv"]
    for one in made:
        assert one.path.read_bytes() == LINES and one.path.is_relative_to(base / "scratch")
        assert (one.sha256, one.rows, one.longest) == (
            hashlib.sha256(LINES).hexdigest(),
            60_001,
            LONGEST,
        )
    assert sorted(p.name for p in (base / "scratch").rglob("*") if p.is_file()) == sorted(
        one.path.name for one in made
    ), "the zip is gone"


def test_a_parquet_object_is_counted(base):
    [one] = fetch_files(find_files("s3://data/table", base), "parquet", base / "scratch", Limits())
    assert (one.rows, one.longest, one.path.read_bytes()) == (
        77,
        0,
        OBJECTS["table/part-1.parquet"],
    )


def test_an_object_of_several_requests_is_whole(store, base):
    data = bytes(range(32, 127)) * 250_000
    store.put("data/big/plain.csv", data)
    store.put("data/big/packed.csv.gz", gz(data))
    try:
        made = fetch_files(
            find_files("s3://data/big", base),
            "lines",
            base / "scratch",
            Limits(expansion=1e6, line_kb=1e6),
        )
    finally:
        store.delete("data/big/plain.csv"), store.delete("data/big/packed.csv.gz")
    assert [(one.sha256, one.longest) for one in made] == [
        (hashlib.sha256(data).hexdigest(), len(data))
    ] * 2


def test_what_is_bad_is_refused_alike(store, base):
    for key, data, message in (
        ("half.gz", gz(LINES)[:-20], "is cut short"),
        ("empty.csv", b"", "is empty"),
        ("twice.gz", gz(gz(LINES)), "packed twice"),
        ("half.zip", zipped({"a": LINES})[:-20], "is cut short"),
        ("wide.csv", LINES.decode().encode("utf-16"), "UTF-16"),
    ):
        store.put(f"data/bad/{key}", data)
        with pytest.raises(RefusedData, match=rf"{key} .*{message}"):
            fetch_files(
                find_files(f"s3://data/bad/{key}", base), "lines", base / "scratch", Limits()
            )
        store.delete(f"data/bad/{key}")
    assert list((base / "scratch").iterdir()) == []


def test_a_zip_that_could_never_fit_is_not_fetched(base):
    with pytest.raises(RefusedData, match=r"too big together, at z.zip"):
        fetch_files(
            find_files("s3://data/events/2026-01-02/z.zip", base),
            "lines",
            base / "scratch",
            Limits(unpacked_gb=1e-5),
        )


def test_an_object_that_was_replaced_or_taken_away_is_read_again_later(store, base):
    store.put("data/moving/a.csv", b"1\n")
    found = find_files("s3://data/moving/a.csv", base)
    store.put("data/moving/a.csv", b"1\n2\n")
    with pytest.raises(Unreachable, match="changed while it was read"):
        fetch_files(found, "lines", base / "scratch", Limits())
    store.delete("data/moving/a.csv")
    with pytest.raises(Unreachable, match="gone since it was listed"):
        fetch_files(found, "lines", base / "scratch", Limits())


def test_when_no_object_is_found_it_is_said_what_lies_there(base):
    with pytest.raises(
        RefusedData,
        match=r"no file is at s3://data/events/2026-01-03; got '.*data/events with 2026-01-01, "
        r"2026-01-02",
    ):
        find_files_of_day("s3://data/events/{day}", base, "2026-01-03")
    with pytest.raises(
        BadRequest,
        match=r"there is no such bucket; got 's3://nothing/events'; remedy: correct the path, "
        r"or set AWS_ENDPOINT_URL",
    ):
        find_files("s3://nothing/events", base)
    with pytest.raises(BadRequest, match="no such bucket"):
        find_files("s3://nothing/*.csv", base)


def test_a_store_that_refuses_the_key_says_so_without_telling_it(tmp_path, capfd):
    with s3_server(tmp_path / "s3", INITIAL_NO_AUTH_ACTION_COUNT="0"):
        for ask in (
            lambda: find_files("s3://data/a.csv", tmp_path),
            lambda: find_files("s3://data/*.csv", tmp_path),
            lambda: list_days("s3://data/{day}", tmp_path),
        ):
            with pytest.raises(
                BadRequest,
                match=r"refuses access \((ACCESS_DENIED|INVALID_ACCESS_KEY_ID)\); got "
                r"'s3://data.*AWS_ACCESS_KEY_ID",
            ) as refused:
                ask()
            assert SECRET not in str(refused.value)
    assert SECRET not in "".join(capfd.readouterr())


def test_a_store_that_is_away_is_tried_again_later(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://tester:{SECRET}@127.0.0.1:1")
    with pytest.raises(
        Unreachable,
        match=r"does not answer \(NETWORK_CONNECTION\); got 's3://data/\S+ at "
        r"http://127\.0\.0\.1:1'",
    ) as refused:
        find_files("s3://data/a.csv", tmp_path)
    assert SECRET not in str(refused.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "not an address")
    with pytest.raises(
        BadRequest, match="the address of the object store is none; got 'not an address'"
    ):
        find_files("s3://data/a.csv", tmp_path)


def test_a_store_that_goes_away_halfway_is_no_damaged_file(tmp_path):
    data = bytes(range(32, 127)) * 250_000 + b"\n"
    with s3_server(tmp_path / "s3") as store:
        store.put("data")
        store.put("data/a.csv", data)
        found = find_files("s3://data/a.csv", tmp_path)
        with Bucket().open("data/a.csv") as file:
            assert file.read(1 << 20) == data[: 1 << 20]
            store.kill()
            with pytest.raises(Unreachable, match="does not answer"):
                while file.read(1 << 20):
                    pass
        with pytest.raises(Unreachable, match="does not answer"):
            fetch_files(found, "lines", tmp_path / "scratch", Limits())


@pytest.mark.parametrize(
    "text, kind, message",
    [
        (
            "AWS Error UNKNOWN (HTTP status 301) during HeadObject operation",
            BadRequest,
            "not in this region .HTTP 301",
        ),
        (
            "AWS Error EXPIRED_TOKEN during HeadObject operation: token=abc",
            BadRequest,
            "refuses access .EXPIRED_TOKEN",
        ),
        (
            "AWS Error UNKNOWN (HTTP status 403) during GetObject operation",
            BadRequest,
            "refuses access .HTTP 403",
        ),
        (
            "AWS Error SLOW_DOWN during ListObjectsV2 operation: Please reduce your request rate",
            Unreachable,
            "does not answer .SLOW_DOWN",
        ),
        (
            "AWS Error UNKNOWN (HTTP status 503) during HeadObject operation",
            Unreachable,
            "does not answer .HTTP 503",
        ),
        ("something new", Unreachable, "does not answer .no code"),
    ],
)
def test_what_a_service_says_decides_whether_to_try_again(text, kind, message):
    with pytest.raises(kind, match=message):
        raise request_error(OSError(text), "data/a.csv")
