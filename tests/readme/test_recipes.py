"""The two recipes of `infra/docs/contributing.md`, followed with a toy family and a toy source
format in a copy of the checkout: both work, and touch no more files than promised.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.environments.names import ROOT, environments, python

TOYS = Path(__file__).with_name("toys")
FAMILY, FORMAT = "mean_of_genres", "play-log"
GENERATED = {"infra/docs/settings.md", "dags/recall/forms/settings.json"}  # by `make settings`
PLANT = """
import pathlib
from tasks.core.store.store import Store
from tests import worlds
worlds.snapshot(Store(pathlib.Path("store").resolve().as_uri()), worlds.grouped())
"""
DAGS = """
import json, sys
sys.path.insert(0, "dags")
from airflow.dag_processing.dagbag import DagBag
bag = DagBag("dags")
print(json.dumps({
    "errors": [str(error) for error in bag.import_errors.values()],
    "dags": {name: sorted(dag.params) for name, dag in bag.dags.items()},
    "families": bag.dags["rollback"].params.get_param("family").schema["enum"],
}))
"""
LISTS = """
import json
from infra.local import source_preview
from infra.settings.table import TABLE
setting = next(setting for setting in TABLE if setting.name == "RECALL_FORMAT")
print(json.dumps(["play-log" in source_preview.FORMATS, "play-log" in setting.kind.allowed]))
"""


class Checkout:
    """A copy of the checkout, and which of its files differ from the original."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("dags", "infra", "plugins", "tasks"):
            shutil.copytree(
                ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        shutil.copy(ROOT / "tests" / "worlds.py", folder)
        (folder / "tests").mkdir()
        (folder / "worlds.py").rename(folder / "tests" / "worlds.py")

    def replace(self, path: str, pattern: str, text: str) -> None:
        """Edit a file: put `text` in the place of the one match of the pattern."""
        file = self.folder / path
        content, count = re.subn(pattern, text, file.read_text())
        assert count == 1, f"{path}: {count} places match {pattern}"
        file.write_text(content)

    def touched(self) -> set[str]:
        """Files of the sources that a person added or changed."""
        paths = {
            str(path.relative_to(self.folder))
            for name in ("dags", "infra", "plugins", "tasks")
            for path in (self.folder / name).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        changed = {
            path
            for path in paths
            if not (ROOT / path).is_file()
            or (ROOT / path).read_bytes() != (self.folder / path).read_bytes()
        }
        return changed - GENERATED

    def run(self, environment: str, *arguments: str, **settings: str) -> str:
        """What a command prints, run in the copy in one of the environments."""
        done = subprocess.run(
            [str(python(environment)), *arguments],
            cwd=self.folder,
            text=True,
            capture_output=True,
            env={
                **os.environ,
                "PYTHONPATH": str(self.folder),
                "PYTHONDONTWRITEBYTECODE": "1",
                "RECALL_ENVIRONMENTS": str(environments()),
                **settings,
            },
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""

    def stage(self, environment: str, stage: str, verb: str, **request) -> dict:
        """The result of a stage's verb."""
        request["store"] = (self.folder / "store").as_uri()
        return json.loads(self.run(environment, "-m", f"tasks.{stage}", verb, json.dumps(request)))


@pytest.fixture(scope="module")
def with_family(tmp_path_factory) -> Checkout:
    """A checkout with the toy family, by the recipe."""
    checkout = Checkout(tmp_path_factory.mktemp("family"))
    shutil.copytree(
        TOYS / FAMILY,
        checkout.folder / "tasks" / FAMILY,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    checkout.replace(
        "dags/recall/environments.py",
        r'    "fused": "train",\n',
        f'    "fused": "train",\n    "{FAMILY}": "train",\n',
    )
    checkout.run("tests", "-m", "infra.docs.settings")
    return checkout


@pytest.fixture(scope="module")
def with_format(tmp_path_factory) -> Checkout:
    """A checkout with the toy source format, by the recipe."""
    checkout = Checkout(tmp_path_factory.mktemp("format"))
    shutil.copy(TOYS / "play_log.py", checkout.folder / "tasks" / "ingest" / "sources")
    checkout.replace("tasks/ingest/formats.py", r'"anime", ', f'"anime", "{FORMAT}", ')
    checkout.run("tests", "-m", "infra.docs.settings")
    return checkout


def test_a_family_touches_four_files_at_most(with_family):
    touched = with_family.touched()
    assert len(touched) <= 4, sorted(touched)


def test_a_source_format_touches_two_files_at_most(with_format):
    touched = with_format.touched()
    assert len(touched) <= 2, sorted(touched)


def test_the_new_family_trains_and_is_judged_on_a_planted_world(with_family):
    with_family.run("train", "-c", PLANT)
    made = with_family.stage("train", FAMILY, "fit", dataset="planted", track=False)
    judged = with_family.stage(
        "train",
        "evaluate",
        "judge",
        candidate=made["uri"],
        champion_from_registry=False,
        track=False,
    )
    metrics = judged["metrics"]["challenger"]
    assert metrics["recall_50"] == 1, "users like their own group, which is their films' genre"


def test_the_new_family_has_its_dags_its_form_and_its_place_in_the_lists(with_family, tmp_path):
    parsed = json.loads(
        with_family.run(
            "airflow",
            "-c",
            DAGS,
            AIRFLOW_HOME=str(tmp_path),
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__DAGS_FOLDER=str(with_family.folder / "dags"),
            AIRFLOW__CORE__PLUGINS_FOLDER=str(with_family.folder / "plugins"),
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tmp_path}/airflow.db",
            AIRFLOW_CONN_RECALL_MLFLOW="http://127.0.0.1:1",
            AIRFLOW_CONN_RECALL_REDIS="redis://:secret@127.0.0.1:1/0",
            RECALL_STORE=(tmp_path / "store").as_uri(),
        )
    )
    assert parsed["errors"] == []
    assert {f"train_{FAMILY}", f"publish_{FAMILY}"} <= parsed["dags"].keys()
    assert "minimum_likes" in parsed["dags"][f"train_{FAMILY}"]
    assert FAMILY in parsed["families"]


def test_the_new_format_is_ingested_and_every_list_of_formats_has_it(with_format):
    source = with_format.folder / "source"
    source.mkdir()
    rows = [
        f"listener{user}\tsong{(user + step) % 12}\t{1_600_000_000 + 60 * step + user}"
        for user in range(12)
        for step in range(8)
    ]
    (source / "plays.tsv").write_text("\n".join(("who\twhat\twhen", *rows)) + "\n")
    result = with_format.stage(
        "spark",
        "ingest",
        "snapshot",
        location=str(source),
        day="2020-09-13",
        dataset="plays",
        format=FORMAT,
    )
    assert (result["rows_in"], result["quarantined"]) == (len(rows), 0)
    form = json.loads((with_format.folder / "dags/recall/forms/settings.json").read_text())
    assert FORMAT in form["ingest"]["SnapshotRequest"]["format"]["choices"]
    assert json.loads(with_format.run("tests", "-c", LISTS)) == [True, True]
