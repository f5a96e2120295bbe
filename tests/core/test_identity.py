"""Identities: a module and all that it imports count as code; docstrings, comments and the floors
that only carry results do not.
"""

from __future__ import annotations

import pytest

from tasks.core.store import identity
from tasks.core.store.identity import code_version


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A tree of modules in the place of the project's; what it gives writes one of them."""
    monkeypatch.setattr(identity, "TASKS", tmp_path)

    def write(name: str, text: str) -> None:
        code_version.cache_clear()
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    write("stage/fit.py", "from tasks.stage.model import x\nfrom tasks.core.cli import log\n")
    write("stage/model.py", "def lazily():\n    from tasks.core.models import svd\n\nx = 1\n")
    write("stage/unused.py", "y = 1\n")
    write("core/models/svd.py", "rank = 8\n")
    write("core/cli/log.py", "level = 1\n")
    yield write
    code_version.cache_clear()


def test_what_is_imported_counts_and_what_is_said_of_it_does_not(code):
    before = code_version("tasks.stage.fit")
    code(
        "stage/model.py",
        '''"""Says what it does."""

def lazily():
    from tasks.core.models import svd

x = 1  # why
''',
    )
    assert code_version("tasks.stage.fit") == before
    for name in ("stage/model.py", "core/models/svd.py"):
        code(name, "x = 2\nfrom tasks.core.models import svd\n")
        assert code_version("tasks.stage.fit") != before
        before = code_version("tasks.stage.fit")


def test_what_is_not_imported_and_what_only_carries_results_does_not_count(code):
    before = code_version("tasks.stage.fit")
    for name in ("stage/unused.py", "core/cli/log.py"):
        code(name, "z = 3\n")
        assert code_version("tasks.stage.fit") == before


def test_a_name_without_code_is_a_fault_and_not_an_empty_digest(code):
    with pytest.raises(ModuleNotFoundError, match=r"'tasks.stage.elsewhere'"):
        code_version("tasks.stage.fit", "tasks.stage.elsewhere")


@pytest.mark.parametrize("family", ["item2vec", "gru4rec", "two_tower", "linear", "fused"])
def test_what_decides_on_the_vectors_of_a_family_counts(family):
    counted = {
        str(path.relative_to(identity.TASKS))
        for path in identity._import_closure([f"tasks.{family}.fit"])
    }
    assert {f"{family}/settings.py", "core/data/snapshot.py"} <= counted
    assert not any(name.startswith("core/cli") for name in counted)
