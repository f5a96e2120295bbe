"""`python3 -m infra.compose`: write .env, with a generated password for everything that has one.
What stands there already stays.

The file can be read by its owner only. `docker compose` reads it; without it, or with a variable
missing, nothing starts.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.environments.names import ROOT
from infra.local.data import movielens_100k
from infra.local.source_preview import FORMATS, DaysUnknown, days
from infra.local.state import write_private
from infra.settings.check import env_file

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
PASSWORDS = (
    "POSTGRES_PASSWORD",
    "AIRFLOW_DATABASE_PASSWORD",
    "MLFLOW_DATABASE_PASSWORD",
    "REDIS_PUBLISHER_PASSWORD",
    "REDIS_READER_PASSWORD",
    "REDIS_BROKER_PASSWORD",
    "ADMIN_PASSWORD",
    "GRAFANA_PASSWORD",
    "METRICS_TOKEN",
    "S3_SECRET_KEY",
    "PAPERS_S3_SECRET_KEY",
    "MLFLOW_S3_SECRET_KEY",
    "API_SECRET",
    "JWT_SECRET",
)
KEY_NAMES = ("S3_ACCESS_KEY", "PAPERS_S3_ACCESS_KEY", "MLFLOW_S3_ACCESS_KEY")
PLAIN = {"IMAGE_TAG": "1.0", "AIRFLOW_PORT": "8080", "MLFLOW_PORT": "5000", "GRAFANA_PORT": "3000"}
DATA = ("DATA_FOLDER", "DATASET", "FORMAT", "LOCATION", "FIRST_DAY", "LAST_DAY")


def variables(kept: dict[str, str], data: dict[str, str]) -> dict[str, str]:
    """All that docker-compose.yaml asks for: what was kept, and what is new.

    Args:
        kept: of an earlier .env.
        data: those of `DATA`; the days are empty for data that grows.
    """
    made = {
        **PLAIN,
        **{name: secrets.token_hex(24) for name in PASSWORDS},
        **{name: secrets.token_hex(10) for name in KEY_NAMES},
        "FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
    }
    whole = {**made, **{name: value for name, value in kept.items() if value}, **data}
    digests = {
        f"REDIS_{user}_SHA256": hashlib.sha256(whole[f"REDIS_{user}_PASSWORD"].encode()).hexdigest()
        for user in ("PUBLISHER", "READER", "BROKER")
    }
    return {**whole, **digests}


def data(path: Path, format: str | None, dataset: str | None) -> dict[str, str]:
    """The data as a container sees it: the folder of a known layout, or the TOML file of your own
    data with its folder.

    Raises:
        SystemExit: it is not there, or cannot be named.
    """
    path, format = (
        path.expanduser().resolve(),
        format or ("own" if path.suffix == ".toml" else "movielens-100k"),
    )
    dataset = dataset or (path.stem if format == "own" else path.name)
    if faults := list(_faults(path, format, dataset)):
        raise SystemExit("compose: " + "; ".join(faults))
    first, last = _span(path, format)
    return {
        "DATA_FOLDER": str(path.parent if format == "own" else path),
        "FIRST_DAY": first,
        "LAST_DAY": last,
        "DATASET": dataset,
        "FORMAT": format,
        "LOCATION": f"/data/{path.name}" if format == "own" else "/data",
    }


def _faults(path: Path, format: str, dataset: str) -> Iterator[str]:
    """What is wrong with what `data` was given."""
    if format not in FORMATS:
        yield f"--format is {format!r}; expected one of {', '.join(FORMATS)}"
    if not (path.is_file() if format == "own" else path.is_dir()):
        kind = "TOML file" if format == "own" else "folder"
        yield f"--data is {str(path)!r}; expected a {kind} that is there"
    if not NAME.fullmatch(dataset):
        yield f"--dataset is {dataset!r}; expected up to 128 letters, digits, '.', '_' and '-'"


def _span(path: Path, format: str) -> tuple[str, str]:
    """First and newest day of data that has ended; empty where it grows."""
    if format != "own":
        with contextlib.suppress(DaysUnknown):
            span = days(format, path)
            return ("", "") if span.grows else (span.first, span.newest)
    return "", ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python3 -m infra.compose", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="the folder of the data, or the TOML file of your own; without it MovieLens 100K",
    )
    parser.add_argument("--format", help=f"the layout, one of {', '.join(FORMATS)}")
    parser.add_argument("--dataset", help="its name; without it that of the folder or file")
    parser.add_argument("--file", type=Path, default=ROOT / ".env", help="the file to write")
    given = parser.parse_args(arguments)
    kept = dict(env_file(given.file).values) if given.file.is_file() else {}
    named = {name: kept[name] for name in DATA if name in kept}
    data_settings = (
        named
        if len(named) == len(DATA) and given.data is None
        else data(given.data or movielens_100k(), given.format, given.dataset)
    )
    making = given.file.with_name(f"{given.file.name}.{os.getpid()}")
    write_private(
        making,
        "".join(
            f"{name}={value}\n" for name, value in sorted(variables(kept, data_settings).items())
        ),
        new=True,
    )
    making.replace(given.file)
    print(
        f"compose: {given.file} is written, for your eyes only; the pages' user is admin, its "
        f"password ADMIN_PASSWORD there",
        file=sys.stderr,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
