"""Genres are read out of whatever lists them."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.ingest.reading import kept, rows_of

TOML = (
    '[interactions]\npath = "e.csv"\nuser = "u"\nitem = "i"\n[items]\npath = "{}"\nid = '
    '"id"\ngenres = "g"\n'
)
WRITTEN = {
    "Drama|War": ["Drama", "War"],
    " Drama | | War|": ["Drama", "War"],
    "A (B)": ["A (B)"],
    "": [],
    "[]": [],
    "{}": [],
    "None": [],
    "nan": [],
    "null": [],
    "\\N": [],
    "set()": [],
    '["Drama", "War"]': ["Drama", "War"],
    '["a|b", "c, d"]': ["a|b", "c, d"],
    '["it\'s", "say \\"x\\""]': ["it's", 'say "x"'],
    "[1, 2]": ["1", "2"],
    '[null, "x"]': ["x"],
    "[null]": [],
    "['Drama', 'War']": ["Drama", "War"],
    "('A','B')": ["A", "B"],
    "{'A', 'B'}": ["A", "B"],
    "['A' 'B']": ["A", "B"],
    "array(['A', 'B'], dtype=object)": ["A", "B"],
    "frozenset({'A'})": ["A"],
    "[u'A', b'B']": ["A", "B"],
    "['it\\'s', \"o'clock\"]": ["it's", "o'clock"],
    "['O\"Neil']": ['O"Neil'],
    "[None, 'x']": ["x"],
    "[nan]": [],
    "[A, B]": ["A", "B"],
    "[{'id': 18, 'name': 'Drama'}, {'id': 1, 'name': \"Kid's\"}]": ["Drama", "Kid's"],
    '[{"id": 18, "name": "Sci, Fi"}]': ["Sci, Fi"],
    '{"name": "War"}': ["War"],
    "[{'name': None}]": [],
    "[['A','B']]": ["A", "B"],
    '{A,"B c",NULL}': ["A", "B c"],
    "{A,B}": ["A", "B"],
}


@pytest.fixture(scope="module")
def read(spark, tmp_path_factory):
    """From a text to its genres, all read at once, for each format."""
    found = {}
    for kind in ("csv", "jsonl"):
        folder = tmp_path_factory.mktemp(kind)
        (folder / "e.csv").write_text("u,i\nann,0\n")
        if kind == "csv":
            out = io.StringIO(newline="")
            csv.writer(out, lineterminator="\n").writerows([("id", "g"), *enumerate(WRITTEN)])
            (folder / "i.csv").write_text(out.getvalue())
        else:
            (folder / "i.jsonl").write_text(
                "".join(
                    json.dumps({"id": str(n), "g": text}) + "\n" for n, text in enumerate(WRITTEN)
                )
            )
        rows = rows_of(spark, folder, TOML.format(f"i.{kind}"), "items")
        found[kind] = dict(
            zip(WRITTEN, (list(genres) for (genres,) in kept(rows, "genres")), strict=True)
        )
    return found


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("text", WRITTEN)
def test_genres_in_a_text(read, kind, text):
    assert read[kind][text] == WRITTEN[text]


def test_lists_and_objects_of_json(spark, tmp_path):
    written = [
        (["Drama", "a|b"], ["Drama", "a|b"]),
        ([{"name": "Drama"}], ["Drama"]),
        ({"name": "Drama"}, ["Drama"]),
        (None, []),
        ([None, "x"], ["x"]),
        ([], []),
        (5, ["5"]),
        ({"Drama": 1, "War": 2}, ["Drama", "War"]),
    ]
    (tmp_path / "e.csv").write_text("u,i\nann,0\n")
    (tmp_path / "i.jsonl").write_text(
        "".join(json.dumps({"id": n, "g": genres}) + "\n" for n, (genres, _) in enumerate(written))
    )
    assert [
        list(genres)
        for (genres,) in kept(rows_of(spark, tmp_path, TOML.format("i.jsonl"), "items"), "genres")
    ] == [wanted for _, wanted in written]
