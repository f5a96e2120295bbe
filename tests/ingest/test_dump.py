"""A file that ends within its last day, as dumps do, is taken the first time; a later day is judged
by the days before it.
"""

from __future__ import annotations

import datetime

import pytest

from tasks.core.cli.errors import RefusedData
from tests.ingest.conftest import make_snapshot, snapshot_request
from tests.ingest.reading import LOG

LAST = datetime.date(2020, 9, 20)


@pytest.fixture
def dump(tmp_path):
    """Fifteen days of 60 rows, and the first hour of a sixteenth: 2 rows."""
    midnight = datetime.datetime(2020, 9, 5, tzinfo=datetime.UTC).timestamp()
    rows = [
        (n % 13, (n + n // 13) % 11, int(midnight + day * 86_400 + n * 1_440))
        for day in range(15)
        for n in range(60)
    ]
    rows += [(n, n, int(midnight + 15 * 86_400 + n)) for n in range(2)]
    (tmp_path / "clicks.csv").write_text(
        "user,item,ts\n" + "".join(f"u{user},i{item},{time}\n" for user, item, time in rows)
    )
    (tmp_path / "shop.toml").write_text(LOG + 'path = "clicks.csv"\n')
    return tmp_path


def taken(dump, day: datetime.date) -> dict:
    return make_snapshot(
        snapshot_request(
            dump,
            dump / "shop.toml",
            format="own",
            day=day.isoformat(),
            split={"test": 1, "validation": 0},
        )
    )[0]


def test_the_last_day_of_a_first_snapshot_is_warned_about(spark, dump):
    result = taken(dump, LAST)
    assert result["kept"] == 902 and any(
        warning.startswith("volume_surprise is -") for warning in result["warnings"]
    )


def test_a_later_day_that_is_half_missing_is_refused(spark, dump):
    assert not any(
        "volume_surprise" in warning
        for warning in taken(dump, LAST - datetime.timedelta(days=1))["warnings"]
    )
    with pytest.raises(RefusedData, match=r"volume_surprise is -.*The day is not half missing"):
        taken(dump, LAST)
