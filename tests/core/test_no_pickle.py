"""Nothing that can hold code is read: no source unpickles, and a pickled file in a model's place is
refused without being run.
"""

from __future__ import annotations

import ast
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tasks.core.cli.errors import Corrupt
from tasks.core.retrieval.candidate import Candidate
from tasks.core.store.manifest import sha256
from tasks.core.store.store import Store
from tasks.core.torch import checkpoint
from tests import generations, worlds

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "pickle",
    "_pickle",
    "cPickle",
    "joblib",
    "dill",
    "cloudpickle",
    "shelve",
    "marshal",
    "jsonpickle",
    "pandas.io.pickle",
    "torch.package",
}
CALLS = {"read_pickle", "to_pickle", "load_model", "unsafe_load", "full_load"}
SOURCES = sorted(
    path
    for folder in ("tasks", "dags", "infra", "plugins")
    for path in (ROOT / folder).rglob("*.py")
)


def pickle_uses(path: str, text: str) -> list[str]:
    """What of a source reads, or may read, code from data."""
    found = []
    for node in ast.walk(ast.parse(text)):
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        found += [
            f"{path}:{node.lineno} imports {name}"
            for name in names
            if name in MODULES or name.split(".")[0] in MODULES
        ]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of, call = getattr(node.func.value, "id", ""), node.func.attr
            given = {
                keyword.arg: getattr(keyword.value, "value", None) for keyword in node.keywords
            }
            if (
                call in CALLS
                or (of, call) in {("torch", "load"), ("yaml", "load"), ("gensim", "load")}
                or (
                    of in ("np", "numpy")
                    and call in ("load", "save")
                    and given.get("allow_pickle") is not False
                )
                or given.get("allow_pickle")
            ):
                found.append(f"{path}:{node.lineno} calls {of}.{call}")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "import numpy as np\nnp.load('a.npy')",
        "np.load('a', allow_pickle=True)",
        "torch.load('m.pt')",
        "pd.read_pickle('x')",
        "np.savez('x', allow_pickle=True)",
        "import pandas.io.pickle",
    ],
)
def test_the_search_finds_what_it_is_to_find(text):
    assert pickle_uses("a.py", text)


def test_no_source_reads_pickle():
    assert (
        len(SOURCES) > 150
        and [
            line
            for path in SOURCES
            for line in pickle_uses(str(path.relative_to(ROOT)), path.read_text())
        ]
        == []
    )


class Bomb:
    """Leaves a mark when it is unpickled."""

    mark: Path

    def __reduce__(self):
        return Path.touch, (Bomb.mark,)


def npy(path: Path) -> None:
    np.save(path, np.array([Bomb()], object), allow_pickle=True)


def plain(path: Path) -> None:
    path.write_bytes(pickle.dumps(Bomb()))


def pt(path: Path) -> None:
    """As torch.save writes it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps(Bomb()))
        archive.writestr("archive/version", "3\n")


@pytest.fixture
def candidate(tmp_path):
    """Makes a candidate whose file of this name was replaced by somebody who also corrected the
    digest in the manifest.
    """
    store, world = Store(tmp_path.as_uri()), worlds.grouped(users=40, items=30, likes=6)
    Bomb.mark = tmp_path / "owned"

    def make(name: str, write) -> Candidate:
        folder = store.open(generations.candidate(store, world), "candidate").path
        write(folder / "made.npy")
        (folder / "made.npy").replace(folder / name)
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"][name] = {
            "bytes": (folder / name).stat().st_size,
            "sha256": sha256(folder / name),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest))
        return Candidate(store.open(folder.as_uri(), "candidate"))

    return make


@pytest.mark.parametrize("write", [npy, plain, pt])
@pytest.mark.parametrize(
    "name",
    [
        "candidates.npy",
        "neighbours.npy",
        "neighbours_scores.npy",
        "item_ids.block.npy",
        "item_ids.offsets.npy",
        "encoder.inputs.npy",
    ],
)
def test_a_pickled_file_in_a_candidate_is_refused_and_not_run(candidate, tmp_path, name, write):
    with pytest.raises(Corrupt):
        made = candidate(name, write)
        made.vectors, made.neighbours, list(made.item_ids), made.encoder
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("write", [npy, plain, pt])
def test_a_pickled_checkpoint_is_no_checkpoint_and_is_not_run(tmp_path, write):
    Bomb.mark = tmp_path / "owned"
    write(tmp_path / "made.npy")
    (tmp_path / "made.npy").replace(tmp_path / checkpoint.NAME)
    assert checkpoint.load(tmp_path) is None and not (tmp_path / "owned").exists()


def test_the_bomb_goes_off_where_pickle_is_read(tmp_path):
    """What the tests above would see."""
    Bomb.mark = tmp_path / "owned"
    pickle.loads(pickle.dumps(Bomb()))
    assert (tmp_path / "owned").exists()
