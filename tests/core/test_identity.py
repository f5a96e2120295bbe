"""Identities: whole folders and single modules count as code; docstrings and comments do not."""

from __future__ import annotations

import pytest

from tasks.core import identity
from tasks.core.identity import code_version


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A tree of two modules in the place of the project's; what it gives writes one of them."""
    monkeypatch.setattr(identity, "TASKS", tmp_path)
    (tmp_path / "stage").mkdir()

    def write(name: str, text: str) -> None:
        code_version.cache_clear()
        (tmp_path / name).write_text(text)

    write("stage/a.py", "x = 1\n")
    write("alone.py", "y = 1\n")
    yield write
    code_version.cache_clear()


def test_code_counts_and_what_is_said_of_it_does_not(code):
    before = code_version("stage", "alone")
    code("stage/a.py", '"""Says what it does."""\n\nx = 1  # why\n')
    assert code_version("stage", "alone") == before
    for name in ("stage/a.py", "alone.py"):
        code(name, "x = 2\n")
        assert code_version("stage", "alone") != before
        before = code_version("stage", "alone")
    assert code_version("stage") != code_version("alone") != before


def test_a_name_without_code_is_a_fault_and_not_an_empty_digest(code):
    with pytest.raises(FileNotFoundError, match="'elsewhere'"):
        code_version("stage", "elsewhere")


def test_what_decides_on_the_vectors_of_item2vec_is_there():
    from tasks.item2vec.fit import CODE

    assert len(code_version(*CODE)) == 12
