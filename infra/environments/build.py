"""Build the environments whose lock has changed: `python3 -m infra.environments.build [name …]`.

uv, pip, setuptools and wheel are bootstrapped from a lock into a small virtual environment of their
own, so that this also works where pip refuses to touch the system's Python (PEP 668), or is too old
to build a wheel. The stamp of its lock is written into an environment last: a build that was killed
leaves nothing that looks finished, and the next one starts it afresh.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.environments.names import (
    BESIDE,
    BUILT,
    FOR_TESTS,
    LOCKS,
    NAMES,
    ROOT,
    cache,
    environments,
    state,
)

INSTALLER = LOCKS / "installer.txt"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(command: Sequence[str | Path], **options: Any) -> None:
    """Run one command quietly; when it fails, show all it said."""
    done = subprocess.run(
        [str(part) for part in command],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=ROOT,
        **options,
    )
    if done.returncode:
        say(done.stdout)
        raise SystemExit(
            f"environments: `{' '.join(map(str, command))}` ended with {done.returncode}; its "
            f"output is above. "
            "Check that the package registry can be reached and that the disk has 5 GB free, "
            "then run it again."
        )


def uv() -> Path:
    """The installer, in a virtual environment of its own."""
    home, wanted = state() / "uv", INSTALLER.read_text()
    if not (home / "stamp").is_file() or (home / "stamp").read_text() != wanted:
        shutil.rmtree(home, ignore_errors=True)
        run([sys.executable, "-m", "venv", home])
        run(
            [
                home / "bin" / "python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--require-hashes",
                "--no-deps",
                "--requirement",
                INSTALLER,
            ]
        )
        (home / "stamp").write_text(wanted)
    return home / "bin" / "uv"


def pip() -> list[Path | str]:
    """The command line of a pip that is there whatever Python runs this: the installer's own."""
    return [uv().with_name("python"), "-m", "pip"]


def index_settings() -> dict[str, str]:
    """uv does not read pip's configuration: hand it the local wheels that pip has been told of, if
    any.
    """
    settings = dict(os.environ)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.find-links"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if done.returncode == 0 and done.stdout.strip():
        settings.setdefault("UV_FIND_LINKS", ",".join(done.stdout.split()))
    settings.setdefault("UV_HTTP_TIMEOUT", "180")
    return settings


def stamp(name: str) -> str:
    """The identity of an environment: its lock, what is installed beside it, the interpreter and
    its path.
    """
    made_of = b"".join(
        (LOCKS / f"{lock}.txt").read_bytes() for lock in (name, *BESIDE.get(name, ()))
    )
    return hashlib.sha256(
        made_of + repr(("empty.db", sys.version_info[:2], str(environments()))).encode()
    ).hexdigest()


def split_lock(name: str, package: str) -> tuple[str, str]:
    """The lock without one package, and that package's own entry with its hashes."""
    entries = re.split(r"(?m)^(?=[A-Za-z0-9])", (LOCKS / f"{name}.txt").read_text())
    own = [entry for entry in entries if re.match(rf"{package}==", entry)]
    if len(own) != 1:
        raise SystemExit(
            f"environments: {name}.txt holds {len(own)} entries for {package}, expected 1; "
            f"compile the lock anew"
        )
    return "".join(entry for entry in entries if entry not in own), own[0]


def built_wheel(package: str, entry: str) -> Path:
    """The wheel of a package that is published as source only, built once per version and hash."""
    home = cache() / "wheels" / hashlib.sha256(entry.encode()).hexdigest()[:16]
    if not (found := sorted(home.glob("*.whl"))):
        say(f"  {package}: building its wheel once")
        making = home.with_name(f"{home.name}.{os.getpid()}")
        making.mkdir(parents=True, exist_ok=True)
        (making / "entry.txt").write_text(entry)
        run(
            [
                *pip(),
                "wheel",
                "--quiet",
                "--no-deps",
                "--require-hashes",
                "--no-build-isolation",
                "--wheel-dir",
                making,
                "--requirement",
                making / "entry.txt",
            ]
        )
        shutil.rmtree(home, ignore_errors=True)
        making.rename(home)
        found = sorted(home.glob("*.whl"))
    return found[0]


def build(name: str, installer: Path, settings: dict[str, str]) -> str:
    """Make one environment anew, unless its stamp says that it is what the lock asks for."""
    home, wanted = environments() / name, stamp(name)
    if (home / "stamp").is_file() and (home / "stamp").read_text() == wanted:
        return f"  {name}: up to date"
    started = time.monotonic()
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    lock, wheels = (LOCKS / f"{name}.txt").read_text(), []
    for package in BUILT.get(name, ()):
        lock, entry = split_lock(name, package)
        wheels.append(built_wheel(package, entry))
    run([installer, "venv", "--quiet", "--python", sys.executable, home])
    (home / "lock.txt").write_text(lock)
    target: list[str | Path] = ["--quiet", "--python", home / "bin" / "python"]
    run(
        [
            installer,
            "pip",
            "install",
            *target,
            "--require-hashes",
            "--no-deps",
            "-r",
            home / "lock.txt",
        ],
        env=settings,
    )
    for wheel in wheels:
        run([installer, "pip", "install", *target, "--no-deps", wheel], env=settings)
    if name in BESIDE:
        install_first(
            BESIDE[name],
            [installer, "pip", "install", *target, "--require-hashes", "--no-deps"],
            settings,
        )
    if name == "airflow":
        database(home)
    (home / "stamp").write_text(wanted)
    return f"  {name}: built in {time.monotonic() - started:.0f} s"


def database(home: Path) -> None:
    """An empty database of this Airflow, migrated once here, so that a new stack copies it instead
    of waiting for it.
    """
    with tempfile.TemporaryDirectory() as scratch:
        settings = {
            name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")
        }
        settings |= {
            "AIRFLOW_HOME": scratch,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{scratch}/airflow.db",
        }
        run([home / "bin" / "airflow", "db", "migrate"], env=settings)
        shutil.copyfile(Path(scratch) / "airflow.db", home / "empty.db")


def install_first(locks: tuple[str, ...], install: list, settings: dict[str, str]) -> None:
    """Install the first of these locks whose packages are to be had, with the digests it names;
    what fails for the last one is told.

    The last is asked of the registry alone once more: beside wheels that a machine has of its own,
    their `1.0+local` is taken for `1.0`.
    """
    registry = {name: value for name, value in settings.items() if name != "UV_FIND_LINKS"}
    for lock in locks:
        tried = subprocess.run(
            [*map(str, install), "-r", LOCKS / f"{lock}.txt"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=settings,
            cwd=ROOT,
        )
        if tried.returncode == 0:
            return
        if lock != locks[-1]:
            say(
                f"  {lock}.txt is not to be had here: taking {locks[-1]}.txt, which may be "
                f"larger. {tried.stderr.strip()}"
            )
    run([*install, "-r", LOCKS / f"{locks[-1]}.txt"], env=registry)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m infra.environments.build",
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="name",
        help=f"of {', '.join(NAMES)}; none means all but {' and '.join(FOR_TESTS)}",
    )
    names = parser.parse_args(arguments).names or [name for name in NAMES if name not in FOR_TESTS]
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(
            f"no environment is named {', '.join(map(repr, unknown))}; choose from "
            f"{', '.join(NAMES)}"
        )
    if sys.version_info[:2] != (3, 11):
        say(
            f"environments: the locks are made for Python 3.11, this is "
            f"{sys.version.split()[0]}; trying all the same"
        )
    if all(
        (environments() / name / "stamp").is_file()
        and (environments() / name / "stamp").read_text() == stamp(name)
        for name in names
    ):
        return 0
    say(f"environments: building what its lock asks for ({', '.join(names)})")
    installer, settings = uv(), index_settings()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda name: build(name, installer, settings), names):
            say(line)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
