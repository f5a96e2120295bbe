"""The reader's wheel, built as an installer does it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "tasks" / "retrieve"


def reader_wheel(folder: Path) -> Path:
    """Build it into a folder; Python imports from it as it is."""
    spec = importlib.util.spec_from_file_location("build_wheel", SOURCE / "build_wheel.py")
    backend = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(backend)
    return folder / backend.build_wheel(str(folder))
