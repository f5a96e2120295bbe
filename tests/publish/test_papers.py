"""What people read of a store in a bucket lies in a folder, whole folders only, as it is in the
store.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from infra.environments.names import ROOT
from infra.images.document_mirror import DONE, copy
from tasks.core.store.store import Store
from tests.servers_s3 import s3_server


@pytest.fixture
def server(tmp_path):
    with s3_server(tmp_path) as running:
        yield running


@pytest.fixture
def store(server, tmp_path, monkeypatch):
    monkeypatch.setenv("RECALL_SCRATCH", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    server.put("shop")
    store = Store("s3://shop/store")
    with store.writing("verdict", "verdicts", "linear", "v1") as draft:
        (draft.path / "verdict.json").write_text('{"outcome": "hold"}')
        (draft.path / "verdict.html").write_text("<p>held</p>")
        draft.facts = {"outcome": "hold"}
    with store.writing("generation", "generations", "linear", "g1") as draft:
        (draft.path / "vectors.npy").write_bytes(b"\x93NUMPY")
    store.keep({"action": "promote"}, "decision", "audit", "linear")
    server.put("shop/store/snapshots/shop/2026-01-01/half/report.html", b"<p>half</p>")
    yield store


def there(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_documents_come_vectors_and_half_written_folders_do_not_and_what_goes_goes(store, tmp_path):
    papers = tmp_path / "papers"
    papers.mkdir()
    assert copy(store, papers) == (5, 0)
    assert there(papers) == {
        "verdicts/linear/v1/verdict.json",
        "verdicts/linear/v1/verdict.html",
        "verdicts/linear/v1/manifest.json",
        "generations/linear/g1/manifest.json",
        "audit/linear/decision.json",
    }
    assert (papers / "verdicts/linear/v1/verdict.html").read_text() == "<p>held</p>" and copy(
        store, papers
    ) == (0, 0)
    store.remove(store.path("verdicts", "linear", "v1"))
    time.sleep(1.1)  # S3 tells whole seconds
    store.keep({"action": "restore"}, "decision", "audit", "linear")
    assert copy(store, papers) == (1, 3) and there(papers) == {
        "generations/linear/g1/manifest.json",
        "audit/linear/decision.json",
    }
    assert (
        "restore" in (papers / "audit/linear/decision.json").read_text()
        and not (papers / "verdicts").exists()
    )


def test_the_service_goes_on_when_the_store_was_away(store, tmp_path):
    papers = tmp_path / "papers"
    papers.mkdir()
    away = {**os.environ, "PYTHONPATH": str(ROOT), "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    command = [
        sys.executable,
        "-m",
        "infra.images.document_mirror",
        "s3://shop/store",
        str(papers),
        "--every",
        "0.1",
    ]
    with subprocess.Popen(
        command, cwd=ROOT, env=away, text=True, stderr=subprocess.PIPE
    ) as process:
        assert "the object store does not answer" in process.stderr.readline()
        assert process.poll() is None and not (papers / DONE).exists()
        process.kill()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stderr=subprocess.PIPE,
    ) as process:
        assert "papers: 5 came, 0 went" in process.stderr.readline()
        process.kill()


def test_a_folder_needs_no_copy():
    done = subprocess.run(
        [sys.executable, "-m", "infra.images.document_mirror", "file:///srv/recall", "/papers"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (
        done.returncode == 2
        and "file:///srv/recall" in done.stderr
        and "reads a folder by itself" in done.stderr
    )


def test_a_document_that_no_file_can_hold_is_told_of_once_and_keeps_no_other_from_coming(
    server, store, tmp_path, capsys
):
    papers, left_out = tmp_path / "inside" / "papers", set()
    papers.mkdir(parents=True)
    server.put("shop/store/audit/linear/binary.json", b"\xff\xfe\xfd")
    server.put(f"shop/store/audit/linear/{'n' * 300}.json", b"{}")
    server.put("shop/store/audit/../../../../planted.json", b"{}")
    server.put("shop/store/verdicts/linear/v1/../../../../../planted.json", b"{}")
    assert copy(store, papers, left_out) == (5, 0) and "audit/linear/decision.json" in there(papers)
    assert {name.name[:6] for name in left_out} == {
        "binary",
        "nnnnnn",
    } and capsys.readouterr().err.count("left out") == 2
    assert copy(store, papers, left_out) == (0, 0) and "left out" not in capsys.readouterr().err
    assert not list(tmp_path.rglob("planted.json"))
