"""What the README shows exists: its commands, its folders, its settings."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
TARGETS = {
    line.split(":")[0]
    for line in (ROOT / "Makefile").read_text().splitlines()
    if re.match(r"[a-z0-9-]+:.*## ", line)
}


def test_every_make_command_of_the_readme_is_a_target():
    named = set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", README)) - {"a"}
    assert named and named <= TARGETS, named - TARGETS


def test_every_target_is_listed_by_make_alone():
    listed = subprocess.run(["make"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert all(f"make {target}" in listed for target in TARGETS)


@pytest.mark.parametrize("folder", re.findall(r"\| `([a-z/]+/)` \|", README))
def test_every_folder_of_the_readme_exists(folder):
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"`(RECALL_[A-Z_]+)`", README))))
def test_every_setting_of_the_readme_is_read_somewhere(variable):
    sources = [
        path.read_text()
        for folder in ("dags", "tasks", "plugins", "infra")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert any(variable in text for text in sources)


@pytest.mark.parametrize(
    "line",
    re.findall(r"^\.recall/environments/(\S+/bin/python -m tasks\.\w+.*)$", README, re.MULTILINE),
)
def test_every_stage_command_of_the_readme_knows_its_verb(line):
    from infra.environments.names import environments

    command = f"{environments()}/{line}".split(" --")[0].split()
    done = subprocess.run([*command, "--help"], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0 and done.stdout.strip(), done.stderr


def test_the_local_stack_understands_the_toml_of_the_readme(tmp_path):
    from infra.local import source_preview

    (tmp_path / "shop.toml").write_text(re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1])
    for day in ("2026-11-20", "2026-11-21"):
        (tmp_path / "events" / day).mkdir(parents=True)
        (tmp_path / "events" / day / "part.jsonl.gz").write_bytes(b"")
    assert source_preview.days("own", tmp_path / "shop.toml") == source_preview.Span(
        "2026-11-20", "2026-11-21", daily=True
    )


@pytest.mark.parametrize("without", ["rating", "event|weights"])
def test_kinds_ratings_and_a_catalogue_of_the_readme_are_understood(tmp_path, without):
    from infra.local import source_preview

    log, more = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)[:2]
    more = "".join(line + "\n" for line in more.splitlines() if not re.match(without, line))
    (tmp_path / "shop.toml").write_text(log.replace("events/{day}/*.jsonl.gz", "log.jsonl") + more)
    row = '{"uid": "ann", "sku": "tea", "ts": 1600000000, "type": "view", "stars": 4}\n'
    (tmp_path / "log.jsonl").write_text(row * 2)
    (tmp_path / "items.csv").write_text("sku,name,categories\ntea,Tea,drinks|hot\n")
    told = source_preview.ask("own", str(tmp_path / "shop.toml"))
    assert not any("refused" in table for table in told["tables"].values())
    assert told["tables"]["items"]["understood"][0]["rows"] == [
        {"id": "tea", "title": "Tea", "genres": "drinks|hot"}
    ]
