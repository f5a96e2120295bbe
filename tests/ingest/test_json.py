"""JSON is read in every form in which it is written: lines, arrays, nested objects, numbers of any
spelling.
"""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.reading import LOG, kept, looked_at, reasons, rows_of, rows_of_texts

T = 1_600_000_000
OBJECTS = [{"user": f"u{n}", "item": f"i{n}", "ts": T + n, "note": "a\nb, [c]"} for n in range(4)]
WANTED = [(f"u{n}", f"i{n}", (T + n) * 1000) for n in range(4)]
TOML = LOG + 'path = "e.json"\n'
TEXTS = [json.dumps(one) for one in OBJECTS]
FORMS = {
    "lines": "\n".join(TEXTS),
    "array": json.dumps(OBJECTS),
    "pretty": json.dumps(OBJECTS, indent=2),
    "a line each in an array": "[\n" + ",\n".join(TEXTS) + "\n]\n",
    "pretty objects": "\n".join(json.dumps(one, indent=1) for one in OBJECTS),
    "lines with commas": ",\n".join(TEXTS) + ",\n",
    "two arrays": json.dumps(OBJECTS[:1]) + "\n" + json.dumps(OBJECTS[1:]),
    "lines in brackets": "[\n" + "\n".join(TEXTS) + "\n]",
    "blanks around": "  \n\n [ \n" + " ,\n".join(TEXTS) + " ] \n\n",
    "byte-order mark": "\ufeff" + json.dumps(OBJECTS),
    "only CR": "\r".join(TEXTS),
}


def test_every_form_of_objects_is_read(spark, tmp_path):
    read = rows_of_texts(spark, tmp_path, FORMS, "json")
    assert {form: kept(rows, "user", "item", "ms") for form, rows in read.items()} == dict.fromkeys(
        FORMS, WANTED
    )
    assert not any(map(reasons, read.values()))


def test_a_packed_array_is_read_and_an_empty_one_is_empty(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json.gz").write_bytes(
        gzip.compress(json.dumps(OBJECTS, indent=1).encode())
    )
    (tmp_path / "in" / "b.json").write_text("[]")
    assert (
        kept(
            rows_of(spark, tmp_path, LOG + 'path = "in"\nformat = "jsonl"\n'), "user", "item", "ms"
        )
        == WANTED
    )
    (tmp_path / "in" / "a.json.gz").unlink()
    with pytest.raises(RefusedData, match=r"b.json holds no rows"):
        looked_at(tmp_path, LOG + 'path = "in"\nformat = "jsonl"\n')


@pytest.mark.parametrize(
    "text, message",
    [
        (json.dumps(OBJECTS) + "xyz", "value 5: the JSON breaks off or is none"),
        (json.dumps(OBJECTS)[:-20], "value 4: the JSON breaks off"),
        ('[["u1", "a", 1]]', "value 1: is no JSON object"),
        (
            '{"data": ' + json.dumps(OBJECTS) + "}",
            "none of its rows has the fields user, item, ts; got 'objects with data'",
        ),
        ('{"User": "u", "item": "i", "ts": 1}', "remedy: write 'User' in the TOML file"),
        (
            '{"user": {"id": 1}, "item": "i", "ts": 1}',
            "the field user holds objects; .*as in user.id",
        ),
        ('{"user": "u", "item": ["i"], "ts": 1}', "the field item holds lists"),
        ('{"uid": 1, "item": 2, "ts": 3}', "the field user; got 'objects with uid, item, ts'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(tmp_path, text, message):
    (tmp_path / "e.json").write_text(text)
    with pytest.raises(RefusedData, match=message):
        looked_at(tmp_path, TOML)


@pytest.mark.parametrize("array", [False, True])
def test_ids_that_are_numbers_keep_their_digits_and_words_are_no_ids(spark, tmp_path, array):
    written = [
        "12345678901234567890",
        "9007199254740993.0",
        "1.0",
        "1e3",
        '"007"',
        "true",
        '"1.0"',
        "NaN",
        "Infinity",
        "1e400",
        "null",
        "0.1",
        '{"a": 1}',
        "1e999999999",
    ]
    texts = [
        f'{{"user": "u{n}", "item": {item}, "ts": {T}, "unused": NaN}}'
        for n, item in enumerate(written)
    ]
    (tmp_path / "e.json").write_text("[" + ",\n".join(texts) + "]" if array else "\n".join(texts))
    rows = rows_of(spark, tmp_path, TOML)
    assert [row[0] for row in kept(rows, "item")] == [
        "12345678901234567890",
        "9007199254740993",
        "1",
        "1000",
        "007",
        "true",
        "1.0",
    ]
    assert reasons(rows) == ["missing_id"] * 4 + ["inexact_id", "nested_id", "missing_id"]


def test_nested_fields_and_names_of_any_letters(spark, tmp_path):
    (tmp_path / "e.json").write_text(
        json.dumps(
            {
                "us'er": {"$oid": 7.0},
                'it"em': {"a": {"b": {"c": "x"}}},
                "t\\s": {"$date": "2020-09-13T12:26:40Z"},
            }
        )
    )
    rows = rows_of(
        spark,
        tmp_path,
        '[interactions]\npath = "e.json"\nuser = "us\'er.$oid"\nitem = '
        "'it\"em.a.b.c'\ntimestamp = 't\\s.$date'\n",
    )
    assert kept(rows, "user", "item", "ms") == [("7", "x", T * 1000)]


def test_fields_that_differ_in_case_alone_are_two_fields(spark, tmp_path):
    (tmp_path / "e.json").write_text(json.dumps({"ID": "u", "id": "i", "Ts": 5, "ts": T}))
    toml = '[interactions]\npath = "e.json"\nuser = "ID"\nitem = "id"\ntimestamp = "ts"\n'
    assert kept(rows_of(spark, tmp_path, toml), "user", "item", "ms") == [("u", "i", T * 1000)]


def test_an_object_and_a_field_in_it_may_both_be_named(spark, tmp_path):
    (tmp_path / "e.csv").write_text("u,i\nann,a\n")
    (tmp_path / "e.json").write_text(
        json.dumps({"id": "a", "about": {"name": "Tea", "kind": "drink"}})
    )
    toml = (
        '[interactions]\npath = "e.csv"\nuser = "u"\nitem = "i"\n[items]\npath = '
        '"e.json"\nid = "id"\ntitle = "about.name"\ngenres = "about"\n'
    )
    assert kept(rows_of(spark, tmp_path, toml, "items"), "id", "title") == [("a", "Tea")]


def test_half_characters_and_control_characters_are_damage(spark, tmp_path):
    (tmp_path / "e.json").write_text(
        "\n".join(
            f'{{"user": "{user}", "item": "i", "ts": {T}}}'
            for user in ("\\ud83d\\ude00", "\\ud83d", "\\u0000x", "\\u0041")
        )
    )
    rows = rows_of(spark, tmp_path, TOML)
    assert kept(rows, "user") == [("😀",), ("A",)] and reasons(rows) == ["broken_encoding"] * 2


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_an_attribute_may_have_any_name(spark, tmp_path, kind):
    names = ["_id", "_text", "z.b", "a'b", "recall", "last", "_path"]
    (tmp_path / "e.csv").write_text("u,i\n1,a\n")
    user = {"uid": 1.0} | {name: f"x{nth}" for nth, name in enumerate(names)}
    if kind == "parquet":
        pq.write_table(
            pa.table({name: [value] for name, value in user.items()}), tmp_path / "u.parquet"
        )
    else:
        (tmp_path / f"u.{kind}").write_text(
            json.dumps(user) + "\n"
            if kind == "jsonl"
            else f"{','.join(user)}\n{','.join(map(str, user.values()))}\n"
        )
    toml = (
        f'[interactions]\npath = "e.csv"\nuser = "u"\nitem = "i"\n[users]\npath = '
        f'"u.{kind}"\nid = "uid"\nattributes = {json.dumps(names)}\n'
    )
    assert kept(rows_of(spark, tmp_path, toml, "users"), "id", *names) == [
        ("1", *(f"x{nth}" for nth in range(len(names))))
    ]
