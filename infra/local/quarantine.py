"""Bad rows out of a day, to be repaired, and back into it: `make quarantine`, `make run
REPAIRED=…`.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from infra.local import ingestion
from infra.local.state import Local


def write(local: Local, settings: dict[str, str]) -> str:
    """Write the rows that DAY (else the newest day) has set aside as JSON lines; what the stage
    says of it.
    """
    if not settings:
        raise SystemExit("quarantine: no day has been taken yet; `make run` takes one")
    out = Path(os.environ.get("OUT") or local.home / "quarantine.jsonl").resolve()
    if out.exists():
        raise SystemExit(
            f"quarantine: {out} is there already, and repairs in it would be lost; move it "
            f"away, or name another with OUT="
        )
    request = {
        "store": local.store.as_uri(),
        "dataset": settings["RECALL_DATASET"],
        "out": str(out),
        "day": os.environ.get("DAY") or None,
    }
    done = ingestion.ask("quarantine", request)
    if done.returncode:
        raise SystemExit(done.returncode)
    result = json.loads(done.stdout.splitlines()[-1])
    if not result["rows"]:
        return f"{result['day']} has set no row aside; {out} is empty"
    return (
        f"{result['rows']} rows of {result['day']} are in {out}\nrepair their texts, then: make "
        f"run DAY={result['day']} REPAIRED={out}"
    )


def repair_form() -> dict[str, str]:
    """The part of the form of `ingest` that REPAIRED fills in."""
    if not (given := os.environ.get("REPAIRED")):
        return {}
    path = Path(given).expanduser().resolve()
    if not path.is_file():
        raise SystemExit(f"run: REPAIRED is {given!r}, but there is no file {path}")
    if not os.environ.get("DAY"):
        raise SystemExit(
            "run: REPAIRED is given, so DAY must say which day is made again: DAY=YYYY-MM-DD"
        )
    return {"repaired": str(path)}
