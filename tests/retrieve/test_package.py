"""The reader as services install it: a wheel of its own, without the pipeline."""

import subprocess
import sys
import zipfile

import pytest

from tests import generations, worlds
from tests.wheel import reader_wheel

CODE = """
import sys
sys.path.insert(0, sys.argv[1])
for name in ("tasks", "mlflow", "pyarrow", "pandas", "torch", "requests", "scipy"): sys.modules[name] = None
from recall_reader import BadRequest, Corrupt, RecallError, Reader, Unreachable
try:
    Reader(sys.argv[2], sys.argv[3]).similar("nobody")
except BadRequest:
    pass
answer = Reader(sys.argv[2], sys.argv[3]).recommend(history=["1", "4"], k=3)
print(len(answer.hits), *answer.generations.values())
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel's content, as an installer lays it down."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(reader_wheel(folder)) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_it_answers_without_the_pipeline(tmp_path, server, installed):
    root = (tmp_path / "store").as_uri()
    made = generations.publish(root, generations.generation(root, worlds.grouped()))
    done = subprocess.run([sys.executable, "-I", "-c", CODE, installed, server.url, root], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == f"3 {made['id']}\n", done.stderr


def test_it_names_nothing_of_the_checkout_and_is_typed(installed):
    for path in installed.rglob("*.py"):
        assert "tasks." not in path.read_text(), path
    assert (installed / "recall_reader" / "py.typed").is_file()
    told = next(installed.glob("*.dist-info/METADATA")).read_text()
    assert [line.split()[1].split(">")[0] for line in told.splitlines() if line.startswith("Requires-Dist")] == ["numpy", "faiss-cpu", "redis"]
