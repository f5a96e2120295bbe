"""The reader as services install it: a wheel of its own, without the pipeline."""

import ast
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tasks.core.data.histories import Histories
from tasks.core.retrieval.encoders import GRUEncoder
from tasks.core.serving.generation import Generation
from tasks.core.store.store import Store
from tests import generations, worlds
from tests.wheel import reader_wheel

RANDOM = np.random.default_rng(0)


def weights(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


CODE = """
import sys
sys.path.insert(0, sys.argv[1])
for name in ("tasks", "mlflow", "pyarrow", "pandas", "torch", "requests", "scipy"):
    sys.modules[name] = None
from recall_reader import BadRequest, Corrupt, RecallError, Reader, Unreachable
try:
    Reader(sys.argv[2], sys.argv[3]).similar("nobody")
except BadRequest:
    pass
answer = Reader(sys.argv[2], sys.argv[3]).recommend(history=sys.argv[4:], k=3)
print(*answer.generations.values(), *(hit.item.id for hit in answer.hits))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel's content, as an installer lays it down."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(reader_wheel(folder)) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize(
    "encoder",
    [
        None,
        GRUEncoder(
            weights(60, 7),
            *(
                weights(*shape)
                for shape in ((7,), (7,), (48, 7), (48,), (48, 16), (48,), (7, 16), (7,))
            ),
        ),
    ],
    ids=["mean", "gru"],
)
def test_it_answers_somebody_new_without_the_pipeline_and_without_torch(
    tmp_path, server, installed, encoder
):
    root = (tmp_path / "store").as_uri()
    made = generations.publish(
        root, generations.generation(root, worlds.grouped(), "gru4rec", encoder=encoder)
    )
    generation = Generation(Store(root).open(made["uri"], "generation"))
    read = [0, 3, 1, 7]
    scores = generation.array("vectors") @ generation.encoder.encode(Histories.of_lists([read]))[0]
    best = [str(row + 1) for row in np.argsort(-scores).tolist() if row not in read][:3]
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            CODE,
            installed,
            server.url,
            root,
            *(str(row + 1) for row in read),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stdout.split() == [made["id"], *best], done.stderr


def test_it_names_nothing_of_the_checkout_and_is_typed(installed):
    for path in installed.rglob("*.py"):
        text = path.read_text()
        assert "tasks.core" not in text and "tasks.retrieve" not in text, path
        for node in ast.walk(ast.parse(text)):
            modules = [getattr(node, "module", None), *(a.name for a in getattr(node, "names", []))]
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                assert not any((name or "").split(".")[0] == "tasks" for name in modules), path
    assert (installed / "recall_reader" / "py.typed").is_file()
    metadata = next(installed.glob("*.dist-info/METADATA")).read_text()
    assert [
        line.split()[1].split(">")[0]
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist")
    ] == ["numpy", "faiss-cpu", "redis"]
