"""Table formats that keep outdated files.

Of a Delta table the current files are taken; other formats are refused.

Delta's log, as far as it is read here: https://github.com/delta-io/delta/blob/master/PROTOCOL.md,
"Actions" and "Checkpoints".
"""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from tasks.core.cli.errors import RefusedData
from tasks.core.cli.log import log
from tasks.ingest.fetch.local import Entry, LocalFileSystem
from tasks.ingest.fetch.s3 import Bucket

COMMIT = re.compile(r"([0-9]{20})\.json")
CHECKPOINT = re.compile(r"([0-9]{20})\.checkpoint(?:\.([0-9]{10})\.([0-9]{10}))?\.parquet")
EXPORT = "export its current rows as Parquet, csv or JSON lines, and name that folder"


Tables = dict[str, str | None]  # from a folder to the root of the Delta table that it is in


def current(
    tree: LocalFileSystem | Bucket, files: dict[str, Entry], tables: Tables
) -> dict[str, Entry]:
    """Those of the files that count: all of them, but in a Delta table only the ones its log names.

    Args:
        files: by path.
        tables: of the folders that were looked at before; those that are looked at now are added.

    Raises:
        RefusedData: the files are of an Iceberg or Hudi table, or of a Delta table that cannot be
            read file by file.
    """
    live: dict[str, set[str]] = {}
    kept = {}
    for path, entry in files.items():
        table = _table(tree, path.rpartition("/")[0], tables)
        if table and table not in live:
            live[table] = _live(tree, table)
        if table is None or path in live[table]:
            kept[path] = entry
    for table, paths in live.items():
        log(
            "ingest.delta",
            table=table,
            current=len(paths),
            left_out=sum(path.startswith(f"{table}/") and path not in paths for path in files),
        )
    if files and live and not kept:
        raise RefusedData(
            f"the Delta table {next(iter(live))} counts none of these files any more",
            got=next(iter(files)),
            remedy="name the folder of the table; if its rows were all deleted, there is "
            "nothing to read",
        )
    return kept


def _table(tree: LocalFileSystem | Bucket, folder: str, known: Tables) -> str | None:
    """The root of the Delta table that a folder is in; None where it is in none."""
    if folder in known:
        return known[folder]
    parent = folder.rpartition("/")[0]
    if _is_folder(tree, f"{folder}/_delta_log"):
        known[folder] = folder
    elif _is_folder(tree, f"{folder}/.hoodie"):
        raise RefusedData(
            f"{folder} is a Hudi table, whose files also hold rows that were replaced or deleted",
            remedy=EXPORT,
        )
    elif any(
        entry.name.endswith(".metadata.json") for entry in tree.children(f"{folder}/metadata")
    ):
        raise RefusedData(
            f"{folder} is an Iceberg table, whose files also hold rows that were replaced or "
            f"deleted",
            remedy=EXPORT,
        )
    else:
        known[folder] = _table(tree, parent, known) if parent else None
    return known[folder]


def _is_folder(tree: LocalFileSystem | Bucket, path: str) -> bool:
    entry = tree.look(path)
    return entry is not None and entry.kind == "folder"


def _live(tree: LocalFileSystem | Bucket, table: str) -> set[str]:
    """The paths of a Delta table's current files."""
    entries = {entry.name: entry for entry in tree.children(f"{table}/_delta_log")}
    version, actions = _checkpoint(tree, table, entries)
    commits = sorted(
        (int(match[1]), entry)
        for name, entry in entries.items()
        if (match := COMMIT.fullmatch(name)) and int(match[1]) > version
    )
    if [number for number, _ in commits] != list(
        range(version + 1, version + 1 + len(commits))
    ) or (version < 0 and not commits):
        raise RefusedData(
            f"the log of the Delta table {table} has gaps",
            got=f"commits {[number for number, _ in commits][:8]} after {version}",
            remedy="copy the whole folder _delta_log, or " + EXPORT,
        )
    for _, entry in commits:
        actions += _actions(tree, entry)
    versions: dict[tuple[str, str], bool] = {}
    for action in actions:
        _apply(table, versions, action)
    if any(has_deletions for has_deletions in versions.values()):
        raise RefusedData(
            f"the Delta table {table} marks deleted rows beside its files (deletion vectors)",
            remedy="REORG TABLE … APPLY (PURGE) writes them out; or " + EXPORT,
        )
    paths = {path for path, _ in versions}
    if lost := sorted(path for path in paths if tree.look(path) is None):
        raise RefusedData(
            f"the Delta table {table} lacks {len(lost)} of its files",
            got=lost[0],
            remedy="copy the whole table, or " + EXPORT,
        )
    return paths


def _actions(tree: LocalFileSystem | Bucket, entry: Entry) -> list[dict]:
    try:
        with tree.open(entry.path) as file:
            actions = [
                json.loads(line)
                for line in file.read().decode("utf-8").splitlines()
                if line.strip()
            ]
        if not all(
            isinstance(value, dict) for action in actions for value in (action, *action.values())
        ):
            raise ValueError("an action is no JSON object")
        return actions
    except (ValueError, AttributeError, RecursionError) as error:
        raise _unreadable(entry.path, error) from None


def _unreadable(path: str, error: Exception) -> RefusedData:
    return RefusedData(
        f"{path} cannot be read ({str(error).partition(chr(10))[0][:200]})",
        remedy="copy the table again, or " + EXPORT,
    )


def _checkpoint(
    tree: LocalFileSystem | Bucket, table: str, entries: dict[str, Entry]
) -> tuple[int, list[dict]]:
    """Version and actions of the newest complete checkpoint; -1 and none if there is none."""
    import pyarrow.parquet

    parts: dict[int, list[tuple[str, int]]] = {}
    for name in entries:
        if match := CHECKPOINT.fullmatch(name):
            parts.setdefault(int(match[1]), []).append((name, int(match[3] or 1)))
        elif ".checkpoint." in name:
            raise RefusedData(
                f"the Delta table {table} has a checkpoint of a newer form", got=name, remedy=EXPORT
            )
    complete = [version for version, names in parts.items() if len(names) == names[0][1]]
    if not complete:
        return -1, []
    actions = []
    for name, _ in sorted(parts[max(complete)]):
        try:
            with tree.open(entries[name].path) as file:
                rows = pyarrow.parquet.read_table(file).to_pylist()
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            raise _unreadable(entries[name].path, error) from None
        actions += [
            {kind: value for kind, value in row.items() if value is not None} for row in rows
        ]
    return max(complete), actions


def _apply(table: str, versions: dict[tuple[str, str], bool], action: dict) -> None:
    """Add or remove a version of a file; True if rows in it are marked as deleted."""
    for kind in ("remove", "add"):
        if file := action.get(kind):
            if not isinstance(file.get("path"), str):
                raise RefusedData(
                    f"the log of the Delta table {table} names a file without a path",
                    remedy="copy the table again, or " + EXPORT,
                )
            deletions = file.get("deletionVector") or {}
            version = (
                _path(table, file["path"]),
                json.dumps(deletions, sort_keys=True, default=str),
            )
            if kind == "add":
                versions[version] = bool(deletions)
            else:
                versions.pop(version, None)
    configuration = (action.get("metaData") or {}).get("configuration") or {}
    if dict(configuration).get("delta.columnMapping.mode", "none") != "none":
        raise RefusedData(
            f"the Delta table {table} renames the columns of its files (column mapping)",
            remedy=EXPORT,
        )


def _path(table: str, path: str) -> str:
    """The path of a file of a table; its log writes URIs, usually relative to the table."""
    scheme, mark, rest = path.partition("://")
    return (
        unquote(rest if scheme == "s3" else "/" + rest.partition("/")[2])
        if mark
        else f"{table}/{unquote(path)}"
    )
