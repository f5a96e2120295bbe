"""A source with a hundred bad interactions of every kind that one file can show: `python -m
tests.ingest.hundred FOLDER` writes it.

Beside 1,440 good rows of 120 users and 60 films, in the layout `ordered-csv`. The two reasons that
only JSON lines of events can show are in `tests/ingest/test_own.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

DAY = "2001-01-02"
SECOND = 978_307_200  # 2001-01-01
HEADER = b"user_id,item_id,rating,order_in_user,timestamp"
ROWS = {  # how many, and how the right row (user, item, rating, order, timestamp) is spoilt
    "broken_encoding": (8, lambda u, i, r, n, t: f"{u},{i}\xff,{r},{n},{t}"),
    "wrong_number_of_fields": (
        12,
        lambda u, i, r, n, t: f"{u},{i},{r},{n}" if n % 2 else f"{u},{i},{r},{n},{t},x",
    ),
    "unparsable_timestamp": (9, lambda u, i, r, n, t: f"{u},{i},{r},{n},1 January 2001"),
    "before_epoch": (8, lambda u, i, r, n, t: f"{u},{i},{r},{n},{-t}"),
    "in_future": (7, lambda u, i, r, n, t: f"{u},{i},{r},{n},{t}000"),
    "missing_id": (9, lambda u, i, r, n, t: f",{i},{r},{n},{t}" if n % 2 else f"{u}, ,{r},{n},{t}"),
    "unparsable_rating": (11, lambda u, i, r, n, t: f"{u},{i},<b>four</b>,{n},{t}"),
    "out_of_range_rating": (10, lambda u, i, r, n, t: f"{u},{i},{r}0,{n},{t}"),
    "unparsable_order": (8, lambda u, i, r, n, t: f"{u},{i},{r},last,{t}"),
    "unknown_item": (7, lambda u, i, r, n, t: f"{u},9{i:03},{r},{n},{t}"),
    "truncated_line": (1, lambda u, i, r, n, t: f"{u},{i}"),
}
LOST = {
    "repeated_header": 3,
    "exact_duplicate": 5,
    "conflicting_duplicate": 2,
}  # these cannot be repaired
CATALOGUE = {"wrong_number_of_fields": 1, "duplicate_id": 2}


def write(folder: Path) -> dict[bytes, bytes]:
    """Write the files; returns what the bad rows should have been."""
    folder.mkdir(parents=True, exist_ok=True)
    good = [row(user, nth) for user in range(1, 121) for nth in range(12)]
    bad = spoilt()
    older = [one.rsplit(b",", 1)[0] + b",%d" % (SECOND - 60) for one in good[100:102]]
    lines = [
        HEADER,
        *good,
        *[HEADER] * LOST["repeated_header"],
        *good[: LOST["exact_duplicate"]],
        *older,
        *bad,
    ]
    (folder / "ratings_with_order.csv").write_bytes(
        b"\n".join(lines)
    )  # the last of the bad ones lacks its end
    movies = [f"{n}::Film {n} (1999)::{'Comedy|War' if n % 2 else 'Drama'}" for n in range(1, 61)]
    (folder / "movies.dat").write_text(
        "\n".join([*movies, movies[3], movies[4], "61::Film 61"]) + "\n", "latin-1"
    )
    (folder / "users.dat").write_text(
        "".join(f"{user}::F::25::7::0{user:04}\n" for user in range(1, 151))
    )
    return bad


def row(user: int, nth: int) -> bytes:
    return b"%d,%d,%d,%d,%d" % _fields(user, nth)


def _fields(user: int, nth: int) -> tuple[int, int, int, int, int]:
    return user, (7 * user + 5 * nth) % 60 + 1, 1 + (user + nth) % 5, nth, SECOND + 100 * nth + user


def spoilt() -> dict[bytes, bytes]:
    """From the bad rows to what they should have been."""
    places = iter((user, nth) for user in range(121, 151) for nth in range(12))
    made = {}
    for count, spoil in ROWS.values():
        for user, nth in (next(places) for _ in range(count)):
            made[spoil(*_fields(user, nth)).encode("latin-1")] = row(user, nth)
    return made


if __name__ == "__main__":
    write(Path(sys.argv[1]))
