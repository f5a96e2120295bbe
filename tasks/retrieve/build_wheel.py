"""Build backend (PEP 517) of the reader's wheel, with the standard library alone.

The wheel holds this folder and the parts of `tasks.core` that it imports. Inside, `tasks.retrieve`
is called `recall_reader` and `tasks.core` is `recall_reader.core`, so that a service may have a
module `tasks` of its own.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CORE = HERE.parent / "core"
FLOORS = ("cli", "store", "data", "retrieval", "serving")
NAME = "recall_reader"


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    """Write the wheel; returns its file name."""
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    info = f"{NAME}-{project['version']}.dist-info"
    files = {
        f"{NAME}/{path.relative_to(HERE)}": _source_in_wheel(path)
        for path in sorted(HERE.rglob("*.py"))
        if path != Path(__file__).resolve()
    }
    files |= {
        f"{NAME}/core/{path.relative_to(CORE)}": _source_in_wheel(path)
        for path in [CORE / "__init__.py", *_floors()]
    }
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {name}" for name in project["dependencies"]),
    ]
    files |= {
        f"{NAME}/py.typed": "",
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: build_wheel\n"
        "Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={_digest(text)},{len(text.encode())}\n" for name, text in files.items()
    )
    wheel = f"{NAME}-{project['version']}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)
    return wheel


class UnsupportedOperation(Exception):
    """Error of PEP 517 of a hook that a project cannot serve."""


def build_sdist(sdist_directory: str, config_settings: dict[str, Any] | None = None) -> str:
    """Refuse: a source distribution cannot hold `tasks.core`, which the reader needs."""
    raise UnsupportedOperation("the reader is built from a checkout: pip install ./tasks/retrieve")


def _floors() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((CORE / floor).rglob("*.py"))]


def _source_in_wheel(path: Path) -> str:
    return path.read_text().replace("tasks.retrieve", NAME).replace("tasks.core", f"{NAME}.core")


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
