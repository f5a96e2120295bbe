"""Headers, delimiters and dates as files have them: read, or refused in a sentence that says what
to do.
"""

from __future__ import annotations

import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.reading import LOG, kept, looked_at, reasons, rows_of, rows_of_texts

T = 1_600_000_000
ROWS = "".join(f"u{n},i{n},{T + n}\n" for n in range(3))
WANTED = [(f"u{n}", f"i{n}", (T + n) * 1000) for n in range(3)]
TOML = LOG + 'path = "e.csv"\n'
FORMS = {
    "a blank line first": "\n\nuser,item,ts\n" + ROWS,
    "comments first": "# made by x\n#\n\nuser,item,ts\n" + ROWS,
    "a header in a comment": "# user,item,ts\n" + ROWS,
    "a delimiter ends the header": "user,item,ts,\n" + ROWS,
    "a delimiter ends each row": "user,item,ts\n" + ROWS.replace("\n", ",\n"),
    "a delimiter ends each line": "user,item,ts,\n" + ROWS.replace("\n", ",\n"),
    "names of rows": "user,item,ts\n"
    + "".join(f"{n},{row}\n" for n, row in enumerate(ROWS.splitlines())),
    "an index": ",user,item,ts\n"
    + "".join(f"{n},{row}\n" for n, row in enumerate(ROWS.splitlines())),
    "LF CR": ("user,item,ts\n" + ROWS).replace("\n", "\n\r"),
    "CR CR LF": ("user,item,ts\n" + ROWS).replace("\n", "\r\r\n"),
    "blanks behind delimiters": ("user,item,ts\n" + ROWS).replace(",", ", "),
    "control characters between": ("user,item,ts\n" + ROWS).replace(",", "\x01"),
    "no end of the last line": ("user,item,ts\n" + ROWS).rstrip("\n"),
    "two columns of one name that nobody named": (
        "user,item,ts,x,x\n" + ROWS.replace("\n", ",1,2\n")
    ),
}


def test_headers_and_delimiters(spark, tmp_path):
    read = rows_of_texts(spark, tmp_path, FORMS)
    assert {form: kept(rows, "user", "item", "ms") for form, rows in read.items()} == dict.fromkeys(
        FORMS, WANTED
    )
    assert not any(map(reasons, read.values()))


def test_a_last_field_that_the_header_does_not_name_is_no_name_of_a_row(spark, tmp_path):
    (tmp_path / "e.csv").write_text("user,item,ts\n" + ROWS.replace("\n", ",x\n"))
    assert not kept(rows_of(spark, tmp_path, TOML), "user"), "no user is made of an item's id"


def test_a_name_in_the_header_may_span_lines(spark, tmp_path):
    (tmp_path / "e.csv").write_text('"us\ner",item,ts\n' + ROWS)
    assert (
        kept(
            rows_of(spark, tmp_path, TOML.replace('user = "user"', 'user = "us\\ner"')),
            "user",
            "item",
            "ms",
        )
        == WANTED
    )


@pytest.mark.parametrize(
    "header, message",
    [
        ("USER,item,TS", "remedy: write 'USER', 'TS' in the TOML file"),
        ("user^item^ts", "name what stands between the fields"),
        ("'user','item','ts'", "fields in single quotes are not read"),
        ("u1,a,1600000000", "where the file has no header line"),
        ("user,user,item,ts", "the header names user more than once"),
    ],
)
def test_a_header_that_lacks_a_name_is_refused_with_what_to_do(tmp_path, header, message):
    (tmp_path / "e.csv").write_text(f"{header}\n{ROWS}")
    with pytest.raises(RefusedData, match=message):
        looked_at(tmp_path, TOML)


@pytest.mark.parametrize(
    "time",
    [
        "13/09/2020",
        "09/13/2020 12:26",
        "13.09.2020",
        "13 Sep 2020 12:26",
        "Sun, 13 Sep 2020 12:26:40 GMT",
        "2020/09/13",
        "20200913T122640Z",
        "2020-W37-7",
        "2020-09-13 02:26:40 PM",
        "1,600,000,000",
        "202009131226",
        "20200913122640123",
    ],
)
def test_dates_of_other_formats_are_refused_with_those_that_are_read(tmp_path, time):
    (tmp_path / "e.csv").write_text(
        "user,item,ts\n" + "".join(f'u{n},a,"{time}"\n' for n in range(4))
    )
    with pytest.raises(
        RefusedData,
        match=r"dates of a format that is not read; got .*; expected '?2020-09-13, "
        "2020-09-13T12:26:40Z, 20200913",
    ):
        looked_at(tmp_path, TOML)


MOMENTS = {
    "2020-09-13T12:26Z": T - 40,
    "2020-09-13T14:26+02:00": T - 40,
    "2020-09-13 12:26:40,5": T + 0.5,
    "2020-09-13t12:26:40z": T,
    "2020-09-13 12:26:40 UTC": T,
    "2020-09-13T12": T - 1600,
    "1.6e+09": T,
    "1600000000.0": T,
}


def test_spellings_of_a_moment(spark, tmp_path):
    read = rows_of_texts(
        spark, tmp_path, {moment: f'user,item,ts\nu,a,"{moment}"\n' for moment in MOMENTS}
    )
    assert {moment: kept(rows, "ms") for moment, rows in read.items()} == {
        moment: [(int(second * 1000),)] for moment, second in MOMENTS.items()
    }


def test_a_header_is_known_again_whatever_is_damaged_in_it(spark, tmp_path):
    headers = [
        before + b"user,item,ts," + more
        for before in (b"", b"\xef\xbb\xbf", b'# said "x\n', b"\xef\xbb\xbfsep=,\n")
        for more in (b"x\xff\xfe", b'"x\xff, y"', b'x"y', b"x\x1e", b'"x\ny"')
    ]
    read = rows_of_texts(
        spark,
        tmp_path,
        {
            header: header + b"\n" + f'u0,i0,{T},"1\n2"\nu1,i1,{T + 1},3\n'.encode()
            for header in headers
        },
    )
    assert {
        header: kept(rows, "user", "item", "ms") for header, rows in read.items()
    } == dict.fromkeys(headers, WANTED[:2])
    assert not any(map(reasons, read.values()))
