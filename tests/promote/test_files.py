"""The policies that come with the product can be read, and what a person mistypes in one is named
before anything is decided.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from infra.environments.names import python
from tasks.core.cli.errors import BadRequest
from tasks.promote.gate import policy
from tasks.promote.gate.policy import Policy, read_policy

SHIPPED = sorted((Path(policy.__file__).parents[1] / "policies").glob("*.toml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_what_is_shipped_can_be_read(file):
    found, where = read_policy(file.stem)
    assert where == file and found.floors[0].baseline == "popularity"


def test_a_family_without_a_file_of_its_own_has_the_default():
    assert read_policy("two_tower")[1].name == "default.toml"


def test_a_folder_of_ones_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("RECALL_POLICIES", str(tmp_path))
    assert read_policy("gru4rec")[1].parent.name == "policies"
    (tmp_path / "default.toml").write_text("users_least = 7")
    (tmp_path / "gru4rec.toml").write_text("users_least = 9")
    assert (read_policy("gru4rec")[0].users_least, read_policy("item2vec")[0].users_least) == (9, 7)


@pytest.mark.parametrize(
    "text, message",
    [
        ("recall = 1", "recall: unknown"),
        ("[refresh]\nmargin = 0.1", "refresh.margin: unknown"),
        (
            "[refresh]\nmargin_least = 0.2\nmargin_most = 0.1",
            "no margin is possible; got '0.2 and 0.1'",
        ),
        ("[refresh]\nmargin_most = 0.9", "margin_most: got 0.9, expected 0.0 to 0.5"),
        ("confidence = 1.5", "confidence: got 1.5"),
        ("[[guards]]\nmetric = 'coverage_50'", "its margin is not clear"),
        (
            "[[guards]]\nmetric = 'coverage_50'\nloss_most = 0.1\nshare_least = 0.9",
            "its margin is not clear",
        ),
        ("[[guards]]\nmetric = 'coverage_50'\nloss_most = -0.1", "loss_most: got -0.1"),
        ("[[floors]]\nbaseline = 'luck'", "baseline: got 'luck'"),
        ("tested = ['recall_50']", "stands twice"),
        ("[[floors]]\nshare = 1", "floors[0].baseline: missing"),
        ("metric = ", "is not TOML"),
    ],
)
def test_a_fault_is_named_with_its_file(tmp_path, text, message):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(BadRequest) as raised:
        read_policy("item2vec", str(tmp_path / "mine.toml"))
    assert message in str(raised.value) and "mine.toml" in str(raised.value)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(BadRequest, match=r"nowhere.toml cannot be read"):
        read_policy("item2vec", "/nowhere.toml")


def test_the_command_says_what_was_understood():
    done = subprocess.run(
        [python("serve"), "-m", "tasks.promote", "policy", json.dumps({"family": "item2vec"})],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["policy"]["metric"] == Policy().metric
