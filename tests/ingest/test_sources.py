"""Every source gives the same schema, from files of its exact layout."""

from __future__ import annotations

import pytest

from tasks.core.cli.errors import BadRequest
from tasks.ingest.fetch import Limits, fetch_files, find_files
from tasks.ingest.parse import lines

SECOND = 978_300_000


def write(folder, **files):
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_bytes(
            text if isinstance(text, bytes) else text.encode()
        )
    return str(folder)


def ratings(line) -> str:
    """Five rows each for three users, by a function of user, item, place."""
    return "".join(
        line(user, item, place) + "\n"
        for user in (1, 2, 3)
        for place, item in enumerate((10, 9, 2, 30, 4))
    )


def check(made, titles: dict, first_genres: list):
    assert made.item_ids == ["2", "4", "9", "10", "30"]
    assert made.user_ids == ["1", "2", "3"]
    title_of_item = dict(zip(made.item_ids, made.items["title"].to_pylist()))
    assert {id: title_of_item[id] for id in titles} == titles
    assert made.items["genres"][0].as_py() == first_genres
    for user in range(3):
        assert [
            made.item_ids[i]
            for i in made.histories("train", "validation", "test", liked_only=False)[user]
        ] == ["10", "9", "2", "30", "4"]


ONE_TEST = {"split": {"test": 1, "validation": 1}}


def test_movielens_latest(take, tmp_path):
    location = write(
        tmp_path / "in",
        ratings__csv="userId,movieId,rating,timestamp\r\n"
        + ratings(lambda u, i, n: f"{u},{i},4.5,{SECOND + n}\r"),
        movies__csv='movieId,title,genres\r\n2,"City of Lost Children, The (Cité) '
        '(1995)",Drama|Sci-Fi\r\n'
        '4,"He said ""no"" (1996)",(no genres listed)\r\n'
        "9,A (1997),War\r\n10,B (1998),War\r\n30,C,War\r\n",
    )
    result, made = take(location=location, format="movielens-latest", day="2001-01-02", **ONE_TEST)
    check(
        made,
        {"2": "City of Lost Children, The (Cité) (1995)", "4": 'He said "no" (1996)'},
        ["Drama", "Sci-Fi"],
    )
    assert made.items["genres"][1].as_py() == []
    assert (result["rows_in"], result["quarantined"]) == (15, 0)


def test_columns_of_a_csv_may_stand_anywhere(take, tmp_path):
    rows = ratings(lambda u, i, n: f"{SECOND + n},x,4,{i},{u}")
    location = write(
        tmp_path / "in",
        ratings__csv="\ufefftimestamp,note,rating,movieId,userId\n" + rows,
        movies__csv="genres,movieId,title\n"
        + "".join(f"War,{i},T{i}\n" for i in (2, 4, 9, 10, 30)),
    )
    _, made = take(location=location, format="movielens-latest", day="2001-01-02", **ONE_TEST)
    check(made, {"30": "T30"}, ["War"])


MOVIES = "".join(f"{i}::Café {i} (1999)::Comedy|War\n" for i in (2, 4, 9, 10, 30)).encode("latin-1")
ORDERED = "user_id,item_id,rating,order_in_user,timestamp"
USERS = "".join(f"{u}::F::1::10::0{u}067\n" for u in (1, 2, 3))


def test_movielens_1m(take, tmp_path):
    rows = ratings(lambda u, i, n: f"{u}::{i}::5::{SECOND + n}")
    location = write(tmp_path / "in", ratings__dat=rows, movies__dat=MOVIES, users__dat=USERS)
    _, made = take(location=location, format="movielens-1m", day="2001-01-02", **ONE_TEST)
    check(made, {"10": "Café 10 (1999)"}, ["Comedy", "War"])
    assert made.table("users").to_pylist()[0]["zip_code"] == "01067"


def test_ordered_csv_follows_the_order_given_where_there_is_no_time(take, tmp_path):
    rows = ratings(lambda u, i, n: f"{u},{i},5,{n},{SECOND - n if u == 1 else ''}").splitlines()

    def location(name, lines):
        text = "\n".join((ORDERED, *lines)) + "\n"
        return write(
            tmp_path / name, ratings_with_order__csv=text, movies__dat=MOVIES, users__dat=USERS
        )

    fields = {"format": "ordered-csv", "day": "2001-01-02", **ONE_TEST}
    result, made = take(location=location("in", reversed(rows)), **fields)
    check(made, {"10": "Café 10 (1999)"}, ["Comedy", "War"])
    assert (
        made.histories("train")[1].shape == (3,)
        and made.artefact.facts["split"]["order"] == "given"
        and result["quarantined"] == 0
    )
    bad, _ = take(location=location("bad", [*rows, "3,2,5,,"]), maximum_quarantined=0.2, **fields)
    assert bad["reasons"] == {"unparsable_order": 1}


def test_the_recbole_copy_gives_what_the_official_files_give(planted, take, tmp_path, source):
    recbole = tmp_path / "recbole"
    recbole.mkdir()
    data = (source / "u.data").read_text()
    (recbole / "ml-100k.inter").write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n" + data
    )
    users = (source / "u.user").read_text().replace("|", "\t")
    (recbole / "ml-100k.user").write_text(
        "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token\n" + users
    )
    genres = ["Action", "Adventure", "Animation"]
    (recbole / "ml-100k.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        + "".join(f"{i + 1}\tFilm {i + 1}\t1995\t{genres[i % 3]}\n" for i in range(60))
    )
    (_, _, official), (_, copy) = planted, take(location=str(recbole))
    assert copy.id != official.id
    assert copy.artefact.facts["content_digest"] == official.artefact.facts["content_digest"]
    for table in ("items", "users"):
        assert copy.table(table).to_pylist() == official.table(table).to_pylist()


@pytest.mark.parametrize("block", [7, 64, 100_000])
def test_lines_are_numbered_as_the_file_has_them_however_it_is_cut(spark, tmp_path, block):
    texts = [f"line {n}" + "x" * (n % 11) for n in range(1, 200)]
    path = tmp_path / "some.txt"
    path.write_text("\n".join(texts) + "\n")
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(block))
    landed = fetch_files(find_files(str(path), tmp_path), "lines", tmp_path / "scratch", Limits())
    try:
        rows = lines.number_lines(lines.read(spark, landed, (0,))).collect()
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
    assert {row["line"]: bytes(row["raw"]).decode() for row in rows} == dict(enumerate(texts, 1))
    assert [row["line"] for row in rows if row["last"]] == [199]


def test_anime_has_no_times_and_ratings_that_say_only_watched(take, tmp_path):
    rows = "".join(
        f"{user},{item},{rating}\n"
        for user in (1, 2, 3)
        for item, rating in ((10, 8), (9, -1), (2, 7), (30, 10), (4, 9), (10, 8))
    )
    location = write(
        tmp_path / "in",
        rating__csv="user_id,anime_id,rating\n" + rows + "1,9,0\n",
        anime__csv='anime_id,name,genre,type,episodes,rating,members\n2,"Kimi, no Na '
        'wa.","Drama, School",Movie,1,9.37,200630\n'
        + "".join(f"{i},T{i},Action,TV,64,9.26,{i}\n" for i in (4, 9, 10, 30)),
    )
    result, made = take(
        location=location, format="anime", day="2016-12-31", maximum_quarantined=0.3, **ONE_TEST
    )
    check(made, {"2": "Kimi, no Na wa.", "30": "T30"}, ["Drama", "School"])
    assert result["reasons"] == {"exact_duplicate": 3, "out_of_range_rating": 1}
    ratings = {
        made.item_ids[row["item"]]: (row["rating"], row["liked"])
        for row in made.table("interactions").to_pylist()
    }
    assert ratings == {
        "10": (8, True),
        "9": (None, False),
        "2": (7, False),
        "30": (10, True),
        "4": (9, True),
    }, "above 7 is liked, met is not rated"
    assert made.artefact.facts["split"]["order"] == "file"
    with pytest.raises(
        BadRequest, match=r"not every row of anime has a timestamp.*expected 'file' or none"
    ):
        take(location=location, format="anime", day="2016-12-31", split={"order": "time"})
