"""The unit of times is found out file by file, told, and a mixture is refused."""

from __future__ import annotations

import json

import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.reading import LOG, by_file, kept, looked_at, reasons, rows_of

T = 1_600_000_000
MS = T * 1000 + 123
WRITTEN = {
    "seconds": f"{T}.123",
    "milliseconds": str(MS),
    "microseconds": f"{MS}456",
    "nanoseconds": f"{MS}456789",
    "iso8601": "2020-09-13T12:26:40.123Z",
}


def write(folder, times, name="e.csv", more="") -> str:
    if name.endswith("csv"):
        (folder / name).write_text(
            "user,item,ts\n" + "".join(f"u{n},a,{time}\n" for n, time in enumerate(times))
        )
    else:
        (folder / name).write_text(
            "".join(
                json.dumps({"user": f"u{n}", "item": "a", "ts": time}) + "\n"
                for n, time in enumerate(times)
            )
        )
    return LOG + f'path = "{name}"\n{more}'


@pytest.mark.parametrize("given", [None, "seconds", "milliseconds"])
def test_every_unit_is_found_out_file_by_file_whatever_the_description_says(spark, tmp_path, given):
    for nth, text in enumerate(WRITTEN.values()):
        write(tmp_path, [text] * 3, f"{nth}.csv")
    toml = LOG + 'path = "*.csv"\n' + (f'clock = "{given}"\n' if given else "")
    assert kept(rows_of(spark, tmp_path, toml), "ms") == [(MS,)] * 3 * len(WRITTEN)
    for unit, found in zip(WRITTEN, looked_at(tmp_path, toml)[0].guesses, strict=True):
        assert bool(found.notes) == (given not in (None, unit)) and all(
            f"clock is '{given}'" in note and unit in note for note in found.notes
        )


def test_other_spellings_of_a_time(spark, tmp_path):
    spelled = [
        (["20200913", "20200914"], [1_599_955_200_000, 1_600_041_600_000]),
        (["20200913122640"], [T * 1000]),
        (["2020-09-13", "2020-09-13 12:26:40+02:00"], [1_599_955_200_000, (T - 7200) * 1000]),
        (["1.6e9", "1.600000001E9"], [T * 1000, (T + 1) * 1000]),
    ]
    for nth, (times, _) in enumerate(spelled):
        write(tmp_path, times, f"{nth}.csv")
    rows = rows_of(spark, tmp_path, LOG + 'path = "*.csv"\n')
    assert [[ms for (ms,) in kept(part, "ms")] for part in by_file(rows)] == [
        wanted for _, wanted in spelled
    ]


def test_json_numbers_with_points_and_exponents_are_times(spark, tmp_path):
    (tmp_path / "e.jsonl").write_text(
        "".join(
            f'{{"user": "u", "item": "i{n}", "ts": {text}}}\n'
            for n, text in enumerate(
                ["1600000000", "1600000001.0", "1.6e9", '"1600000003"', "1600000004.5"]
            )
        )
    )
    assert kept(rows_of(spark, tmp_path, LOG + 'path = "e.jsonl"'), "ms") == [
        (T * 1000,),
        ((T + 1) * 1000,),
        (T * 1000,),
        ((T + 3) * 1000,),
        (T * 1000 + 4500,),
    ]


@pytest.mark.parametrize(
    "times", [[T, T * 1000] * 5, [T] * 18 + [T * 1_000_000] * 2, ["2020-09-13", T] * 3]
)
def test_a_mixture_is_refused_in_one_sentence(tmp_path, times):
    with pytest.raises(RefusedData, match=r"e.csv mixes units of time: .* and .*one unit a file"):
        looked_at(tmp_path, write(tmp_path, times))


def test_a_stray_time_of_another_unit_is_a_bad_row(spark, tmp_path):
    rows = rows_of(spark, tmp_path, write(tmp_path, [*range(T, T + 60), (T + 60) * 1000]))
    assert reasons(rows) == ["other_time_unit"] and len(kept(rows, "ms")) == 60


def test_two_files_of_one_delivery_may_be_written_in_two_units(spark, tmp_path):
    (tmp_path / "in").mkdir()
    write(tmp_path / "in", [T, T + 1], "a.csv"), write(tmp_path / "in", [T * 1000], "b.csv")
    assert kept(rows_of(spark, tmp_path, LOG + 'path = "in/*.csv"'), "ms") == [
        (T * 1000,),
        ((T + 1) * 1000,),
        (T * 1000,),
    ]


def test_times_of_no_unit_are_told(spark, tmp_path):
    toml = write(tmp_path, [1, 2, 3])
    assert kept(rows_of(spark, tmp_path, toml), "ms") == [(1000,), (2000,), (3000,)]
    assert "no time lies between 1980 and 2100" in looked_at(tmp_path, toml)[0].guesses[0].notes[0]
