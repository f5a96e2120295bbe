"""Your own data: any layout that the TOML file describes gives the one schema, and ids come back as
they went in.
"""

from __future__ import annotations

import gzip
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import BadRequest, RefusedData
from tasks.ingest.snapshot import snapshot
from tasks.ingest.sources import describe
from tests.ingest.conftest import make_snapshot, snapshot_request

SECOND = 1_600_000_000
DAY = "2020-09-14"  # of SECOND and the day after
USERS, ITEMS = (
    ("ünal-7", "007", "3f2b8c1e-0d5c-4f4e-9a55-7d1f0b1c2a33"),
    ("a/b", "10", "9", "ключ", "x y"),
)
ORDER = (3, 0, 4, 1, 2)  # in which each user meets the items
HOLD_ONE = {"split": {"test": 1, "validation": 0}}


def rows():
    """user, item, milliseconds, stars: each user meets every item once, 500 ms apart, so that
    seconds alone give no order.
    """
    return [
        (user, ITEMS[item], SECOND * 1000 + 500 * place, 1 + (item + place) % 5)
        for user in USERS
        for place, item in enumerate(ORDER)
    ]


def describe_as(folder, toml: str) -> str:
    (folder / "shop.toml").write_text(toml)
    return str(folder / "shop.toml")


def check(made):
    assert set(made.item_ids) == set(ITEMS) and set(made.user_ids) == set(USERS)
    assert made.artefact.facts["item_id_type"] == made.artefact.facts["user_id_type"] == "text"
    assert made.item_ids == sorted(ITEMS, key=str.encode), (
        "text ids are in the order of their bytes"
    )
    whole = made.histories("train", "validation", "test", liked_only=False)
    for row in range(len(USERS)):
        assert [made.item_ids[item] for item in whole[row]] == [ITEMS[item] for item in ORDER]
    assert made.table("interactions")["timestamp"].to_pylist()[0] // 60 == SECOND // 60


def jsonl(rows, clock=lambda ms: ms) -> str:
    return "".join(
        json.dumps(
            {"uid": u, "sku": i, "ts": clock(ms), "stars": s, "more": {"a": [1]}},
            ensure_ascii=False,
        )
        + "\n"
        for u, i, ms, s in rows
    )


STARS = (
    '[interactions]\nuser = "uid"\nitem = "sku"\ntimestamp = "ts"\nrating = '
    '"stars"\nrating_range = [1, 5]\n'
)


def write_jsonl_gz(folder):
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(jsonl(rows()[:7]).encode()))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(jsonl(rows()[7:]).encode()))
    return STARS + 'path = "*.jsonl.gz"\nclock = "milliseconds"\n'


def write_iso(folder):
    import datetime

    def iso(ms):
        moment = datetime.datetime.fromtimestamp(
            ms / 1000, datetime.timezone(datetime.timedelta(hours=2))
        )
        return moment.isoformat(timespec="milliseconds")

    (folder / "rows.json").write_text(jsonl(rows(), iso))
    return STARS + 'path = "rows.json"\nclock = "iso8601"\n'


def write_csv_zip(folder):
    """Several parts, as Spark writes them: one without a byte, one with its header alone."""
    header, text = (
        "note;stars;ts;sku;uid\n",
        [f'"a;b";{s};{ms / 1000:.3f};"{i}";{u}\n' for u, i, ms, s in rows()],
    )
    with zipfile.ZipFile(folder / "rows.csv.zip", "w") as archive:
        for nth, part in enumerate(
            ("", header, header + "".join(text[:8]), header + "".join(text[8:]))
        ):
            archive.writestr(f"inner/part-{nth}.csv", part)
    return STARS + 'path = "rows.csv.zip"\ndelimiter = ";"\n'


def write_headerless(folder):
    (folder / "rows.tsv").write_text("".join(f"{ms}\t{i}\t{u}\t{s}\r\n" for u, i, ms, s in rows()))
    return (
        STARS
        + 'path = "rows.tsv"\ncolumns = ["ts", "sku", "uid", "stars"]\nclock = "milliseconds"\n'
    )


def write_parquet(folder):
    users, items, times, stars = zip(*rows())
    table = pa.table(
        {
            "uid": users,
            "sku": items,
            "ts": pa.array([ms * 1000 for ms in times], pa.timestamp("us", "UTC")),
            "stars": pa.array(stars, pa.int8()),
            "tags": [["a"]] * len(users),
        }
    )
    (folder / "rows").mkdir()
    pq.write_table(table.slice(0, 6), folder / "rows" / "part 0+1.parquet")
    pq.write_table(table.slice(6), folder / "rows" / "part-1.parquet")
    return STARS + 'path = "rows"\nformat = "parquet"\nclock = "iso8601"\n'


@pytest.mark.parametrize(
    "write",
    [write_jsonl_gz, write_iso, write_csv_zip, write_headerless, write_parquet],
    ids=lambda one: one.__name__[6:],
)
def test_every_layout_gives_the_one_schema(spark, tmp_path, write):
    location = describe_as(tmp_path, write(tmp_path))
    result, made = make_snapshot(
        snapshot_request(tmp_path, location, format="own", day=DAY, **HOLD_ONE)
    )
    check(made)
    assert (result["rows_in"], result["kept"], result["quarantined"]) == (15, 15, 0)
    liked = made.table("interactions").to_pylist()
    assert all(row["liked"] == (row["rating"] > 3) for row in liked), (
        "without a rule, above the middle of the range"
    )


def test_every_event_is_a_row_with_the_weight_of_its_kind(spark, tmp_path):
    events = [
        ("ann", "tea", 1, "view"),
        ("ann", "tea", 2, "view"),
        ("ann", "tea", 3, "buy"),
        ("ann", "mug", 4, "view"),
        ("bob", "tea", 5, "view"),
        ("bob", "jar", 6, "buy"),
        ("bob", "jar", 6, "buy"),
        ("cid", "jar", 7, "wave"),
        ("cid", "mug", 8, "view"),
        ("cid", "tea", 9, "view"),
    ]
    (tmp_path / "e.csv").write_text(
        "u,i,t,kind\n" + "".join(f"{u},{i},{SECOND + t},{kind}\n" for u, i, t, kind in events)
    )
    toml = (
        '[interactions]\npath = "e.csv"\nuser = "u"\nitem = "i"\ntimestamp = "t"\nevent = '
        '"kind"\nweights = { view = 1, buy = 5 }\n'
    )
    result, made = make_snapshot(
        snapshot_request(
            tmp_path,
            describe_as(tmp_path, toml),
            format="own",
            day=DAY,
            maximum_quarantined=0.2,
            **HOLD_ONE,
        )
    )
    assert (result["rows_in"], result["kept"], result["repeats"], result["reasons"]) == (
        10,
        8,
        2,
        {"unknown_event": 1, "exact_duplicate": 1},
    )
    rows = [
        (
            made.user_ids[row["user"]],
            made.item_ids[row["item"]],
            row["rating"],
            row["timestamp"] - SECOND,
            row["position"],
            row["liked"],
        )
        for row in made.table("interactions")
        .sort_by([("user", "ascending"), ("position", "ascending")])
        .to_pylist()
    ]
    assert rows == [
        ("ann", "tea", 1, 1, 0, True),
        ("ann", "tea", 1, 2, 1, True),
        ("ann", "tea", 5, 3, 2, True),
        ("ann", "mug", 1, 4, 3, True),
        ("bob", "tea", 1, 5, 0, True),
        ("bob", "jar", 5, 6, 1, True),
        ("cid", "mug", 1, 8, 0, True),
        ("cid", "tea", 1, 9, 1, True),
    ]


def test_a_catalogue_brings_titles_and_genres_and_sets_unknown_items_aside(spark, tmp_path):
    (tmp_path / "rows.jsonl").write_text(
        jsonl(rows()) + jsonl([("ünal-7", "nowhere", SECOND * 1000, 5)])
    )
    (tmp_path / "items.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "sku": sku,
                    "name": f"The {sku}",
                    "tags": [" a 0", "b|c"] if n % 2 else " d 0 |e|",
                },
                ensure_ascii=False,
            )
            + "\n"
            for n, sku in enumerate(ITEMS)
        )
    )
    (tmp_path / "users.csv").write_text(
        "uid,country\n" + "".join(f"{user},AT\n" for user in USERS[:2])
    )
    toml = (
        STARS + 'path = "rows.jsonl"\nclock = "milliseconds"\n[items]\npath = "items.jsonl"\nid = '
        '"sku"\ntitle = "name"\ngenres = "tags"\n'
        '[users]\npath = "users.csv"\nid = "uid"\nattributes = ["country"]\n'
    )
    result, made = make_snapshot(
        snapshot_request(
            tmp_path,
            describe_as(tmp_path, toml),
            format="own",
            day=DAY,
            maximum_quarantined=0.2,
            **HOLD_ONE,
        )
    )
    check(made)
    assert result["reasons"] == {"unknown_item": 1}
    catalogue = {row["id"]: (row["title"], row["genres"]) for row in made.items.to_pylist()}
    assert catalogue == {
        sku: (f"The {sku}", ["a 0", "b|c"] if n % 2 else ["d 0", "e"])
        for n, sku in enumerate(ITEMS)
    }
    assert {row["id"]: row["country"] for row in made.table("users").to_pylist()} == {
        USERS[0]: "AT",
        USERS[1]: "AT",
        USERS[2]: "",
    }


def test_lines_that_are_no_single_object_are_set_aside(spark, tmp_path):
    bad = [
        '{"uid": "a"',
        "[1, 2]",
        '{"uid": "x"} {"uid": "y"}',
        "null",
        '{"uid": {"deep": 1}, "sku": null, "ts": 1}',
        "",
    ]
    (tmp_path / "rows.jsonl").write_text(jsonl(rows()) + "\n".join(bad) + "\n")
    toml = STARS + 'path = "rows.jsonl"\nclock = "milliseconds"\n'
    result, made = make_snapshot(
        snapshot_request(
            tmp_path,
            describe_as(tmp_path, toml),
            format="own",
            day=DAY,
            maximum_quarantined=0.5,
            **HOLD_ONE,
        )
    )
    check(made)
    assert result["reasons"] == {"broken_json": 4, "nested_id": 1}, "a blank line is no row"


def test_a_line_of_more_fields_than_the_parser_holds_is_set_aside_and_ends_nothing(spark, tmp_path):
    lines = [f"{user},{item},{ms},{stars}" for user, item, ms, stars in rows()]
    (tmp_path / "rows.csv").write_text(
        "\n".join(["uid,sku,ts,stars", *lines, "3,2" + 30_000 * ","]) + "\n"
    )
    toml = STARS + 'path = "rows.csv"\nclock = "milliseconds"\n'
    result, made = make_snapshot(
        snapshot_request(
            tmp_path,
            describe_as(tmp_path, toml),
            format="own",
            day=DAY,
            maximum_quarantined=0.5,
            **HOLD_ONE,
        )
    )
    check(made)
    assert result["reasons"] == {"wrong_number_of_fields": 1}


@pytest.mark.parametrize(
    "toml, message",
    [
        ("[interactions\n", "no TOML"),
        ('[interactions]\npath = "a.csv"\nuser = "u"\n', "interactions.item: missing"),
        (
            '[interactions]\npath = "a"\nuser = "u"\nitem = "i"\n',
            "format: cannot be told from the name; got 'a'",
        ),
        (
            '[interactions]\npath = "a.csv"\nuser = "u"\nitem = "i"\nrating = "r"\n',
            "rating_range: needed with a rating",
        ),
        (
            '[interactions]\npath = "a.csv"\nuser = "u"\nitem = "i"\nevent = "e"\n',
            "event and weights belong together",
        ),
        (
            '[interactions]\npath = "a.csv"\nuser = "u"\nitem = "i"\nevent = "e"\nweights = { '
            "view = -1 }\n",
            "weights.view: not a weight; got -1",
        ),
        (
            '[interactions]\npath = "a.csv"\nuser = "u"\nitem = "u"\n',
            "one field is named for two things; got 'u'",
        ),
        (
            '[interactions]\npath = "a.csv"\nuser = "u"\nitem = "i"\ncolumns = ["u"]\n',
            "columns lacks i",
        ),
        (
            '[interactions]\npath = "a.csv"\nuser = "u"\nitem = "i"\nclok = "x"\n',
            "interactions.clok: unknown",
        ),
        (
            'liked = "often"\n[interactions]\npath = "a.csv"\nuser = "u"\nitem = "i"\n',
            "liked: not a rule; got 'often'",
        ),
    ],
)
def test_a_description_that_cannot_be_meant_is_refused_in_one_sentence(tmp_path, toml, message):
    with pytest.raises(BadRequest, match=message):
        describe("own", describe_as(tmp_path, toml))


def test_files_that_are_not_as_described_are_refused(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"who": 1}\n')
    pq.write_table(pa.table({"uid": ["a"]}), tmp_path / "rows.parquet")
    for name, message in (
        (
            "rows.jsonl",
            "none of its rows has the fields uid, sku, stars, ts; got 'objects with who'",
        ),
        ("rows.parquet", "lacks the column sku"),
    ):
        with pytest.raises(RefusedData, match=message):
            snapshot(
                snapshot_request(
                    tmp_path,
                    describe_as(tmp_path, STARS + f'path = "{name}"\n'),
                    format="own",
                    day=DAY,
                )
            )


@pytest.mark.parametrize(
    "files, message",
    [
        (
            {"rows.csv": "uid,sku,stars,ts\na,b,5,1\n", "README.txt": "a,b\n"},
            r"rows\.zip!README\.txt, line 1: the header lacks uid, sku, stars, ts",
        ),
        (
            {"a.csv": "uid,sku,stars,ts\n", "b.csv": "uid,sku,stars,ts\n"},
            r"rows\.zip!a\.csv holds its header and nothing else, and the others, too",
        ),
    ],
)
def test_all_files_of_a_zip_are_of_the_one_table(tmp_path, files, message):
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    with pytest.raises(RefusedData, match=message):
        snapshot(
            snapshot_request(
                tmp_path,
                describe_as(tmp_path, STARS + 'path = "rows.zip"\nformat = "csv"\n'),
                format="own",
                day=DAY,
            )
        )


def test_titles_and_genres_are_cut_to_their_limits_and_the_items_counted(spark, tmp_path):
    toml = (
        write_jsonl_gz(tmp_path)
        + '[items]\npath = "items.jsonl"\nid = "sku"\ntitle = "name"\ngenres = "tags"\n'
    )
    catalogue = [{"sku": item, "name": "short", "tags": ["a"]} for item in ITEMS]
    catalogue[0]["name"], catalogue[1]["tags"], catalogue[2]["tags"], catalogue[3]["name"] = (
        "é" * 150_000,
        ["b" * 21],
        list("abcde"),
        "t" * 20,
    )
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in catalogue))
    _, made = make_snapshot(
        snapshot_request(
            tmp_path,
            describe_as(tmp_path, toml),
            format="own",
            day=DAY,
            title_characters=20,
            genres_of_item=4,
            **HOLD_ONE,
        )
    )
    items = dict(
        zip(made.item_ids, zip(made.items["title"].to_pylist(), made.items["genres"].to_pylist()))
    )
    assert [items[item] for item in ITEMS] == [
        ("é" * 19 + "…", ["a"]),
        ("short", ["b" * 19 + "…"]),
        ("short", list("abcd")),
        ("t" * 20, ["a"]),
        ("short", ["a"]),
    ]
    assert [note for note in made.artefact.facts["notes"] if "cut" in note] == [
        "3 items have more than title_characters=20 in a title or genre, or more than "
        "genres_of_item=4: the rest is cut"
    ]
    assert (
        "3 of the items had longer titles or genres"
        in (made.artefact.path / "report.html").read_text()
    )
