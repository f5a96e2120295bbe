"""Locks that can be trusted, and nothing rebuilt that is already there."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import zipfile

import pytest

from infra.environments import build
from infra.environments.names import BESIDE, LOCKS, NAMES


@pytest.mark.parametrize("name", [*NAMES, "installer", *sum(BESIDE.values(), ())])
def test_every_lock_pins_every_package_by_hash_and_names_no_host(name):
    text = (LOCKS / f"{name}.txt").read_text()
    entries = re.findall(r"(?m)^([A-Za-z0-9][^\s]*==[^\s\\]+)", text)
    assert entries
    assert text.count("--hash=sha256:") >= len(entries)
    assert "://" not in text and "--index-url" not in text and "--find-links" not in text


@pytest.mark.parametrize("name", [*NAMES, "installer"])
def test_every_package_that_is_asked_for_is_in_the_lock(name):
    wanted = {
        re.split(r"[\[=<>;\s]", line)[0].lower()
        for line in (LOCKS / f"{name}.in").read_text().splitlines()
        if line and not line.startswith(("#", "-r"))
    }
    locked = {
        entry.lower()
        for entry in re.findall(
            r"(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)==", (LOCKS / f"{name}.txt").read_text()
        )
    }
    assert wanted <= locked


def test_airflow_runs_beside_none_of_the_libraries_of_the_work():
    locked = set(
        re.findall(r"(?m)^([A-Za-z0-9][A-Za-z0-9._-]*)==", (LOCKS / "airflow.txt").read_text())
    )
    assert (
        locked & {"torch", "gensim", "pyspark", "faiss-cpu", "redis", "mlflow", "numpy", "pandas"}
        == set()
    )


def test_a_package_is_taken_out_of_a_lock_with_all_its_hashes():
    rest, own = build.split_lock("spark", "pyspark")
    assert own.startswith("pyspark==") and "--hash=sha256:" in own
    assert "pyspark==" not in rest and rest.count("--hash") + own.count("--hash") == (
        LOCKS / "spark.txt"
    ).read_text().count("--hash")


def test_a_wheel_is_built_by_the_pinned_installer_alone():
    """Debian 12's Python brings pip 23.0, which builds no wheel without the package `wheel`."""
    locked = set(re.findall(r"(?m)^([a-z]+)==", build.INSTALLER.read_text()))
    output = subprocess.run(
        [*build.pip(), "list", "--format=json"],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    ).stdout
    there = {one["name"]: one["version"] for one in json.loads(output)}
    assert {"pip", "setuptools", "uv", "wheel"} <= locked <= there.keys()
    assert all(f"{name}=={there[name]} " in build.INSTALLER.read_text() for name in locked)


def test_a_package_that_is_not_in_the_lock_is_named():
    with pytest.raises(SystemExit, match="0 entries for numpi"):
        build.split_lock("spark", "numpi")


def test_the_stamp_changes_with_the_lock_and_what_stands_beside_it(tmp_path, monkeypatch):
    before = build.stamp("train")
    monkeypatch.setitem(BESIDE, "train", ("torch",))
    assert build.stamp("train") != before


def test_an_unknown_environment_is_refused_with_the_names(capsys):
    with pytest.raises(SystemExit):
        build.main(["trian"])
    assert "'trian'" in capsys.readouterr().err


def test_environments_that_are_up_to_date_are_not_touched(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECALL_ENVIRONMENTS", str(tmp_path))
    (tmp_path / "serve").mkdir()
    (tmp_path / "serve" / "stamp").write_text(build.stamp("serve"))
    monkeypatch.setattr(build, "uv", lambda: pytest.fail("nothing was to be built"))
    assert build.main(["serve"]) == 0


def wheel(folder, version: str, body: str) -> str:
    """A wheel of a package `planted`; returns its digest."""
    path, record = folder / f"planted-{version}-py3-none-any.whl", f"planted-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {
            "planted.py": body,
            f"{record}/METADATA": f"Metadata-Version: 2.1\nName: planted\nVersion: {version}\n",
            f"{record}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{record}/RECORD": "",
        }.items():
            archive.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "cpu, other, expected",
    [
        ("right", "right", "cpu"),
        ("altered", "right", "other"),
        ("absent", "right", "other"),
        ("altered", "altered", None),
    ],
)
def test_what_stands_beside_a_lock_is_the_first_that_can_be_had_and_never_one_of_another_digest(
    tmp_path, monkeypatch, capsys, cpu, other, expected
):
    """The CPU's build lies in a folder of this machine, the other in a registry."""
    monkeypatch.setattr(build, "LOCKS", tmp_path)
    own, registry = tmp_path / "own", tmp_path / "simple" / "planted"
    own.mkdir(), registry.mkdir(parents=True)
    for name, folder, version, how in (
        ("planted-cpu", own, "1.0+cpu", cpu),
        ("planted", registry, "1.0", other),
    ):
        digest = wheel(folder, version, f"BUILD = {'cpu' if 'cpu' in name else 'other'!r}")
        (tmp_path / f"{name}.txt").write_text(
            f"planted=={version} --hash=sha256:{digest if how == 'right' else '0' * 64}\n"
        )
        if how == "absent":
            (folder / f"planted-{version}-py3-none-any.whl").unlink()
    (registry / "index.html").write_text(
        "<a href='planted-1.0-py3-none-any.whl'>planted-1.0-py3-none-any.whl</a>"
    )
    build.run([build.uv(), "venv", "--quiet", tmp_path / "home"])
    python = tmp_path / "home" / "bin" / "python"
    install = [
        build.uv(),
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--default-index",
        registry.parent.as_uri(),
        "--require-hashes",
        "--no-deps",
    ]
    settings = {
        name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))
    } | {"UV_FIND_LINKS": str(own)}
    if expected is None:
        with pytest.raises(SystemExit, match="ended with"):
            build.install_first(("planted-cpu", "planted"), install, settings)
    else:
        build.install_first(("planted-cpu", "planted"), install, settings)
        assert ("is not to be had here" in capsys.readouterr().err) == (expected == "other")
        output = subprocess.run(
            [python, "-I", "-c", "import planted; print(planted.BUILD)"],
            capture_output=True,
            text=True,
        )
        assert output.stdout.strip() == expected
