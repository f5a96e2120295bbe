"""The way back from quarantine: export its rows, and make the day again with repairs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow.dataset as ds

from tasks.core.cli.errors import BadRequest
from tasks.core.cli.log import log
from tasks.core.data.snapshot import find_snapshot
from tasks.core.store.manifest import Artefact
from tasks.core.store.store import Store
from tasks.ingest import snapshot
from tasks.ingest.parse import corrections
from tasks.ingest.settings import QuarantineRequest, ReplayRequest

KEYS = ("table", "delivery", "file", "line")


def quarantine(request: QuarantineRequest) -> dict:
    """Write the quarantined rows of a snapshot: table, delivery, file, line, reason, text.

    Bytes that the file's encoding cannot hold appear as \\xNN.
    """
    store = Store(request.store)
    made = find_snapshot(store, None, request.dataset, request.day).artefact
    wanted = [
        row for row in _rows(store, made) if not request.reasons or row["reason"] in request.reasons
    ]
    out = Path(request.out)
    making = out.with_name(f".{out.name}.new")
    try:
        with making.open("w") as file:
            for row in wanted:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        os.replace(making, out)
    except OSError as error:
        raise BadRequest(
            f"out: cannot be written ({error.strerror})",
            got=request.out,
            allowed="a file in a folder that exists",
        ) from None
    return {"out": str(out), "rows": len(wanted), "day": made.facts["day"], "snapshot": made.uri}


def replay(request: ReplayRequest, now: int | None = None) -> dict:
    """Make the day again with repaired lines in place of the old ones.

    Lines that were not changed stay in quarantine.

    Raises:
        BadRequest: the file cannot be read, or speaks of rows that are not in quarantine.
    """
    store = Store(request.store)
    made = find_snapshot(store, None, request.dataset, request.day).artefact
    old = {tuple(row[key] for key in KEYS): row["text"] for row in _rows(store, made)}
    changed: dict[tuple[str, str], dict[tuple[str, int], bytes]] = {}
    unchanged = 0
    digests, encodings = _digests(made), _encodings(made)
    for row_key, text in _repaired_rows(Path(request.repaired), old):
        table, delivery, file, line = row_key
        if text == old[row_key]:
            unchanged += 1
            continue
        lines = changed.setdefault((table, delivery), {})
        lines[(digests[table, delivery, file], line)] = text.encode(
            encodings[table, delivery, file], "replace"
        )
    for (table, delivery), lines in changed.items():
        corrections.keep_corrections(store, request.dataset, table, delivery, lines, made.uri)
    count = sum(map(len, changed.values()))
    log("ingest.replay", repaired=count, unchanged=unchanged, still_in_quarantine=len(old) - count)
    return {
        **snapshot.snapshot(request, now),
        "repaired": count,
        "unchanged": unchanged,
        "before": made.uri,
    }


def _rows(store: Store, made: Artefact) -> Iterator[dict]:
    """The quarantined rows of a snapshot, by table, delivery, file and line."""
    artefact = store.find("quarantine", made.facts["dataset"], made.facts["day"], made.id)
    if artefact is None or not (artefact.path / "rows").is_dir():
        return
    encodings = _encodings(made)
    rows = (
        ds.dataset(artefact.path / "rows", format="parquet", partitioning="hive")
        .to_table()
        .to_pylist()
    )
    for row in sorted(rows, key=lambda row: tuple(row[key] for key in KEYS)):
        yield {
            **{key: row[key] for key in (*KEYS, "reason")},
            "text": row["raw"].decode(
                encodings[row["table"], row["delivery"], row["file"]], "backslashreplace"
            ),
        }


def _encodings(made: Artefact) -> dict[tuple[str, str, str], str]:
    """By table, delivery and file, how text stands for bytes; ASCII is UTF-8, too."""
    encodings = {
        (table, one["delivery"], file["name"]): (file.get("understood") or {}).get("encoding")
        or one["encoding"]
        for table, ones in made.lineage["source"].items()
        for one in ones
        for file in one["files"]
    }
    return {
        key: "latin-1" if encoding == "latin-1" else "utf-8" for key, encoding in encodings.items()
    }


def _digests(made: Artefact) -> dict[tuple[str, str, str], str]:
    """By table, delivery and file, the digest of the file that was read."""
    return {
        (table, one["delivery"], file["name"]): file["sha256"]
        for table, ones in made.lineage["source"].items()
        for one in ones
        for file in one["files"]
    }


def _repaired_rows(path: Path, old: dict) -> Iterator[tuple[tuple, str]]:
    """Place and text of every row of the repaired file."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"repaired: {path} cannot be read ({error})",
            allowed="the file that `quarantine` wrote, repaired",
        ) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            row_key, text = tuple(row[key] for key in KEYS), row["text"]
            several = "\n" in text or "\r" in text
            known = row_key in old and (not several or "\n" in old[row_key] or "\r" in old[row_key])
        except (ValueError, KeyError, TypeError):
            raise BadRequest(
                f"repaired: {path}, line {number} is no row of a quarantine",
                got=line[:120],
                allowed="a JSON object with table, delivery, file, line and text",
            ) from None
        if not known:
            raise BadRequest(
                f"repaired: {path}, line {number} is not in the quarantine of this day, or its "
                f"text has more than one line",
                got=line[:120],
                allowed="rows of this day, as `quarantine` wrote them, with one line of text each",
            )
        yield row_key, text
