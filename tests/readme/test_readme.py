"""What the README and the pages behind it show exists: commands, folders, settings."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
# The pages of every setting and of every DAG's form are held by tests of their own.
PAGES = {
    page: page.read_text() for page in [ROOT / "README.md", *sorted((ROOT / "infra").rglob("*.md"))]
}
TEXT = "".join(PAGES.values())
MAKEFILE = (ROOT / "Makefile").read_text()
# What lists them: `make` the everyday targets, `make bench` and `make drill` the others.
TARGETS = {
    "": set(re.findall(r"^([a-z0-9-]+):.*## ", MAKEFILE, re.MULTILINE)),
    "bench": set(re.findall(r"^((?!drill-)[a-z0-9-]+):.*#: ", MAKEFILE, re.MULTILINE)),
    "drill": set(re.findall(r"^(drill-[a-z0-9-]+):.*#: ", MAKEFILE, re.MULTILINE)),
}
ALL_TARGETS = set().union(*TARGETS.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_command_of_a_page_is_a_target(page):
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z0-9-]*[a-z0-9])", PAGES[page], re.MULTILINE))
    assert named <= ALL_TARGETS, named - ALL_TARGETS


def test_the_readme_names_the_everyday_commands():
    named = set(re.findall(r"\bmake ([a-z][a-z0-9-]*)", README)) - {"a"}
    assert {"run", "test", "look", "status"} <= named <= ALL_TARGETS, named - ALL_TARGETS


def test_every_phony_target_is_listed_somewhere():
    phony = set(re.findall(r"^\.PHONY: ([a-z0-9-]+)$", MAKEFILE, re.MULTILINE))
    assert phony and phony <= ALL_TARGETS


@pytest.mark.parametrize("command", TARGETS)
def test_every_target_is_listed(command):
    done = ["make", *command.split()]
    listed = subprocess.run(done, cwd=ROOT, text=True, capture_output=True, check=True).stdout
    shown = re.findall(r"^  make (\S+) +\S", listed, re.MULTILINE)
    assert TARGETS[command] and set(shown) == TARGETS[command] and len(shown) <= 24


def test_the_readme_is_short():
    lines = README.splitlines()
    assert len(lines) <= 150 and max(map(len, lines)) <= 140


@pytest.mark.parametrize("folder", re.findall(r"\| `([a-z/]+/)` \|", README))
def test_every_folder_of_the_readme_exists(folder):
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize(
    "variable", sorted(set(re.findall(r"`(RECALL_[A-Z0-9_]*[A-Z0-9])`", TEXT)))
)
def test_every_setting_of_a_page_is_read_somewhere(variable):
    sources = [
        path.read_text()
        for folder in ("dags", "tasks", "plugins", "infra")
        for path in (ROOT / folder).rglob("*.py")
    ]
    assert any(variable in text for text in sources)


@pytest.mark.parametrize(
    "line",
    re.findall(r"^\.recall/environments/(\S+/bin/python -m tasks\.\w+.*)$", TEXT, re.MULTILINE),
)
def test_every_stage_command_of_a_page_knows_its_verb(line):
    from infra.environments.names import environments

    # interpreter, -m, stage and verb, without the request
    command = shlex.split(f"{environments()}/{line}", comments=True)[:4]
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
def test_kinds_ratings_and_a_catalogue_of_the_page_on_data_are_understood(tmp_path, without):
    from infra.local import source_preview

    page = (ROOT / "infra" / "docs" / "data.md").read_text()
    log, more = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)[:2]
    assert log == re.search(r"```toml\n(.*?)```", README, re.DOTALL)[1], "the same in both"
    more = "".join(line + "\n" for line in more.splitlines() if not re.match(without, line))
    (tmp_path / "shop.toml").write_text(log.replace("events/{day}/*.jsonl.gz", "log.jsonl") + more)
    row = '{"uid": "ann", "sku": "tea", "ts": 1600000000, "type": "view", "stars": 4}\n'
    (tmp_path / "log.jsonl").write_text(row * 2)
    (tmp_path / "items.csv").write_text("sku,name,categories\ntea,Tea,drinks|hot\n")
    preview = source_preview.ask("own", str(tmp_path / "shop.toml"))
    assert not any("refused" in table for table in preview["tables"].values())
    assert preview["tables"]["items"]["understood"][0]["rows"] == [
        {"id": "tea", "title": "Tea", "genres": "drinks|hot"}
    ]
