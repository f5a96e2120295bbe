"""Delimited text is read as its writer meant it: quotes, records over several lines, delimiters,
headers, blank lines, encodings.
"""

from __future__ import annotations

import csv
import io
import random

import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.reading import LOG, kept, looked_at, reasons, rows_of

T = 1_600_000_000
ITEMS = (
    '[interactions]\npath = "e.csv"\nuser = "u"\nitem = "i"\n[items]\npath = "{}"\nid = '
    '"id"\ntitle = "name"\ngenres = "cats"\n'
)


def items_of(spark, folder, data: bytes, name: str = "items.csv", more: str = "") -> list[tuple]:
    (folder / "e.csv").write_text("u,i\nann,a\n")
    (folder / name).write_bytes(data)
    return rows_of(spark, folder, ITEMS.format(name) + more, "items")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_a_line_break_inside_quotes_is_part_of_the_field(spark, tmp_path, end):
    data = end.join(
        [
            b"id,name,cats",
            b'a,"Teapot',
            b'blue, 2 l",kitchen',
            b'b,"Mug ""XL""",kitchen',
            b'c,"three',
            b"",
            b'lines",x',
            b"d,Pan,kitchen",
            b"",
        ]
    )
    rows = items_of(spark, tmp_path, data)
    text = end.decode()
    assert kept(rows, "id", "title") == [
        ("a", f"Teapot{text}blue, 2 l"),
        ("b", 'Mug "XL"'),
        ("c", f"three{text}{text}lines"),
        ("d", "Pan"),
    ]
    assert not reasons(rows) and rows[0]["raw"] == end.join(
        [b'a,"Teapot', b'blue, 2 l",kitchen']
    ), "the row is there byte for byte"


def test_a_line_break_in_a_column_that_nobody_named_makes_no_user(spark, tmp_path):
    (tmp_path / "e.csv").write_text(
        f'user,item,ts,comment\nu1,a,{T},fine\nu1,b,{T},"ok\nu9,zzz,{T},never"\nu1,c,{T},fine\n'
    )
    rows = rows_of(spark, tmp_path, LOG + 'path = "e.csv"')
    assert kept(rows, "user", "item") == [("u1", "a"), ("u1", "b"), ("u1", "c")] and not reasons(
        rows
    )


def test_a_stray_quote_ends_with_its_line_and_swallows_nothing(spark, tmp_path):
    lines = [
        f"u1,a,{T}",
        f'u2,"b,{T}',
        f"u3,c,{T}",
        f'u4,d",{T}',
        f'u5,5" pipe,{T}',
        f'u6,"e" f,{T}',
        f"u7,g,{T}",
    ]
    (tmp_path / "e.csv").write_text("user,item,ts\n" + "\n".join(lines) + "\n")
    rows = rows_of(spark, tmp_path, LOG + 'path = "e.csv"')
    assert [row["raw"].decode() for row in rows] == lines
    assert {("u1", "a"), ("u3", "c"), ("u4", 'd"'), ("u5", '5" pipe'), ("u7", "g")} <= set(
        kept(rows, "user", "item")
    )
    assert rows[1]["verdict"] == "broken_quotes"


def test_quotes_behind_backslashes_are_read_as_spark_writes_them(spark, tmp_path):
    titles = [
        'Die "kleine" Hexe',
        'The "Real, Thing"',
        "ends with \\",
        'say "hi"',
        "plain",
        "C:\\temp",
    ]
    (tmp_path / "e.csv").write_text("u,i\nann,a\n")
    spark.createDataFrame(
        [(str(n), title, "x") for n, title in enumerate(titles)],
        "id string, name string, cats string",
    ).coalesce(1).write.csv(f"file://{tmp_path}/items", header=True, quoteAll=True)
    rows = rows_of(
        spark,
        tmp_path,
        ITEMS.format("items").replace('path = "items"', 'path = "items"\nformat = "csv"'),
        "items",
    )
    assert [title for _, title in kept(rows, "id", "title")] == titles


def test_a_backslash_before_a_closing_quote_is_a_backslash_where_quotes_are_doubled(
    spark, tmp_path
):
    rows = items_of(spark, tmp_path, b'id,name,cats\na,"C:\\",x\nb,"say ""hi""",y\n')
    assert kept(rows, "id", "title") == [("a", "C:\\"), ("b", 'say "hi"')]


def test_quoting_given_wins(spark, tmp_path):
    rows = items_of(
        spark, tmp_path, b'id,name,cats\na,"Heroes",x\nb,"Low",y\n', more='quoting = "none"\n'
    )
    assert kept(rows, "id", "title") == [("a", '"Heroes"'), ("b", '"Low"')]


@pytest.mark.parametrize("row_names", [False, True])
def test_what_r_writes_has_no_quotes_in_its_ids(spark, tmp_path, row_names):
    rows = "".join(
        (f'"{n}"\t' if row_names else "") + f'"u{n}"\t"a b"\t{T + n}\n' for n in range(1, 5)
    )
    (tmp_path / "e.tsv").write_text('"user"\t"item"\t"ts"\n' + rows)
    assert kept(rows_of(spark, tmp_path, LOG + 'path = "e.tsv"'), "user", "item") == [
        (f"u{n}", "a b") for n in range(1, 5)
    ]


def test_quotes_that_are_text_in_tab_separated_files_stay(spark, tmp_path):
    titles = ['"Weird Al" Yankovic', '"Heroes', 'Low "2"', "plain"]
    rows = items_of(
        spark,
        tmp_path,
        "".join(f"{n}\t{title}\tx\n" for n, title in enumerate(["name", *titles]))
        .replace("0\tname\tx", "id\tname\tcats")
        .encode(),
        "items.tsv",
    )
    assert [title for _, title in kept(rows, "id", "title")] == titles


def test_the_delimiter_is_found_out_file_by_file(spark, tmp_path):
    lines = [
        ("user", "item", "ts", "price, EUR"),
        ("u1", "a", str(T), "1 50"),
        ("u2", "b", str(T + 1), "2 50"),
    ]
    delimiters = [",", ";", "\t", "|", "::", "\x01"]
    for nth, delimiter in enumerate(delimiters):
        quoted = '"price, EUR"' if delimiter == "," else "price, EUR"
        (tmp_path / f"{nth}.csv").write_text(
            "".join(delimiter.join(line).replace("price, EUR", quoted) + "\n" for line in lines)
        )
    rows = kept(rows_of(spark, tmp_path, LOG + 'path = "*.csv"'), "user", "item", "ms")
    assert rows == [("u1", "a", T * 1000), ("u2", "b", (T + 1) * 1000)] * len(delimiters)


def test_a_header_may_hold_the_delimiter_and_ends_of_lines_in_quotes(spark, tmp_path):
    (tmp_path / "e.csv").write_text(
        f'"user","item","ts","price,\nEUR"\nu1,a,{T},"1,50"\nu1,b,{T + 1},"2\n50"\n'
    )
    assert kept(rows_of(spark, tmp_path, LOG + 'path = "e.csv"'), "user", "item") == [
        ("u1", "a"),
        ("u1", "b"),
    ]


def test_excels_line_before_the_header_is_no_row(spark, tmp_path):
    (tmp_path / "e.csv").write_text(f"sep=;\r\nuser;item;ts\r\nu1;a;{T}\r\n;;\r\n")
    assert kept(rows_of(spark, tmp_path, LOG + 'path = "e.csv"'), "user", "item") == [("u1", "a")]


@pytest.mark.parametrize("name, blank", [("e.csv", "\n  \n,,\n\n"), ("e.jsonl", "\n \n\n")])
def test_blank_lines_are_no_rows(spark, tmp_path, name, blank):
    row = (
        '{{"user": "u{}", "item": "a", "ts": 1600000000}}\n'
        if name.endswith("jsonl")
        else "u{},a,1600000000\n"
    )
    (tmp_path / name).write_text(
        ("" if name.endswith("jsonl") else "user,item,ts\n")
        + row.format(1)
        + blank
        + row.format(2)
        + blank
    )
    rows = rows_of(spark, tmp_path, LOG + f'path = "{name}"')
    assert kept(rows, "user") == [("u1",), ("u2",)] and not reasons(rows)


def test_a_header_beside_names_of_columns_is_no_row(spark, tmp_path):
    (tmp_path / "e.csv").write_text('"User",item\nu1,a\nu2,b\n')
    toml = (
        '[interactions]\npath = "e.csv"\ncolumns = ["user", "item"]\nuser = "user"\nitem = "item"\n'
    )
    assert kept(rows_of(spark, tmp_path, toml), "user", "item") == [("u1", "a"), ("u2", "b")]


def test_latin_1_is_found_out_and_told_and_damage_is_no_latin_1(spark, tmp_path):
    (tmp_path / "e.csv").write_bytes(
        b"user,item,ts\n" + b"".join(f"bj\xf6rn{n},\xe5l,{T}\n".encode("latin-1") for n in range(9))
    )
    rows = rows_of(spark, tmp_path, LOG + 'path = "e.csv"')
    assert kept(rows, "user", "item")[0] == ("björn0", "ål")
    assert any(
        "Latin-1" in note
        for note in looked_at(tmp_path, LOG + 'path = "e.csv"')[0].guesses[0].notes
    )
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "e.csv").write_bytes(
        b"user,item,ts\n"
        + "".join(f"björn{n},ål,{T}\n" for n in range(9)).encode()
        + b"b\xff,al,1600000000\n"
    )
    rows = rows_of(spark, damaged, LOG + 'path = "e.csv"')
    assert kept(rows, "user", "item")[0] == ("björn0", "ål") and reasons(rows) == [
        "broken_encoding"
    ]


def test_a_header_of_far_too_many_columns_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "e.csv").write_text(",".join(f"c{n}" for n in range(100_000)) + "\n1\n")
    with pytest.raises(RefusedData, match="far too many fields; got '100,000'; expected 20,000"):
        looked_at(tmp_path, LOG + 'path = "e.csv"')


def test_whatever_pythons_writer_quotes_comes_back(spark, tmp_path):
    """Random texts of quotes, delimiters, ends of lines and backslashes, as titles of a
    catalogue.
    """
    choose = random.Random(7)
    titles = [
        "".join(choose.choices(['"', ",", "\n", "\\", "a", "é", " x"], k=choose.randint(1, 9)))
        + str(n)
        for n in range(300)
    ]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(
        [("id", "name", "cats"), *((f"i{n}", title, "x") for n, title in enumerate(titles))]
    )
    rows = items_of(spark, tmp_path, out.getvalue().encode())
    assert dict(kept(rows, "id", "title")) == {
        f"i{n}": title.strip() for n, title in enumerate(titles)
    } and not reasons(rows)
