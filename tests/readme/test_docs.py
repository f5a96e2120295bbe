"""Every command that a page shows is understood as it stands there, and the reference of settings
is that of the sources.
"""

from __future__ import annotations

import importlib
import json
import re
import shlex
import subprocess
from functools import cache

import pytest

from infra.docs import settings
from infra.environments.names import NAMES, ROOT, environments
from tasks.core.cli.request import parse

PAGES = [ROOT / "README.md", *sorted((ROOT / "infra").rglob("*.md"))]
FENCE = re.compile(r"```sh\n(.*?)```", re.DOTALL)
BY_HAND = (
    'eval "$(make env)"',
    "$EDITOR bad.jsonl",
    "git pull",
    "git config blame.ignoreRevsFile .git-blame-ignore-revs",
)  # a person's own: nothing of ours is named


def commands() -> list[str]:
    """Every line of every block of shell, without comments."""
    lines = (
        re.sub(r"\s+#.*", "", line)
        for page in PAGES
        for block in FENCE.findall(page.read_text())
        for line in block.replace("\\\n", " ").splitlines()
    )
    return sorted({part.strip() for line in lines for part in line.split("&&")} - {""})


@cache
def help_of(*command: str) -> str:
    done = subprocess.run([*command, "--help"], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("line", commands())
def test_a_command_is_understood(line):
    words = shlex.split(line)
    if line in BY_HAND:
        return
    if words[0] == "make":
        done = subprocess.run(
            ["make", "--dry-run", *words[1:]], cwd=ROOT, text=True, capture_output=True
        )
        assert done.returncode == 0 and done.stdout.strip(), done.stderr
    elif stage := re.fullmatch(
        r"(?:\.recall/environments/\w+/bin/)?python -m tasks\.(\w+) (\w+)(?: (.*))?", line
    ):
        if stage[1] == "retrieve":  # options, not a request
            assert stage[2] in help_of(
                str(environments() / "serve" / "bin" / "python"), "-m", f"tasks.{stage[1]}"
            )
            return
        verbs = importlib.import_module(f"tasks.{stage[1]}.__main__").VERBS
        if stage[3] and stage[3] != "--help":
            parse(verbs[stage[2]].request, json.loads(shlex.split(stage[3])[0]))
        else:
            assert stage[2] in verbs
    elif words[0] == "airflow":
        help_text = help_of(str(environments() / "airflow" / "bin" / "airflow"), *words[1:3])
        assert all(word in help_text for word in words if word.startswith("--"))
    elif words[:2] == ["docker", "build"]:  # no engine is asked: what is named must be there
        dockerfile = (ROOT / words[words.index("-f") + 1]).read_text()
        assert re.search(
            rf"^FROM .* AS {words[words.index('--target') + 1]}$", dockerfile, re.MULTILINE
        )
        assert all(name in NAMES for name in re.findall(r"ENVIRONMENT=(\w+)", line))
    elif words[:2] == ["docker", "compose"]:
        compose = (ROOT / "docker-compose.yaml").read_text()
        assert all(
            f"profiles: [{profile}]" in compose for profile in re.findall(r"--profile (\w+)", line)
        )
    elif words[:2] == ["pip", "install"]:
        assert (ROOT / words[2] / "pyproject.toml").is_file()
    else:
        pytest.fail(f"nothing here knows how to try: {line}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    places = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert all((page.parent / place).exists() for place in places), places


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_source_that_a_page_names_is_there(page):
    named = re.findall(
        r"`((?:dags|infra|plugins|tasks|tests)/[a-z0-9_/.]+\.(?:py|toml|json|sh|html|yaml))`",
        page.read_text(),
    )
    assert not [path for path in named if not (ROOT / path).is_file()]


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        waiting += [
            (page.parent / link).resolve()
            for link in re.findall(r"\]\((?!https?:|#)([^)#]+\.md)", page.read_text())
        ]
    assert reached == set(PAGES)


def test_the_glossary_is_in_order_and_every_folder_of_contributing_is_there():
    glossary = (ROOT / "infra/docs/glossary.md").read_text()
    words = [word.lower() for word in re.findall(r"^\| ([^|]+?) \| [^|]", glossary, re.MULTILINE)]
    assert len(words) > 40 and words[1:] == sorted(words[1:])
    rooms = (ROOT / "infra/docs/contributing.md").read_text().split("```")[3]
    for name in re.findall(r"^    ([a-z]+)/ ", rooms, re.MULTILINE):
        assert (ROOT / "tasks" / "core" / name).is_dir()
    for line in re.findall(r"^  ((?:[a-z0-9_]+/ )+)", rooms, re.MULTILINE):
        for name in line.split():
            assert any((ROOT / parent / name).is_dir() for parent in ("dags", "tasks"))


def test_the_reference_of_settings_is_that_of_the_sources():
    assert settings.PAGE.read_text() == settings.page(), "make settings"
    assert settings.FORM_DATA.read_text() == settings.form_data(), "make settings"


def test_the_runbook_speaks_of_every_folder_of_the_store():
    kinds = set(
        re.findall(
            r'writing\("\w+", "(\w+)"',
            "".join(path.read_text() for path in (ROOT / "tasks").rglob("*.py")),
        )
    )
    page = (ROOT / "infra/docs/runbook.md").read_text()
    assert len(kinds) > 5 and not [kind for kind in kinds if f"`{kind}/`" not in page]
